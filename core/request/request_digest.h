/* SPDX-License-Identifier: Apache-2.0 */
/* The scheme Digest: challenges, and credentials that need the body or the hash of the user. */
#ifndef REQUEST_DIGEST_H
#define REQUEST_DIGEST_H

#include "request_exchange.h"

/* Evaluates Digest's directives as request_negotiate_evaluate() does a token. */
enum sspi_reason request_digest_evaluate(struct sspi_exchange *exchange,
                                         const struct sspi_policy *policy,
                                         struct sspi_view directives);

/* Digest's challenges for this policy and realm (one an algorithm, without the scheme's name),
 * appended to `challenges`. False: our own fault, a record says which. */
bool request_digest_challenge(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                              struct bytes challenges[PACKAGE_CHALLENGES_LIMIT],
                              size_t *ret_n) MUST_USE;

#endif
