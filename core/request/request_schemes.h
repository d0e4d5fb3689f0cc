/* SPDX-License-Identifier: Apache-2.0 */
/* The schemes: how each evaluates what follows its name, and what it challenges with. */
#ifndef REQUEST_SCHEMES_H
#define REQUEST_SCHEMES_H

#include "request_exchange.h"

/* Evaluates a token of Negotiate or NTLM (`package`) in base64. SSPI_REASON_GRANTED: verified, the
 * exchange has the identity. SSPI_REASON_NONE: exchange->need says what is missing; when the caller
 * has it, it evaluates again. Otherwise the credentials are refused, which is logged, or the
 * exchange continues with another leg. */
enum sspi_reason request_negotiate_evaluate(struct sspi_exchange *exchange,
                                            const struct sspi_policy *policy, uint8_t package,
                                            struct sspi_view token);

/* Evaluates Digest's directives in the same way. */
enum sspi_reason request_digest_evaluate(struct sspi_exchange *exchange,
                                         const struct sspi_policy *policy,
                                         struct sspi_view directives);

/* Digest's challenges for this policy and realm (one an algorithm, without the scheme's name),
 * appended to `challenges`. False: our own fault, a record says which. */
bool request_digest_challenge(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                              struct bytes challenges[PACKAGE_CHALLENGES_LIMIT],
                              size_t *ret_n) MUST_USE;

/* True when the proven user's name could be mistaken for another scheme's that `policy` offers,
 * too: alice@REALM and DOMAIN\alice are Kerberos' and NTLM's, and names of different schemes must
 * never meet. */
bool request_digest_is_ambiguous(const struct sspi_exchange *exchange,
                                 const struct sspi_policy *policy);

/* True when `policy` would take the Digest algorithm named `mechanism` for this realm's users. */
bool request_digest_takes(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                          const char *mechanism);

#endif
