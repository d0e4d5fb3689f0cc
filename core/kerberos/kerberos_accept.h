/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies one AP-REQ. The order of the checks is: framing, service name, ticket, channel binding
 * and service, anonymity, replay. */
#ifndef KERBEROS_ACCEPT_H
#define KERBEROS_ACCEPT_H

#include <gssapi/gssapi.h>

#include "kerberos_credential.h"
#include "package.h"

/* The problem of a login without a PAC, or with one that the KDC did not sign for this login. */
#define KERBEROS_NO_SIGNED_PAC "the ticket has no PAC that its KDC signed for this service"

/* Checks in->token. SEC_E_OK sets *ret_gss, which the caller deletes, and fills *info. If the
 * ticket's PAC is signed, it sets *ret_client, which the caller releases, and with which MIT keeps
 * the PAC. Otherwise it sets info->logon_problem. It puts the AP-REP into out->tokens[0] if the
 * client asked for one. The caller zero-initialises *info. On every status it
 * clears *info by package_info_clear(), after kerberos_delegation_free() for info->ccache. On
 * another status out->error_info says why. tokens[0] then holds a KRB-ERROR if MIT made one and
 * ASC_REQ_EXTENDED_ERROR asks for it. Never waits for the network, but may use the file of MIT's
 * replay cache. Any number of threads may call this with one credential. */
SECURITY_STATUS kerberos_accept_run(struct kerberos_credential *credential,
                                    const struct package_input *in, struct package_output *out,
                                    gss_ctx_id_t *ret_gss, gss_name_t *ret_client,
                                    struct package_info *info) MUST_USE;

#endif
