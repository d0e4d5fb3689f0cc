/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of the verified user from all sources: whether the user is in a group that a
 * requirement names, and the variables that list the groups. */
#ifndef REQUEST_MEMBERSHIP_H
#define REQUEST_MEMBERSHIP_H

#include "policy_check.h"
#include "request_exchange.h"

/* Octets of a variable. With its name it fits into a variable of a program's environment (Linux:
 * 128 KiB). 2048 SIDs of domains fit. */
#define REQUEST_MEMBERSHIP_LIMIT 131000u

/* Whether the user is in the group `word` (policy_require.h), by the sources that `policy` lists.
 * POLICY_UNKNOWN: the session's cookie had no room for all groups. Does not block. */
enum policy_met request_membership_has(const struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy,
                                       struct sspi_view word) MUST_USE;

/* True if a user who is not known as a member of `word` is surely no member. Otherwise the
 * directory has said too little about the user, or `policy` lists no source with such groups. */
bool request_membership_is_ruled_out(const struct sspi_exchange *exchange,
                                     const struct sspi_policy *policy,
                                     struct sspi_view word) MUST_USE;

/* True if applications may see this SID of the user. */
bool request_membership_shows(const struct sspi_exchange *exchange,
                              const struct sspi_policy *policy, const struct sid *sid) MUST_USE;

/* Appends the user's groups, separated by commas. to->failed: no memory, or they have more than
 * to->limit octets. `names`: the names of the group file and of this machine, then for each group
 * of the directory its name in the configuration, or its SID. Otherwise only the SIDs of the
 * directory. */
void request_membership_append(const struct sspi_exchange *exchange,
                               const struct sspi_policy *policy, bool names, struct bytes *to);

#endif
