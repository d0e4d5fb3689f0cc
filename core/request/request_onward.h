/* SPDX-License-Identifier: Apache-2.0 */
/* Logs the user in at the upstream (PROXY_NEGOTIATE): the value of Authorization for the proxied
 * request, made with the user's delegated tickets. The upstream takes a token only once, so each
 * step makes a new one, in a job. Also sspi_exchange_note_upstream() of sspi_http.h. */
#ifndef REQUEST_ONWARD_H
#define REQUEST_ONWARD_H

#include "request_exchange.h"

/* Called when request_delegation_find() has decided. SSPI_REASON_NONE: exchange->onward.job must
 * run. GRANTED: the exchange has the value, or goes on without it; a log entry says why. Otherwise:
 * why the request ends. */
enum sspi_reason request_onward_find(struct sspi_exchange *exchange,
                                     const struct sspi_policy *policy) MUST_USE;

#endif
