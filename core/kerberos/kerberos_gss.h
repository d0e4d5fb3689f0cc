/* SPDX-License-Identifier: Apache-2.0 */
/* Between GSSAPI and this library: buffers, and from GSSAPI's status codes to a status, a reason
 * and one line for the administrator. */
#ifndef KERBEROS_GSS_H
#define KERBEROS_GSS_H

#include <gssapi/gssapi.h>

#include "kerberos_ap_req.h"
#include "kerberos_keytab.h"
#include "error_info.h"

/* A view as an input of GSSAPI, which has no const. GSSAPI does not write to its inputs. */
gss_buffer_desc kerberos_gss_buffer(struct sspi_view view);

/* Why gss_accept_sec_context() refused the token that `view` shows; `keytab` holds the keys it was
 * tried with. Never SEC_E_OK. Must run in the thread that made the GSS call. */
SECURITY_STATUS kerberos_gss_accept_status(OM_uint32 major, OM_uint32 minor,
                                           const struct kerberos_ap_req *view,
                                           struct sspi_keytab *keytab,
                                           struct sspi_error_info *error_info) MUST_USE;

/* For gss_get_mic() and gss_verify_mic(): SEC_E_OK on GSS_S_COMPLETE alone. */
SECURITY_STATUS kerberos_gss_mic_status(OM_uint32 major) MUST_USE;

/* For the other calls on an established context, where nothing of the peer's is read: SEC_E_OK on
 * GSS_S_COMPLETE alone. */
SECURITY_STATUS kerberos_gss_message_status(OM_uint32 major, OM_uint32 minor) MUST_USE;

/* For gss_verify_mic_iov() and gss_unwrap_iov(). SEC_E_OK on GSS_S_COMPLETE alone;
 * SEC_E_OUT_OF_SEQUENCE: right, but not the one that is due; SEC_E_MESSAGE_ALTERED: whatever is
 * wrong with it else. */
SECURITY_STATUS kerberos_gss_peer_status(OM_uint32 major, OM_uint32 minor) MUST_USE;

/* For the credential: "no credential: <what GSSAPI says>". Never SEC_E_OK. */
SECURITY_STATUS kerberos_gss_acquire_status(OM_uint32 major, OM_uint32 minor,
                                            struct sspi_error_info *error_info) MUST_USE;

#endif
