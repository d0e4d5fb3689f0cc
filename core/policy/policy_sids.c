/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_sids.h"

#include <string.h>

static bool offers_ticket(const struct sspi_policy *policy)
{
    return policy->groups.offers[SSPI_GROUPS_TICKET] ||
           policy->groups.offers[SSPI_GROUPS_TICKET_UNFILTERED];
}

static bool is_filtered(const struct sspi_policy *policy, const struct policy_identity *identity)
{
    return identity->is_foreign && !policy->groups.offers[SSPI_GROUPS_TICKET_UNFILTERED];
}

static struct sspi_view groups_of(const struct policy_identity *identity)
{
    return (struct sspi_view){identity->groups, identity->groups_len};
}

enum policy_met policy_sids_has(const struct sspi_policy *policy,
                                const struct policy_identity *identity, const struct sid *sid)
{
    const struct sid *own = &identity->user_sid;
    if (sid->n_sub == 0 || !offers_ticket(policy) || is_filtered(policy, identity))
        return POLICY_MISSED;
    if (own->n_sub > 0 && sid_compare(own, sid) == 0)
        return POLICY_MET;
    if (sid_list_contains(groups_of(identity), sid))
        return POLICY_MET;
    return identity->groups_incomplete ? POLICY_UNKNOWN : POLICY_MISSED;
}

bool policy_sids_are_complete(const struct sspi_policy *policy,
                              const struct policy_identity *identity)
{
    return identity->user_sid.n_sub > 0 && offers_ticket(policy) &&
           !is_filtered(policy, identity) && !identity->groups_incomplete;
}

/* MS-DTYP 2.4.2.4: S-1-5-21-a-b-c-r is the only form in which a domain names its accounts. */
static bool is_of_domain(const struct sid *sid)
{
    static const struct sid any = {5, {0, 0, 0, 0, 0, 5}, {21}};
    return sid->n_sub == any.n_sub && sid->sub[0] == any.sub[0] &&
           memcmp(sid->authority, any.authority, sizeof(any.authority)) == 0;
}

bool policy_sids_shows(const struct sspi_policy *policy, const struct policy_identity *identity,
                       const struct sid *sid, policy_sids_is_own *is_own, void *self)
{
    if (sid->n_sub == 0)
        return false;
    return !is_filtered(policy, identity) || (is_of_domain(sid) && !is_own(self, sid));
}

struct sid_list_at policy_sids_begin(const struct sspi_policy *policy,
                                     const struct policy_identity *identity)
{
    const struct sspi_view none = {NULL, 0};
    return (struct sid_list_at){.rest = offers_ticket(policy) ? groups_of(identity) : none};
}
