/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: header lines and variables of a verdict. Each sets the verdict of the exchange's result.
 */
#ifndef REQUEST_ANSWER_H
#define REQUEST_ANSWER_H

#include "request_exchange.h"

/* 401: one challenge line for each scheme and Digest algorithm, in the policy's order. SSPI_ERROR,
 * with a record, when they cannot be made. */
void request_answer_challenge(struct sspi_exchange *exchange, const struct sspi_policy *policy);

/* 401 with the next token of the exchange of Negotiate or NTLM, and no other challenge: it would
 * make clients begin anew. */
void request_answer_continue(struct sspi_exchange *exchange);

/* Granted: the variables, and the answer token when there is one, and what the connection keeps. */
void request_answer_granted(struct sspi_exchange *exchange);

#endif
