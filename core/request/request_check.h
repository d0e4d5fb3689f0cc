/* SPDX-License-Identifier: Apache-2.0 */
/* The policy check with what the request knows: which sources the acceptor has, the login of the
 * connection, and the TLS channel. Also the check of its requirements. */
#ifndef REQUEST_CHECK_H
#define REQUEST_CHECK_H

#include "request_exchange.h"

/* Returns the source that `policy` uses for logins by this mechanism (SSPI_MECH_NONE: Digest).
 * NULL: it is not open, or the server looks users up. */
const struct acceptor_source *request_check_source(const struct sspi_exchange *exchange,
                                                   const struct sspi_policy *policy, uint8_t mech);

/* True if `policy` accepts the identity of the exchange. It then sets exchange->bound. Otherwise
 * *ret_why (static) says what the policy demands. */
bool request_check_accepts(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           const char **ret_why) MUST_USE;

/* Checks the lines of sspi_require for the identity, which `policy` accepts. Returns
 * SSPI_REASON_NONE, or the reason for which the request ends, which is logged. */
enum sspi_reason request_check_require(struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy) MUST_USE;

#endif
