/* SPDX-License-Identifier: Apache-2.0 */
/* The schemes Negotiate and NTLM: tokens of several legs, and logins that wait for a domain
 * controller. */
#ifndef REQUEST_NEGOTIATE_H
#define REQUEST_NEGOTIATE_H

#include "request_exchange.h"

/* Evaluates a token of Negotiate or NTLM (`package`) in base64. SSPI_REASON_GRANTED: verified, the
 * exchange has the identity. SSPI_REASON_NONE: exchange->need says what is missing; when the caller
 * has it, it evaluates again. Otherwise the credentials are refused, which is logged, or the
 * exchange continues with another leg. */
enum sspi_reason request_negotiate_evaluate(struct sspi_exchange *exchange,
                                            const struct sspi_policy *policy, uint8_t scheme,
                                            struct sspi_view token);

#endif
