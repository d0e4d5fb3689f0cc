/* SPDX-License-Identifier: Apache-2.0 */
/* The named groups of the verified user: those of the group file, and this machine's groups of the
 * user's account, as SSPIGroups lists these sources. Groups of the directory are SIDs, and are not
 * among them. A name here has no domain, so it never means a group of the directory. */
#ifndef REQUEST_GROUPS_H
#define REQUEST_GROUPS_H

#include "request_exchange.h"

/* True if the user is in the group `name`, by a source that `policy` lists. A name of the group
 * file is compared without case, as httpd compares it; a name of this machine is compared exactly.
 * Allocates nothing and does not block. */
bool request_groups_has(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        struct sspi_view name) MUST_USE;

/* True if `policy` lists a source of such groups, and the user was searched there. The step has
 * then looked the local groups up, or has refused the request. */
bool request_groups_are_known(const struct sspi_exchange *exchange,
                              const struct sspi_policy *policy) MUST_USE;

/* Calls `visit` for the name of each group of the user, as in request_groups_has(). No name comes
 * twice. The view is valid until `visit` returns. Does not block. */
void request_groups_visit(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                          void (*visit)(void *self, struct sspi_view name), void *self);

#endif
