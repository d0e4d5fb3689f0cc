/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificate a resumed session goes back to, by real handshakes in memory. The server loads
 * its certificate in each handshake, as nginx does where ssl_certificate has variables. */
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

/* What the server shows in its next full handshake. */
static enum certificate shown;

/* What the client goes on with. */
static SSL_SESSION *kept;

/* A session cache outside OpenSSL, as nginx and mod_ssl have one: of one session. */
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

/* How the server remembers sessions. */
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

/* A connection to `ctx`, which goes on with the kept session if there is one. */
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

/* ---- expectations ---- */

static void expect_found(SSL *ssl, bool reused, enum certificate wanted)
{
    struct binding found;
    assert_int_equal(SSL_session_reused(ssl), reused);
    assert_true(binding_session_find(ssl, &found));
    assert_int_equal(found.len, binding[wanted].len);
    assert_memory_equal(found.data, binding[wanted].data, found.len);
}

static void expect_unknown(SSL *ssl, bool reused)
{
    struct binding found;
    assert_int_equal(SSL_session_reused(ssl), reused);
    assert_false(binding_session_find(ssl, &found));
}

static void find_and_free(SSL *ssl, bool reused, enum certificate wanted)
{
    expect_found(ssl, reused, wanted);
    SSL_free(ssl);
}

static void unknown_and_free(SSL *ssl, bool reused)
{
    expect_unknown(ssl, reused);
    SSL_free(ssl);
}

/* ---- tests ---- */

static void a_resumed_session_knows_the_certificate_of_its_first_handshake(void **state)
{
    for (size_t i = 0; i < N_WAYS; i++) {
        print_message("# %s\n", ways[i].name);
        SSL_CTX *ctx = new_server(&ways[i]);
        binding_session_keep(ctx);
        for (enum certificate first = FIRST; first <= SECOND; first++) {
            shown = first;
            find_and_free(connect_to(ctx, ways[i].version), false, first);
            /* The server would show another one now. */
            shown = first == FIRST ? SECOND : FIRST;
            for (int resumption = 0; resumption < 3; resumption++)
                find_and_free(connect_to(ctx, ways[i].version), true, first);
            forget_session();
        }
        SSL_CTX_free(ctx);
    }
}

static void without_it_a_resumed_session_is_unknown(void **state)
{
    for (size_t i = 0; i < N_WAYS; i++) {
        SSL_CTX *ctx = new_server(&ways[i]);
        shown = FIRST;
        find_and_free(connect_to(ctx, ways[i].version), false, FIRST);
        unknown_and_free(connect_to(ctx, ways[i].version), true);
        /* Nor does it become known when the context begins to keep certificates. */
        binding_session_keep(ctx);
        unknown_and_free(connect_to(ctx, ways[i].version), true);
        forget_session();
        SSL_CTX_free(ctx);
    }
}

static void a_certificate_without_a_binding_stays_unknown(void **state)
{
    for (size_t i = 0; i < N_WAYS; i++) {
        SSL_CTX *ctx = new_server(&ways[i]);
        binding_session_keep(ctx);
        shown = ED25519;
        unknown_and_free(connect_to(ctx, ways[i].version), false);
        shown = FIRST;
        unknown_and_free(connect_to(ctx, ways[i].version), true);
        forget_session();
        SSL_CTX_free(ctx);
    }
}

/* Puts other application data into the session in the server's cache. */
static void change_data(const void *data, size_t len)
{
    const uint8_t *start = cached;
    uint8_t *end = cached;
    SSL_SESSION *session = d2i_SSL_SESSION(NULL, &start, cached_len);
    assert_non_null(session);
    assert_int_equal(SSL_SESSION_set1_ticket_appdata(session, data, len), 1);
    cached_len = i2d_SSL_SESSION(session, &end);
    SSL_SESSION_free(session);
}

