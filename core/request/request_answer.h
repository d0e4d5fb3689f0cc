/* SPDX-License-Identifier: Apache-2.0 */
/* Header lines and variables of the result. False: they cannot be made, and a log entry says why;
 * the answer is then 500 without any of them. */
#ifndef REQUEST_ANSWER_H
#define REQUEST_ANSWER_H

#include "request_exchange.h"

/* 401: one challenge line for each scheme and Digest algorithm, in the policy's order. */
bool request_answer_challenge(struct sspi_exchange *exchange,
                              const struct sspi_policy *policy) MUST_USE;

/* 429: Retry-After (RFC 6585 section 4, RFC 9110 10.2.3). */
bool request_answer_limited(struct sspi_exchange *exchange) MUST_USE;

/* 401 with the next token of the exchange of Negotiate or NTLM. It has no other challenge, because
 * that would make clients begin a new exchange. */
bool request_answer_continue(struct sspi_exchange *exchange) MUST_USE;

/* Sets SSPI_VARIABLE_ERROR to the begin of the log entry of a refusal, if the step ends for one. A
 * challenge to a request without credentials, and the next token of an exchange, are not refusals.
 */
void request_answer_set_error(struct sspi_exchange *exchange, enum sspi_reason reason);

/* The answer to a request for a logout, which no cache stores. 405 says which method is allowed.
 * `location`: the target of 303; absent for another status. */
bool request_answer_logged_out(struct sspi_exchange *exchange, unsigned status,
                               struct sspi_view location) MUST_USE;

/* 0 without a user: only the line that removes the cookie of a session, if there is one. */
bool request_answer_admitted(struct sspi_exchange *exchange) MUST_USE;

/* 0: the user's variables, the answer token if there is one, and the log entry of a new login. */
bool request_answer_granted(struct sspi_exchange *exchange,
                            const struct sspi_policy *policy) MUST_USE;

#endif
