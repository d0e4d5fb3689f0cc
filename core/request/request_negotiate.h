/* SPDX-License-Identifier: Apache-2.0 */
/* The schemes Negotiate and NTLM: tokens of several legs, and logins that wait for a domain
 * controller. */
#ifndef REQUEST_NEGOTIATE_H
#define REQUEST_NEGOTIATE_H

#include "request_exchange.h"

/* Evaluates `token` in base64, which the client sent with `scheme` (SSPI_SCHEME_NEGOTIATE or
 * SSPI_SCHEME_NTLM). If a leg of this request waits, takes its result instead.
 * SSPI_REASON_GRANTED: the token is verified, and the exchange has the identity.
 * SSPI_REASON_NONE: exchange->need says what is missing. The caller calls again when it is served.
 * SSPI_REASON_CONTINUED, SSPI_REASON_DOWNGRADED: the client must send another leg.
 * Any other reason: the credentials are refused, and a log entry says why. */
enum sspi_reason request_negotiate_evaluate(struct sspi_exchange *exchange,
                                            const struct sspi_policy *policy, uint8_t scheme,
                                            struct sspi_view token);

#endif