static void expect_data_unknown(SSL_CTX *ctx, const void *data, size_t len)
{
    void *found;
    size_t found_len;
    change_data(data, len);
    SSL *ssl = connect_to(ctx, TLS1_2_VERSION);
    expect_unknown(ssl, true);
    /* The data stay as they are. */
    assert_int_equal(SSL_SESSION_get0_ticket_appdata(SSL_get_session(ssl), &found, &found_len), 1);
    assert_int_equal(found_len, len);
    assert_memory_equal(found, data, len);
    SSL_free(ssl);
}

#define HASH_LEN 32

static void other_application_data_are_unknown(void **state)
{
    SSL_CTX *ctx = new_server(&ways[2]);
    uint8_t data[256] = {0};
    void *own;
    size_t len;
    binding_session_keep(ctx);
    shown = FIRST;
    SSL *ssl = connect_to(ctx, TLS1_2_VERSION);
    assert_int_equal(SSL_SESSION_get0_ticket_appdata(SSL_get_session(ssl), &own, &len), 1);
    assert_true(len > HASH_LEN && len < 2 * HASH_LEN);
    memcpy(data, own, len);
    SSL_free(ssl);

    const size_t mark_len = len - HASH_LEN;
    expect_data_unknown(ctx, "another module's", 16);
    expect_data_unknown(ctx, data, 1);
    expect_data_unknown(ctx, data, mark_len);
    expect_data_unknown(ctx, data, mark_len + EVP_MAX_MD_SIZE + 1);
    data[mark_len - 1] ^= 1; /* another version */
    expect_data_unknown(ctx, data, len);
    data[mark_len - 1] ^= 1;
    change_data(data, len);
    find_and_free(connect_to(ctx, TLS1_2_VERSION), true, FIRST);
    forget_session();
    SSL_CTX_free(ctx);
}

static int write_foreign(SSL *ssl, void *unused)
{
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), "foreign", 7);
}

static void another_module_with_the_ticket_callback_leaves_it_unknown(void **state)
{
    const struct way *tickets[] = {&ways[0], &ways[3]};
    for (size_t i = 0; i < 2; i++) {
        SSL_CTX *ctx = new_server(tickets[i]);
        binding_session_keep(ctx);
        SSL_CTX_set_session_ticket_cb(ctx, write_foreign, NULL, NULL);
        shown = FIRST;
        find_and_free(connect_to(ctx, tickets[i]->version), false, FIRST);
        unknown_and_free(connect_to(ctx, tickets[i]->version), true);
        forget_session();
        SSL_CTX_free(ctx);
    }
}

static int other_new_session(SSL *ssl, SSL_SESSION *session)
{
    return 0;
}

static void the_callback_of_the_server_stays(void **state)
{
    SSL_CTX *ctx = new_server(&ways[2]), *other = new_server(&ways[2]);
    binding_session_keep(ctx);
    int (*ours)(SSL *, SSL_SESSION *) = SSL_CTX_sess_get_new_cb(ctx);
    assert_ptr_not_equal(ours, cache_session);
    binding_session_keep(ctx);
    assert_ptr_equal(SSL_CTX_sess_get_new_cb(ctx), ours);
    cached_len = 0;
    SSL_free(connect_to(ctx, TLS1_2_VERSION));
    assert_true(cached_len > 0);
    /* Two callbacks cannot be told apart when a session begins: the second one stays alone. */
    SSL_CTX_sess_set_new_cb(other, other_new_session);
    binding_session_keep(other);
    assert_ptr_equal(SSL_CTX_sess_get_new_cb(other), other_new_session);
    forget_session();
    SSL_CTX_free(ctx);
    SSL_CTX_free(other);
}

/* ---- with the table of the contexts' certificates ---- */

static SSL_CTX *chosen_by_name; /* what the server changes to */

static int choose(SSL *ssl, int *alert, void *unused)
{
    if (chosen_by_name != NULL)
        SSL_set_SSL_CTX(ssl, chosen_by_name);
    return SSL_TLSEXT_ERR_OK;
}

