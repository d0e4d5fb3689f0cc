/* SPDX-License-Identifier: Apache-2.0 */
/* The state of one client connection of HTTP/1.x: an unfinished exchange of Negotiate or NTLM, a
 * login, and whether such a login failed. Also the last good cookie of a session. */
#ifndef REQUEST_CONNECTION_H
#define REQUEST_CONNECTION_H

#include "acceptor.h"
#include "policy_identity.h"
#include "acceptor_ccache.h"
#include "acceptor_user_mark.h"
#include "package_context.h"
#include "request_delegated.h"
#include "request_opened_cookie.h"

/* The longest time between the first token of a client and its last. */
#define REQUEST_CONNECTION_EXCHANGE_MS 30000

struct sspi_connection {
    struct sspi_acceptor *acceptor;
    /* The unfinished context, and the credential that it was made with and uses. */
    struct package_context partial;
    bool has_partial;
    struct acceptor_credential *credential;
    uint64_t began_ms;
    /* The identity of the last exchange, if the policy allows persistent logins. */
    struct policy_identity login;
    bool has_login;
    uint64_t login_began_ms; /* by the steady clock */
    struct acceptor_user_mark login_mark;
    /* References, for delegation: what the client of the login left, and the file that was made of
     * it. NULL: none. */
    struct request_delegated *login_delegated;
    struct acceptor_ccache *login_ccache;
    bool login_is_for_proxy; /* a forward proxy's clients may log in to both */
    /* A login of Negotiate or NTLM failed, and none was granted since. By sspi_request.proxy. */
    bool negotiate_failed[2];
    struct request_opened_cookie *cookie; /* a reference; NULL: none */
};

/* Keeps an unfinished context in place of an older one. The connection takes over the context and
 * the credential. */
void request_connection_keep(struct sspi_connection *connection, struct package_context *partial,
                             struct acceptor_credential *credential, uint64_t began_ms);

/* Returns the unfinished context for its next leg, and when the exchange began. The connection
 * releases the credential, which the caller uses as well. There must be such a context. */
void request_connection_take(struct sspi_connection *connection,
                             struct package_context *ret_partial, uint64_t *ret_began_ms);

/* Deletes the unfinished context, if there is one. */
void request_connection_drop(struct sspi_connection *connection);

/* True if the exchange of the unfinished context takes too long. */
bool request_connection_is_late(const struct sspi_connection *connection, uint64_t now_ms);

/* Clears the login, if there is one. */
void request_connection_log_out(struct sspi_connection *connection);

/* Keeps a cookie in place of an older one, and takes over the caller's reference. NULL: it keeps
 * none. */
void request_connection_keep_cookie(struct sspi_connection *connection,
                                    struct request_opened_cookie *cookie);

#endif
