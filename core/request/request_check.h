/* SPDX-License-Identifier: Apache-2.0 */
/* Checks whether a proof satisfies a policy. */
#ifndef REQUEST_CHECK_H
#define REQUEST_CHECK_H

#include "request_exchange.h"

/* True when the proof covers everything `policy` demands of credentials. Otherwise *ret_why
 * (static) says what differs. */
bool request_check_accepts(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           const char **ret_why) MUST_USE;

/* True when each of the policy's `require` lines is met: a user of it, or a bound client. */
bool request_check_require(const struct sspi_exchange *exchange,
                           const struct sspi_policy *policy) MUST_USE;

/* True when `name` is the full form of the proven user: alice@REALM, DOMAIN\alice (without case, as
 * Windows has it), digest:alice. */
bool request_check_user_is(const struct acceptor_identity *identity,
                           struct sspi_view name) MUST_USE;

#endif
