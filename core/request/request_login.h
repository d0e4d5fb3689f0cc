/* SPDX-License-Identifier: Apache-2.0 */
/* Persistent logins: the next requests of their connection need no credentials. The connection
 * keeps the identity, and the policy of each request checks it. */
#ifndef REQUEST_LOGIN_H
#define REQUEST_LOGIN_H

#include "request_exchange.h"

/* True if the client's connection can keep a login or an unfinished exchange: HTTP/1.x, and no
 * proxy in between. */
bool request_login_has_connection(const struct sspi_exchange *exchange,
                                  const struct sspi_policy *policy);

/* True if an exchange of several legs can be offered: on such a connection, or if the server can
 * make the client use HTTP/1.1. */
bool request_login_has_legs(const struct sspi_exchange *exchange, const struct sspi_policy *policy);

/* Returns "HTTP/2" or "HTTP/3", for a request whose connection cannot have several legs. */
const char *request_login_protocol(const struct sspi_exchange *exchange);

/* Makes the identity of the exchange the login of its connection, if `policy` allows that. */
void request_login_keep(struct sspi_exchange *exchange, const struct sspi_policy *policy);

/* Makes the connection's login the identity of the exchange. The caller then checks whether
 * `policy` accepts it. The login ends here if its ticket has expired, or if the policy's lifetime
 * has passed. It also ends if its line of the user file was removed or changed. A log entry says
 * why. False: there is no login to use. If a login exists, *ret_why (static) says what the policy
 * demands of it. Otherwise *ret_why is NULL. */
bool request_login_take(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        const char **ret_why) MUST_USE;

/* Takes that identity from the exchange again: `policy` does not accept it. The connection keeps
 * the login. */
void request_login_give_back(struct sspi_exchange *exchange);

/* Returns the age of the connection's login. The connection must have one. */
uint64_t request_login_age_ms(const struct sspi_exchange *exchange);

/* True if the file `users` verified the connection's login. The caller must then check that file
 * for changes. `users` may be NULL. */
bool request_login_is_by(const struct sspi_exchange *exchange, const struct acceptor_source *users);

/* Remembers whether the login of Negotiate or NTLM that the request sent has failed, for this
 * request and for the later ones of its connection. */
void request_login_note_negotiate(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                                  bool has_failed);

/* True if such a login has failed in this request, or was the last one of its connection and
 * failed. */
bool request_login_has_failed(const struct sspi_exchange *exchange,
                              const struct sspi_policy *policy);

/* Ends the connection's login: the client sent new credentials. */
void request_login_end(struct sspi_exchange *exchange);

#endif
