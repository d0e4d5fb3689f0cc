/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of the user's account on this machine (SSPIGroups local). A job looks them up through
 * NSS for each request, once, so that a removed member loses them at once. Only users of Kerberos
 * whom auth_to_local maps, and users of NTLM's own domain, have an account. */
#ifndef REQUEST_LOCAL_GROUPS_H
#define REQUEST_LOCAL_GROUPS_H

#include "request_exchange.h"

/* Called when the identity is verified and `policy` accepts it. SSPI_REASON_GRANTED: the groups are
 * known, the user has no account, or `policy` does not ask for them. SSPI_REASON_NONE: the server
 * must run exchange->local_groups and step again. SSPI_REASON_LOCAL_GROUPS: they could not be read,
 * and a log entry says why; an account that does not exist is no such failure. */
enum sspi_reason request_local_groups_find(struct sspi_exchange *exchange,
                                           const struct sspi_policy *policy) MUST_USE;

/* True if the user's account is in the group of this name, compared exactly. False if the groups
 * are not known. A binary search. */
bool request_local_groups_has(const struct sspi_exchange *exchange, struct sspi_view name) MUST_USE;

/* Calls `visit` for the name of each group, once each. */
void request_local_groups_visit(const struct sspi_exchange *exchange,
                                void (*visit)(void *self, struct sspi_view name), void *self);

#endif