static void expect_candidate(const struct binding_table *table, SSL *ssl, bool reused,
                             enum certificate wanted, size_t n_items)
{
    struct binding_candidates scratch;
    assert_int_equal(SSL_session_reused(ssl), reused);
    const struct binding_candidates *found = binding_table_find(table, ssl, &scratch);
    assert_non_null(found);
    assert_int_equal(found->n_items, n_items);
    size_t i = 0;
    while (i < n_items && memcmp(found->item[i].data, binding[wanted].data, binding[wanted].len))
        i++;
    assert_true(i < n_items);
    SSL_free(ssl);
}

/* The first host has a certificate of its own, the second one loads one for each handshake. */
static void hosts_that_are_chosen_by_name_have_their_own(void **state)
{
    for (size_t i = 0; i < N_WAYS; i++) {
        SSL_CTX *fixed = new_server(&ways[i]), *loading = new_server(&ways[i]);
        struct binding_table *table = binding_table_new();
        SSL_CTX_set_cert_cb(fixed, NULL, NULL);
        assert_int_equal(SSL_CTX_use_certificate(fixed, certificate[FIRST]), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(fixed, key[FIRST]), 1);
        SSL_CTX_set_tlsext_servername_callback(fixed, choose);
        assert_true(binding_table_add(table, fixed) && binding_table_add(table, loading));
        binding_session_keep(fixed);
        binding_session_keep(loading);

        int version = ways[i].version;
        chosen_by_name = NULL;
        expect_candidate(table, connect_to(fixed, version), false, FIRST, 1);
        expect_candidate(table, connect_to(fixed, version), true, FIRST, 1);
        forget_session();

        chosen_by_name = loading;
        shown = SECOND;
        expect_candidate(table, connect_to(fixed, version), false, SECOND, 1);
        expect_candidate(table, connect_to(fixed, version), true, SECOND, 1);
        /* A session that goes on at the other host still has the certificate that it began with. */
        chosen_by_name = NULL;
        expect_candidate(table, connect_to(fixed, version), true, SECOND, 1);
        forget_session();

        expect_candidate(table, connect_to(fixed, version), false, FIRST, 1);
        chosen_by_name = loading;
        expect_candidate(table, connect_to(fixed, version), true, FIRST, 1);
        forget_session();
        binding_table_free(table);
        SSL_CTX_free(fixed);
        SSL_CTX_free(loading);
    }
}

/* A placeholder in the context, which a module replaces in each handshake. */
static void a_loaded_certificate_counts_before_that_of_the_context(void **state)
{
    SSL_CTX *ctx = new_server(&ways[3]);
    struct binding_table *table = binding_table_new();
    assert_int_equal(SSL_CTX_use_certificate(ctx, certificate[FIRST]), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key[FIRST]), 1);
    assert_true(binding_table_add(table, ctx));
    binding_session_keep(ctx);
    shown = SECOND;
    expect_candidate(table, connect_to(ctx, TLS1_3_VERSION), false, SECOND, 1);
    expect_candidate(table, connect_to(ctx, TLS1_3_VERSION), true, SECOND, 1);
    forget_session();
    binding_table_free(table);
    SSL_CTX_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resumed_session_knows_the_certificate_of_its_first_handshake),
        cmocka_unit_test(without_it_a_resumed_session_is_unknown),
        cmocka_unit_test(a_certificate_without_a_binding_stays_unknown),
        cmocka_unit_test(other_application_data_are_unknown),
        cmocka_unit_test(another_module_with_the_ticket_callback_leaves_it_unknown),
        cmocka_unit_test(the_callback_of_the_server_stays),
        cmocka_unit_test(hosts_that_are_chosen_by_name_have_their_own),
        cmocka_unit_test(a_loaded_certificate_counts_before_that_of_the_context),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
