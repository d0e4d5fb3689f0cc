/* SPDX-License-Identifier: Apache-2.0 */
/* Basic (RFC 7617): the order of the checks, from the header to the identity. */
#ifndef REQUEST_BASIC_H
#define REQUEST_BASIC_H

#include "request_exchange.h"

/* True if the client sent a password over a connection without TLS to a location that offers Basic
 * only over TLS. The caller refuses the request before anything reads the password. */
bool request_basic_is_exposed(const struct sspi_exchange *exchange,
                              const struct sspi_policy *policy, uint8_t scheme);

/* Verifies name and password. `text` is what stands behind the scheme. Returns the reason for which
 * the evaluation ends. NONE: exchange->need says what the server has to do first. */
enum sspi_reason request_basic_evaluate(struct sspi_exchange *exchange,
                                        const struct sspi_policy *policy,
                                        struct sspi_view text) MUST_USE;

#endif
