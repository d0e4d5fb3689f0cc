/* SPDX-License-Identifier: Apache-2.0 */
/* Checks whether a proof satisfies a policy. */
#ifndef HTTP_JUDGE_H
#define HTTP_JUDGE_H

#include "http_exchange.h"

/* True when the proof covers everything `policy` demands of credentials. Otherwise *ret_why
 * (static) says what differs. */
bool http_judge_covers(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                       const char **ret_why) MUST_USE;

/* True when each of the policy's `require` lines is met: a user of it, or a bound client. */
bool http_judge_allows(const struct sspi_exchange *exchange,
                       const struct sspi_policy *policy) MUST_USE;

/* True when `name` is the full form of the proven user: alice@REALM, DOMAIN\alice (without case, as
 * Windows has it), digest:alice. */
bool http_judge_user_is(const struct http_proof *proof, struct sspi_view name) MUST_USE;

#endif
