/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate with which a resumed session began. */
#include "binding_session_fixture.h"

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

static void a_resumed_session_knows_the_certificate_of_its_first_handshake(void **state)
{
    for (size_t i = 0; i < N_WAYS; i++) {
        print_message("# %s\n", ways[i].name);
        SSL_CTX *ctx = new_server(&ways[i]);
        binding_session_keep(ctx);
        for (enum certificate first = FIRST; first <= SECOND; first++) {
            shown = first;
            find_and_free(connect_to(ctx, ways[i].version), false, first);
            /* The server now has another certificate. */
            shown = first == FIRST ? SECOND : FIRST;
            for (int resumption = 0; resumption < 3; resumption++)
                find_and_free(connect_to(ctx, ways[i].version), true, first);
            forget_session();
        }
        SSL_CTX_free(ctx);
    }
}

static void without_stored_data_a_resumed_session_is_unknown(void **state)
{
    for (size_t i = 0; i < N_WAYS; i++) {
        SSL_CTX *ctx = new_server(&ways[i]);
        shown = FIRST;
        find_and_free(connect_to(ctx, ways[i].version), false, FIRST);
        unknown_and_free(connect_to(ctx, ways[i].version), true);
        /* It stays unknown after the context begins to store certificates. */
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
    /* The data are unchanged. */
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

static void the_callback_of_the_server_still_runs(void **state)
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
    /* The callback does not know the context of a new session, so a context with another callback
     * is not changed. */
    SSL_CTX_sess_set_new_cb(other, other_new_session);
    binding_session_keep(other);
    assert_ptr_equal(SSL_CTX_sess_get_new_cb(other), other_new_session);
    forget_session();
    SSL_CTX_free(ctx);
    SSL_CTX_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resumed_session_knows_the_certificate_of_its_first_handshake),
        cmocka_unit_test(without_stored_data_a_resumed_session_is_unknown),
        cmocka_unit_test(a_certificate_without_a_binding_stays_unknown),
        cmocka_unit_test(other_application_data_are_unknown),
        cmocka_unit_test(another_module_with_the_ticket_callback_leaves_it_unknown),
        cmocka_unit_test(the_callback_of_the_server_still_runs),
    };
    return cmocka_run_group_tests(tests, make_certificates, free_certificates);
}
