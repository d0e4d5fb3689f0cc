/* SPDX-License-Identifier: Apache-2.0 */
/* The scheme Digest: challenges, and credentials that need the body or the hash of the user. */
#ifndef REQUEST_DIGEST_H
#define REQUEST_DIGEST_H

#include "request_exchange.h"

/* Evaluates Digest's directives, with the reasons of request_negotiate_evaluate(). */
enum sspi_reason request_digest_evaluate(struct sspi_exchange *exchange,
                                         const struct sspi_policy *policy,
                                         struct sspi_view directives);

/* Appends Digest's challenges for this policy and realm to `challenges`: one for each algorithm,
 * without the name of the scheme. False: an error of the server, which is logged. */
bool request_digest_challenge(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                              struct bytes challenges[PACKAGE_CHALLENGES_LIMIT],
                              size_t *ret_n) MUST_USE;

#endif
