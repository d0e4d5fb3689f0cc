/* SPDX-License-Identifier: Apache-2.0 */
/* The evaluation of the credentials in the Authorization header. It takes place once for each
 * request. It takes several steps if it needs the body, the hash of the user, a file that is read
 * again, or a login that waits. Also sspi_exchange_hides_authorization() of sspi_http.h. */
#ifndef REQUEST_EVALUATE_H
#define REQUEST_EVALUATE_H

#include "request_exchange.h"

/* Evaluates the credentials, or continues, until exchange->reason is set or exchange->need says
 * what the server has to do first. `policy` offers their scheme. */
void request_evaluate(struct sspi_exchange *exchange, const struct sspi_policy *policy);

/* Returns the scheme of a well-formed header (SSPI_SCHEME_*). SSPI_SCHEME_NONE: another scheme, or
 * no such header. */
uint8_t request_evaluate_scheme(const struct sspi_exchange *exchange) MUST_USE;

/* True if the header is well-formed, but this location does not offer its scheme. */
bool request_evaluate_has_foreign_scheme(const struct sspi_exchange *exchange,
                                         const struct sspi_policy *policy,
                                         struct sspi_view *ret_scheme);

#endif
