/* SPDX-License-Identifier: Apache-2.0 */
/* One AP-REQ from its bytes to a client that is let in, or a reason why not: framing, service name,
 * ticket, channel binding, anonymity, replay, in this order. */
#ifndef KERBEROS_ACCEPT_H
#define KERBEROS_ACCEPT_H

#include <gssapi/gssapi.h>

#include "kerberos_credential.h"
#include "package.h"

/* Checks in->token. SEC_E_OK sets *ret_gss, which the caller deletes, fills *info, whose strings
 * the caller frees on every status (zero-initialise it), and puts the AP-REP, when the client asked
 * for one, into out->tokens[0]. On another status out->report says why, and tokens[0] holds a
 * KRB-ERROR when there is one and ASC_REQ_EXTENDED_ERROR asks for it. Never waits for the network;
 * may use MIT's replay cache file. Any number of threads with one credential. */
SECURITY_STATUS kerberos_accept_run(struct kerberos_credential *credential,
                                    const struct package_input *in, struct package_output *out,
                                    gss_ctx_id_t *ret_gss, struct package_info *info) MUST_USE;

#endif
