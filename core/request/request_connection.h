/* SPDX-License-Identifier: Apache-2.0 */
/* What one client connection of HTTP/1.x remembers: an unfinished exchange of Negotiate or NTLM,
 * and a login. */
#ifndef REQUEST_CONNECTION_H
#define REQUEST_CONNECTION_H

#include "acceptor.h"
#include "policy_identity.h"
#include "acceptor_user_mark.h"

/* How long a client may take from its first token to its last. */
#define REQUEST_CONNECTION_EXCHANGE_MS 30000

struct sspi_connection {
    struct sspi_acceptor *acceptor;
    /* The unfinished context and the credential it was made with, which it keeps in use. */
    CtxtHandle partial;
    bool has_partial;
    struct acceptor_credential *credential;
    uint64_t began_ms;
    /* What the last exchange proved, where a policy lets it stay. */
    struct policy_identity login;
    bool has_login;
    uint64_t login_began_ms; /* by the steady clock */
    struct acceptor_user_mark login_mark;
    bool login_is_for_proxy; /* a forward proxy's clients may log in to both */
};

/* Keeps an unfinished context, dropping an older one; takes over both. */
void request_connection_keep(struct sspi_connection *connection, CtxtHandle *partial,
                             struct acceptor_credential *credential, uint64_t began_ms);

/* Hands the unfinished context out for its next leg, and when the exchange began; the connection
 * lets go of the credential, which the caller has in use. There must be one. */
void request_connection_take(struct sspi_connection *connection, CtxtHandle *ret_partial,
                             uint64_t *ret_began_ms);

/* Drops the unfinished context, if there is one. */
void request_connection_drop(struct sspi_connection *connection);

/* True when the exchange of the unfinished context takes too long. */
bool request_connection_is_late(const struct sspi_connection *connection, uint64_t now_ms);

/* Forgets the login, if there is one. */
void request_connection_log_out(struct sspi_connection *connection);

#endif
