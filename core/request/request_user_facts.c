/* SPDX-License-Identifier: Apache-2.0 */
#include "request_user_facts.h"

#include "request_membership.h"

bool sspi_exchange_is_bound(const struct sspi_exchange *exchange)
{
    return exchange->result.has_user && exchange->bound == PACKAGE_BOUND_MATCHED;
}

bool sspi_exchange_user_is(const struct sspi_exchange *exchange, struct sspi_view name)
{
    return exchange->result.has_user && policy_identity_is(&exchange->identity, name);
}

struct sspi_view sspi_exchange_full_name(struct sspi_exchange *exchange)
{
    const struct sspi_view absent = {NULL, 0};
    bytes_free(&exchange->full_name);
    return exchange->result.has_user
               ? policy_identity_write_name(&exchange->identity, &exchange->full_name)
               : absent;
}

bool sspi_exchange_realm_is(const struct sspi_exchange *exchange, struct sspi_view realm)
{
    return exchange->result.has_user && policy_identity_realm_is(&exchange->identity, realm);
}

enum sspi_membership sspi_exchange_in_group(struct sspi_exchange *exchange,
                                            const struct sspi_policy *policy,
                                            struct sspi_view group)
{
    if (!exchange->result.has_user)
        return SSPI_MEMBERSHIP_NO;
    switch (request_membership_has(exchange, policy, group)) {
    case POLICY_MET:
        exchange->group_unknown = false;
        return SSPI_MEMBERSHIP_YES;
    case POLICY_UNKNOWN:
        exchange->group_unknown = true;
        return SSPI_MEMBERSHIP_UNKNOWN;
    case POLICY_MISSED:
        break;
    }
    return request_membership_is_ruled_out(exchange, policy, group) ? SSPI_MEMBERSHIP_NO
                                                                    : SSPI_MEMBERSHIP_UNSURE;
}

struct sspi_view sspi_exchange_group_variable(struct sspi_exchange *exchange,
                                              const struct sspi_policy *policy,
                                              enum sspi_variable variable)
{
    const struct sspi_view absent = {NULL, 0};
    bool names = variable == SSPI_VARIABLE_GROUPS;
    struct bytes *to = &exchange->group_text[names];
    bytes_free(to);
    to->limit = REQUEST_MEMBERSHIP_LIMIT;
    if (exchange->reason == SSPI_REASON_GRANTED)
        request_membership_append(exchange, policy, names, to);
    if (to->len == 0)
        return absent;
    bytes_append_char(to, '\0');
    return to->failed ? absent : (struct sspi_view){to->data, to->len - 1};
}
