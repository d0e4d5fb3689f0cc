/* SPDX-License-Identifier: Apache-2.0 */
/* TLS handshakes in memory between a client and a server. The server loads its certificate in each
 * full handshake, like nginx with variables in ssl_certificate. The tests run for every way in
 * which a server stores sessions. */
#ifndef BINDING_SESSION_FIXTURE_H
#define BINDING_SESSION_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "binding_certificate.h"
#include "binding_session.h"

enum certificate { FIRST, SECOND, ED25519, N_CERTIFICATES };

static EVP_PKEY *key[N_CERTIFICATES];
static X509 *certificate[N_CERTIFICATES];
static struct binding binding[N_CERTIFICATES];

/* The server's certificate in its next full handshake. */
static enum certificate shown;

/* The session that the client resumes. */
static SSL_SESSION *kept;

/* A session cache outside OpenSSL, like those of nginx and mod_ssl. It holds one session. */
static uint8_t cached[4096];
static int cached_len;

static int make_certificates(void **state)
{
    for (int i = 0; i < N_CERTIFICATES; i++) {
        key[i] = i == ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : EVP_EC_gen("P-256");
        certificate[i] = X509_new();
        ASN1_INTEGER_set(X509_get_serialNumber(certificate[i]), i + 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate[i]), 0);
        X509_gmtime_adj(X509_getm_notAfter(certificate[i]), 3600);
        X509_set_pubkey(certificate[i], key[i]);
        assert_true(X509_sign(certificate[i], key[i], i == ED25519 ? NULL : EVP_sha256()) > 0);
        assert_int_equal(binding_from_certificate(certificate[i], &binding[i]), i != ED25519);
    }
    return 0;
}

static int free_certificates(void **state)
{
    for (int i = 0; i < N_CERTIFICATES; i++) {
        X509_free(certificate[i]);
        EVP_PKEY_free(key[i]);
    }
    return 0;
}

/* ---- a server and a client ---- */

static int load_certificate(SSL *ssl, void *unused)
{
    return SSL_use_certificate(ssl, certificate[shown]) == 1 &&
           SSL_use_PrivateKey(ssl, key[shown]) == 1;
}

static int cache_session(SSL *ssl, SSL_SESSION *session)
{
    uint8_t *end = cached;
    assert_true(i2d_SSL_SESSION(session, NULL) <= (int)sizeof(cached));
    cached_len = i2d_SSL_SESSION(session, &end);
    return 0;
}

static SSL_SESSION *uncache_session(SSL *ssl, const unsigned char *id, int id_len, int *ret_copy)
{
    const uint8_t *start = cached;
    *ret_copy = 0;
    return d2i_SSL_SESSION(NULL, &start, cached_len);
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    SSL_SESSION_free(kept);
    kept = session;
    return 1;
}

/* How the server stores sessions. */
static const struct way {
    const char *name;
    int version;
    bool tickets;
    bool outside; /* a cache that stores sessions as octets */
} ways[] = {
    {"TLS 1.2, tickets", TLS1_2_VERSION, true, false},
    {"TLS 1.2, OpenSSL's cache", TLS1_2_VERSION, false, false},
    {"TLS 1.2, the server's cache", TLS1_2_VERSION, false, true},
    {"TLS 1.3, tickets", TLS1_3_VERSION, true, false},
    {"TLS 1.3, OpenSSL's cache", TLS1_3_VERSION, false, false},
    {"TLS 1.3, the server's cache", TLS1_3_VERSION, false, true},
};
#define N_WAYS (sizeof(ways) / sizeof(ways[0]))

static SSL_CTX *new_server(const struct way *way)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    assert_non_null(ctx);
    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"test", 4);
    SSL_CTX_set_cert_cb(ctx, load_certificate, NULL);
    if (!way->tickets)
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    if (way->outside) {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ctx, cache_session);
        SSL_CTX_sess_set_get_cb(ctx, uncache_session);
    }
    return ctx;
}

static SSL_CTX *new_client(int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    assert_non_null(ctx);
    SSL_CTX_set_min_proto_version(ctx, version);
    SSL_CTX_set_max_proto_version(ctx, version);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep_session);
    return ctx;
}

/* The name that the client asks for; NULL: no name. OpenSSL's macro takes no const. */
static char *name;

/* Opens a connection to `ctx`, and resumes the kept session if there is one. */
static SSL *connect_to(SSL_CTX *ctx, int version)
{
    SSL_CTX *client_ctx = new_client(version);
    SSL *server = SSL_new(ctx), *client = SSL_new(client_ctx);
    BIO *near, *far;
    char octet;
    assert_int_equal(BIO_new_bio_pair(&near, 0, &far, 0), 1);
    SSL_set_bio(server, near, near);
    SSL_set_bio(client, far, far);
    SSL_set_accept_state(server);
    SSL_set_connect_state(client);
    if (kept != NULL)
        SSL_set_session(client, kept);
    if (name != NULL)
        SSL_set_tlsext_host_name(client, name);
    for (int i = 0; i < 10; i++) {
        SSL_do_handshake(client);
        SSL_do_handshake(server);
    }
    assert_true(SSL_is_init_finished(client) && SSL_is_init_finished(server));
    /* The tickets of TLS 1.3 come after the handshake. */
    assert_true(SSL_read(client, &octet, 1) <= 0);
    /* Neither side drops the session, as it does after an abort. */
    SSL_set_shutdown(client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_set_shutdown(server, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(client);
    SSL_CTX_free(client_ctx);
    return server;
}

static void forget_session(void)
{
    SSL_SESSION_free(kept);
    kept = NULL;
}

#endif
