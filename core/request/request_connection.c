/* SPDX-License-Identifier: Apache-2.0 */
#include "request_connection.h"

#include <stdlib.h>

struct sspi_connection *sspi_connection_new(struct sspi_acceptor *acceptor)
{
    struct sspi_connection *connection = calloc(1, sizeof(*connection));
    if (connection != NULL)
        connection->acceptor = acceptor;
    return connection;
}

void request_connection_take(struct sspi_connection *connection,
                             struct package_context *ret_partial, uint64_t *ret_began_ms)
{
    *ret_partial = connection->partial;
    connection->partial = (struct package_context){0};
    *ret_began_ms = connection->began_ms;
    connection->has_partial = false;
    acceptor_credentials_release(&connection->acceptor->credentials, connection->credential);
    connection->credential = NULL;
}

void request_connection_drop(struct sspi_connection *connection)
{
    if (!connection->has_partial)
        return;
    struct package_context partial;
    uint64_t began_ms;
    request_connection_take(connection, &partial, &began_ms);
    package_context_clear(&partial);
}

bool request_connection_is_late(const struct sspi_connection *connection, uint64_t now_ms)
{
    return connection->has_partial &&
           now_ms - connection->began_ms > REQUEST_CONNECTION_EXCHANGE_MS;
}

void request_connection_keep(struct sspi_connection *connection, struct package_context *partial,
                             struct acceptor_credential *credential, uint64_t began_ms)
{
    request_connection_drop(connection);
    connection->partial = *partial;
    *partial = (struct package_context){0};
    connection->credential = credential;
    connection->began_ms = began_ms;
    connection->has_partial = true;
}

void request_connection_log_out(struct sspi_connection *connection)
{
    policy_identity_clear(&connection->login);
    bytes_wipe(&connection->login_mark, sizeof(connection->login_mark));
    request_delegated_unref(connection->login_delegated);
    acceptor_ccache_unref(connection->login_ccache);
    connection->login_delegated = NULL;
    connection->login_ccache = NULL;
    connection->has_login = false;
}

void request_connection_keep_cookie(struct sspi_connection *connection,
                                    struct request_opened_cookie *cookie)
{
    request_opened_cookie_unref(connection->cookie);
    connection->cookie = cookie;
}

bool sspi_connection_keeps_login(const struct sspi_connection *connection)
{
    return connection != NULL && connection->has_login;
}

void sspi_connection_free(struct sspi_connection *connection)
{
    if (connection == NULL)
        return;
    request_connection_drop(connection);
    request_connection_log_out(connection);
    request_connection_keep_cookie(connection, NULL);
    free(connection);
}
