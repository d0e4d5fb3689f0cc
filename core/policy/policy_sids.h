/* SPDX-License-Identifier: Apache-2.0 */
/* Which SIDs of an identity count under a policy. Pure.
 *
 * The KDC of a foreign realm writes the SIDs of its users, and can write any SID. Without
 * `ticket-unfiltered` a user of a foreign realm therefore meets no SID that a requirement names,
 * and applications see only the SIDs of domains that are not ours. */
#ifndef POLICY_SIDS_H
#define POLICY_SIDS_H

#include "policy_check.h"
#include "sid_list.h"

/* True if `sid` is in a domain of ours. */
typedef bool policy_sids_is_own(void *self, const struct sid *sid);

/* Whether the user's own SID, or that of a group, is `sid`. As IIS compares all SIDs of a token,
 * the user's own SID counts like that of a group. */
enum policy_met policy_sids_has(const struct sspi_policy *policy,
                                const struct policy_identity *identity,
                                const struct sid *sid) MUST_USE;

/* True if the directory has named the user's groups, and all of them count under `policy`. The
 * directory always names the user's own SID with them. A client can ask its KDC for a ticket
 * without them (MS-KILE, KERB-PA-PAC-REQUEST). */
bool policy_sids_are_complete(const struct sspi_policy *policy,
                              const struct policy_identity *identity) MUST_USE;

/* True if an application may see this SID of the identity. Of a foreign realm only S-1-5-21-a-b-c-r
 * is shown, because all other SIDs mean the same in every domain. */
bool policy_sids_shows(const struct sspi_policy *policy, const struct policy_identity *identity,
                       const struct sid *sid, policy_sids_is_own *is_own, void *self) MUST_USE;

/* Begins at the first group, if the policy asks for the directory's groups. */
struct sid_list_at policy_sids_begin(const struct sspi_policy *policy,
                                     const struct policy_identity *identity);

#endif
