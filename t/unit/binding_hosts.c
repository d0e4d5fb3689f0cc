/* SPDX-License-Identifier: Apache-2.0 */
/* The candidates of hosts that share a port. The hosts have certificates in their contexts, or load
 * them for each handshake. The tests cover full handshakes and resumed sessions. */
#include "binding_session_fixture.h"

static char fixed_name[] = "fixed.test", loading_name[] = "loading.test";
static SSL_CTX *loading_host;

static int choose(SSL *ssl, int *alert, void *unused)
{
    const char *wanted = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (wanted != NULL && strcmp(wanted, loading_name) == 0)
        SSL_set_SSL_CTX(ssl, loading_host);
    return SSL_TLSEXT_ERR_OK;
}

static void expect_candidate(const struct binding_table *table, SSL *ssl, bool reused,
                             enum certificate wanted, size_t n_items)
{
    struct binding_candidates scratch;
    assert_int_equal(SSL_session_reused(ssl), reused);
    const struct binding_candidates *found = binding_table_find(table, ssl, NULL, &scratch);
    assert_non_null(found);
    assert_int_equal(found->n_items, n_items);
    size_t i = 0;
    while (i < n_items && memcmp(found->item[i].data, binding[wanted].data, binding[wanted].len))
        i++;
    assert_true(i < n_items);
    SSL_free(ssl);
}

/* The first host has its own certificate. The second host loads one for each handshake. */
static void begin_at_each_host(SSL_CTX *ctx, int version, const struct binding_table *table)
{
    char *const names[] = {NULL, fixed_name, loading_name};
    for (size_t i = 0; i < 3; i++) {
        enum certificate own = i == 2 ? SECOND : FIRST;
        name = names[i];
        for (int resumption = 0; resumption < 3; resumption++)
            expect_candidate(table, connect_to(ctx, version), resumption > 0, own, 1);
        forget_session();
    }
}

/* A client resumes a session under the name of the other host. Before TLS 1.3, OpenSSL then uses
 * the name of the session, and with it the host. */
static void resume_at_other_host(SSL_CTX *ctx, int version, const struct binding_table *table)
{
    struct binding_candidates scratch;
    name = loading_name;
    expect_candidate(table, connect_to(ctx, version), false, SECOND, 1);
    name = fixed_name;
    expect_candidate(table, connect_to(ctx, version), true,
                     version == TLS1_3_VERSION ? FIRST : SECOND, 1);
    forget_session();
    expect_candidate(table, connect_to(ctx, version), false, FIRST, 1);
    name = loading_name;
    /* A ticket that was issued under that name has no more data. */
    for (int resumption = 0; resumption < 2; resumption++) {
        SSL *ssl = connect_to(ctx, version);
        assert_true(SSL_session_reused(ssl));
        if (version == TLS1_3_VERSION)
            assert_null(binding_table_find(table, ssl, NULL, &scratch));
        else
            assert_ptr_equal(SSL_get_SSL_CTX(ssl), ctx);
        SSL_free(ssl);
    }
    forget_session();
    name = NULL;
}

static void hosts_that_are_chosen_by_name_have_their_own_candidates(void **state)
{
    shown = SECOND;
    for (size_t i = 0; i < N_WAYS; i++) {
        SSL_CTX *fixed = new_server(&ways[i]);
        struct binding_table *table = binding_table_new();
        loading_host = new_server(&ways[i]);
        SSL_CTX_set_cert_cb(fixed, NULL, NULL);
        assert_int_equal(SSL_CTX_use_certificate(fixed, certificate[FIRST]), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(fixed, key[FIRST]), 1);
        SSL_CTX_set_tlsext_servername_callback(fixed, choose);
        assert_true(binding_table_add(table, fixed) && binding_table_add(table, loading_host));
        binding_session_keep(fixed);
        binding_session_keep(loading_host);
        begin_at_each_host(fixed, ways[i].version, table);
        resume_at_other_host(fixed, ways[i].version, table);
        binding_table_free(table);
        SSL_CTX_free(fixed);
        SSL_CTX_free(loading_host);
    }
}

/* A relay that owns one host names that host in SNI, and the other host in the Host header. */
static void the_host_of_the_request_decides(void **state)
{
    SSL_CTX *first = new_server(&ways[3]);
    SSL_CTX *second = new_server(&ways[3]);
    SSL_CTX *unknown = new_server(&ways[3]);
    struct binding_table *table = binding_table_new();
    struct binding_candidates scratch;
    SSL_CTX_set_cert_cb(first, NULL, NULL);
    SSL_CTX_set_cert_cb(second, NULL, NULL);
    assert_int_equal(SSL_CTX_use_certificate(first, certificate[FIRST]), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(first, key[FIRST]), 1);
    assert_int_equal(SSL_CTX_use_certificate(second, certificate[SECOND]), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(second, key[SECOND]), 1);
    assert_true(binding_table_add(table, first) && binding_table_add(table, second));
    SSL *ssl = connect_to(first, TLS1_3_VERSION);
    const struct binding_candidates *own = binding_table_find(table, ssl, first, &scratch);
    assert_non_null(own);
    assert_ptr_equal(own, binding_table_find(table, ssl, NULL, &scratch));
    const struct binding_candidates *other = binding_table_find(table, ssl, second, &scratch);
    assert_non_null(other);
    assert_int_equal(other->n_items, 1);
    assert_memory_equal(other->item[0].data, binding[SECOND].data, binding[SECOND].len);
    assert_null(binding_table_find(table, ssl, unknown, &scratch));
    SSL_free(ssl);
    forget_session();
    binding_table_free(table);
    SSL_CTX_free(first);
    SSL_CTX_free(second);
    SSL_CTX_free(unknown);
}

/* The context has a placeholder certificate, which a module replaces in each handshake. */
static void a_loaded_certificate_replaces_that_of_the_context(void **state)
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
        cmocka_unit_test(hosts_that_are_chosen_by_name_have_their_own_candidates),
        cmocka_unit_test(the_host_of_the_request_decides),
        cmocka_unit_test(a_loaded_certificate_replaces_that_of_the_context),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
