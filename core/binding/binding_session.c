/* SPDX-License-Identifier: Apache-2.0 */
#include "binding_session.h"

#include <string.h>

/* The application data: this mark, then the hash of the certificate as in struct binding. The mark
 * ends with the version of the layout. */
#define MARK       "SSPI-end-point-1"
#define MARK_LEN   (sizeof(MARK) - 1)
#define PREFIX_LEN (sizeof(BINDING_PREFIX) - 1)

typedef int new_session_cb(SSL *ssl, SSL_SESSION *session);

/* The server's callback for new sessions. OpenSSL calls a callback of the context that accepted the
 * connection. After SNI selected another context, OpenSSL does not tell which context that was. So
 * one callback serves all contexts. The parent process sets it, and workers read it. */
static new_session_cb *server_new_session;

/* ---- application data ---- */

static bool has_data(SSL_SESSION *session, void **ret_data, size_t *ret_len)
{
    return SSL_SESSION_get0_ticket_appdata(session, ret_data, ret_len) == 1 && *ret_len > 0;
}

static bool read_binding(SSL_SESSION *session, struct binding *ret_binding)
{
    void *data;
    size_t len;
    if (!has_data(session, &data, &len) || len <= MARK_LEN || len > MARK_LEN + EVP_MAX_MD_SIZE ||
        memcmp(data, MARK, MARK_LEN) != 0)
        return false;
    size_t hash_len = len - MARK_LEN;
    memcpy(ret_binding->data, BINDING_PREFIX, PREFIX_LEN);
    memcpy(ret_binding->data + PREFIX_LEN, (const uint8_t *)data + MARK_LEN, hash_len);
    ret_binding->len = PREFIX_LEN + hash_len;
    return true;
}

static void write_binding(SSL_SESSION *session, const struct binding *binding)
{
    uint8_t data[MARK_LEN + EVP_MAX_MD_SIZE];
    size_t hash_len = binding->len - PREFIX_LEN;
    memcpy(data, MARK, MARK_LEN);
    memcpy(data + MARK_LEN, binding->data + PREFIX_LEN, hash_len);
    /* Without memory the session has no data; its certificate is unknown when it is resumed. */
    (void)SSL_SESSION_set1_ticket_appdata(session, data, MARK_LEN + hash_len);
}

/* ---- callbacks ---- */

/* A resumed session keeps the data of its first handshake, because SSL_get_certificate() may return
 * another certificate then. The data of another module are kept. */
static void keep(SSL *ssl, SSL_SESSION *session)
{
    struct binding shown;
    void *data;
    size_t len;
    X509 *certificate = SSL_get_certificate(ssl);
    if (session == NULL || certificate == NULL || SSL_session_reused(ssl) ||
        has_data(session, &data, &len))
        return;
    if (binding_from_certificate(certificate, &shown))
        write_binding(session, &shown);
}

/* Always returns 1, because the handshake must continue even without the data. */
static int keep_in_ticket(SSL *ssl, void *unused)
{
    (void)unused;
    keep(ssl, SSL_get_session(ssl));
    return 1;
}

static int keep_in_cache(SSL *ssl, SSL_SESSION *session)
{
    keep(ssl, session);
    return 0; /* this tells OpenSSL that the callback keeps no reference to the session */
}

static int keep_and_call_server(SSL *ssl, SSL_SESSION *session)
{
    keep(ssl, session);
    return server_new_session(ssl, session);
}

void binding_session_keep(SSL_CTX *ctx)
{
    new_session_cb *current = SSL_CTX_sess_get_new_cb(ctx);
    SSL_CTX_set_session_ticket_cb(ctx, keep_in_ticket, NULL, NULL);
    if (current == NULL) {
        SSL_CTX_sess_set_new_cb(ctx, keep_in_cache);
        return;
    }
    if (current == keep_in_cache || current == keep_and_call_server)
        return;
    if (server_new_session == NULL)
        server_new_session = current;
    if (server_new_session == current)
        SSL_CTX_sess_set_new_cb(ctx, keep_and_call_server);
}

/* Hosts of one port share sessions: TLS 1.3 resumes a session under the name of another host. The
 * client then saw a certificate of that other host. Before TLS 1.3, SSL_get_servername() returns
 * the session's name. */
static bool began_here(SSL *ssl, const SSL_SESSION *session)
{
    const char *now = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const char *then = SSL_SESSION_get0_hostname(session);
    return now == NULL || then == NULL ? now == then : strcmp(now, then) == 0;
}

bool binding_session_began_elsewhere(SSL *ssl)
{
    SSL_SESSION *session = SSL_get_session(ssl);
    return session != NULL && SSL_session_reused(ssl) && !began_here(ssl, session);
}

bool binding_session_find(SSL *ssl, struct binding *ret_binding)
{
    SSL_SESSION *session = SSL_get_session(ssl);
    if (session != NULL && began_here(ssl, session) && read_binding(session, ret_binding))
        return true;
    X509 *shown = SSL_session_reused(ssl) ? NULL : SSL_get_certificate(ssl);
    return shown != NULL && binding_from_certificate(shown, ret_binding);
}
