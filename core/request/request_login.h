/* SPDX-License-Identifier: Apache-2.0 */
/* Logins that stay on their connection: its next requests need no credentials. What is kept is the
 * proof, which the policy of each request judges. */
#ifndef REQUEST_LOGIN_H
#define REQUEST_LOGIN_H

#include "request_exchange.h"

/* True when something may be kept on the client's connection, or used that was: HTTP/1.x, and no
 * proxy in between. */
bool request_login_has_connection(const struct sspi_exchange *exchange,
                                  const struct sspi_policy *policy);

/* True when an exchange of several legs can be offered: there, or where the server can make the
 * client come back with HTTP/1.1. */
bool request_login_has_legs(const struct sspi_exchange *exchange, const struct sspi_policy *policy);

/* True when `policy` lets the exchange's proof, which the connection kept, count here. */
bool request_login_may_stay(const struct sspi_policy *policy,
                            const struct acceptor_identity *identity);

/* Keeps the proof on the connection where `policy` says so, and notes it in the exchange. */
void request_login_keep(struct sspi_exchange *exchange, const struct sspi_policy *policy);

/* Makes the connection's login the identity of the exchange. The caller then checks whether
 * `policy` accepts it. The login ends here, with a log entry that says why, if its ticket has
 * expired, if the policy's lifetime has passed, or if its line of the user file was removed or
 * changed. False: there is no login; *ret_why (static) says what the policy demands of a login that
 * exists, otherwise it is NULL. */
bool request_login_take(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        const char **ret_why) MUST_USE;

/* Takes that identity from the exchange again: `policy` does not accept it. The connection keeps
 * the login. */
void request_login_give_back(struct sspi_exchange *exchange);

/* True if the connection's login is older than the policy's lifetime. The connection must have one.
 */
bool request_login_is_too_old(const struct sspi_exchange *exchange,
                              const struct sspi_policy *policy);

/* True if the file `users` verified the connection's login. The caller must then check that file
 * for changes. `users` may be NULL. */
bool request_login_is_by(const struct sspi_exchange *exchange, const struct acceptor_source *users);

/* Ends it: new credentials came. */
void request_login_end(struct sspi_exchange *exchange);

#endif
