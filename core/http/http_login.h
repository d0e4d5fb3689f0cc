/* SPDX-License-Identifier: Apache-2.0 */
/* Logins that stay on their connection: its next requests need no credentials. What is kept is the
 * proof, which the policy of each request judges. */
#ifndef HTTP_LOGIN_H
#define HTTP_LOGIN_H

#include "http_exchange.h"

/* True when something may be kept on the client's connection, or used that was: HTTP/1.x, and no
 * proxy in between. */
bool http_login_has_connection(const struct sspi_exchange *exchange,
                               const struct sspi_policy *policy);

/* True when an exchange of several legs can be offered: there, or where the server can make the
 * client come back with HTTP/1.1. */
bool http_login_has_legs(const struct sspi_exchange *exchange, const struct sspi_policy *policy);

/* True when `policy` lets the exchange's proof, which the connection kept, count here. */
bool http_login_may_stay(const struct sspi_policy *policy, const struct http_proof *proof);

/* Keeps the proof on the connection where `policy` says so, and notes it in the exchange. */
void http_login_keep(struct sspi_exchange *exchange, const struct sspi_policy *policy);

/* Makes the connection's login the exchange's proof when it is one that `policy` accepts. It ends
 * here, with a record that says why, when its ticket or the policy's lifetime is over, or when its
 * line of the user file is gone or another. False: there is none such; *ret_why (static) says what
 * is wrong with one that is there, else it is NULL.
 */
bool http_login_use(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                    const char **ret_why);

/* True when the connection's login, which there must be, has outlived the policy's lifetime. */
bool http_login_is_too_old(const struct sspi_exchange *exchange, const struct sspi_policy *policy);

/* True when the connection's login is by the file `users`, which may be NULL: it has to know when
 * that changes. */
bool http_login_is_by(const struct sspi_exchange *exchange, const struct http_resource *users);

/* Ends it: new credentials came. */
void http_login_end(struct sspi_exchange *exchange);

#endif
