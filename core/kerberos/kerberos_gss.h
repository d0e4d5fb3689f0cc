/* SPDX-License-Identifier: Apache-2.0 */
/* Translates between GSSAPI and this library: views to buffers, and GSSAPI's status codes to a
 * status, a reason and a line for the administrator. */
#ifndef KERBEROS_GSS_H
#define KERBEROS_GSS_H

#include <gssapi/gssapi.h>

#include "kerberos_ap_req.h"
#include "kerberos_keytab.h"
#include "error_info.h"

/* A view as an input of GSSAPI, whose buffers have no const. GSSAPI does not write to its
 * inputs. */
gss_buffer_desc kerberos_gss_buffer(struct sspi_view view);

/* Explains why gss_accept_sec_context() refused the token that `view` describes. `keytab` holds the
 * keys that MIT used. Never SEC_E_OK. Must run in the thread that made the GSS call. */
SECURITY_STATUS kerberos_gss_accept_status(OM_uint32 major, OM_uint32 minor,
                                           const struct kerberos_ap_req *view,
                                           struct sspi_keytab *keytab,
                                           struct sspi_error_info *error_info) MUST_USE;

/* For gss_get_mic() and gss_verify_mic(). SEC_E_OK only for GSS_S_COMPLETE. */
SECURITY_STATUS kerberos_gss_mic_status(OM_uint32 major) MUST_USE;

/* For the other calls on an established context that read no octet of the peer. SEC_E_OK only for
 * GSS_S_COMPLETE. */
SECURITY_STATUS kerberos_gss_message_status(OM_uint32 major, OM_uint32 minor) MUST_USE;

/* For gss_verify_mic_iov() and gss_unwrap_iov(). SEC_E_OK only for GSS_S_COMPLETE.
 * SEC_E_OUT_OF_SEQUENCE: the message is right, but another one is expected now.
 * SEC_E_MESSAGE_ALTERED: every other error that the message causes. */
SECURITY_STATUS kerberos_gss_peer_status(OM_uint32 major, OM_uint32 minor) MUST_USE;

/* For the credential. Writes "no Kerberos credential: <the text of GSSAPI>". Never SEC_E_OK. */
SECURITY_STATUS kerberos_gss_acquire_status(OM_uint32 major, OM_uint32 minor,
                                            struct sspi_error_info *error_info) MUST_USE;

/* For the initiator. Writes "Kerberos made no token: <the text of GSSAPI>". Never SEC_E_OK. */
SECURITY_STATUS kerberos_gss_initiate_status(OM_uint32 major, OM_uint32 minor,
                                             struct sspi_error_info *error_info) MUST_USE;

#endif
