/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_fixture.h"

static void unknown_user_and_wrong_password_look_the_same(void **state)
{
    struct fixture *f = *state;

    struct client c = first_client(f, without_contexts);
    c.password = "wrong";
    assert_int_equal(login(f, &c), SEC_E_LOGON_DENIED);
    assert_int_equal(f->error_info.reason, SSPI_REASON_WRONG_PASSWORD);
    assert_non_null(strstr(f->error_info.text, "unknown user or wrong password: user \"alice\""));
    assert_int_equal(f->out.n_tokens, 0);
    c.user = "mallory\xc3\xa4";
    assert_int_equal(login(f, &c), SEC_E_LOGON_DENIED);
    assert_int_equal(f->error_info.reason, SSPI_REASON_WRONG_PASSWORD);
    assert_non_null(
        strstr(f->error_info.text, "unknown user or wrong password: user \"mallory\\xc3\\xa4\""));
    /* Neither response used up the count. */
    c = alice(f->nonce, 1);
    assert_int_equal(login(f, &c), SEC_E_OK);
}

/* A client that knows the dummy hash of unknown users must not log in with it. */
static void dummy_hash_of_unknown_users_logs_no_client_in(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes header = {0}, digits = {0};
    uint8_t dummy[STORE_USERS_HASH_MAX], digest[HASH_MAX];
    struct digest_response response;
    struct hash_run run;
    void *context = NULL;

    struct client c = first_client(f, without_contexts);
    c.user = "nobody";
    answer(&c, &header);
    assert_false(store_users_hash(f->users, SSPI_VIEW("nobody"), SSPI_VIEW(REALM),
                                  SSPI_DIGEST_SHA_256, dummy));
    assert_int_equal(digest_parse_response(bytes_as_view(&header), &response, &f->error_info),
                     SSPI_REASON_NONE);
    assert_true(hash_run_init(&run, &f->credential->hashes));
    assert_true(digest_verify_compute(&run, &response, SSPI_VIEW("GET"), NULL, dummy, digest));
    bytes_append_hex(&digits, digest, 32);
    memcpy(header.data + strlen("response=\""), digits.data, 64);
    struct package_input in = input(bytes_as_view(&header));
    assert_int_equal(call(f, &context, &in), SEC_E_LOGON_DENIED);
    assert_null(context);
    hash_run_clear(&run);
    digest_response_clear(&response);
}

static void counts_come_in_any_order_but_never_twice(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    static const unsigned counts[] = {2, 1, 5, 3};

    acquire(f, without_contexts);
    get_nonce(f, nonce);
    for (size_t i = 0; i < 4; i++) {
        struct client c = alice(nonce, counts[i]);
        assert_int_equal(login(f, &c), SEC_E_OK);
        assert_int_equal(login(f, &c), SEC_E_OUT_OF_SEQUENCE);
        assert_int_equal(f->error_info.reason, SSPI_REASON_REPLAY);
    }
}

static void nonce_is_stale_one_millisecond_after_its_lifetime(void **state)
{
    struct fixture *f = *state;

    struct client c = first_client(f, without_contexts);
    f->now_ms = START_MS + 300000;
    assert_int_equal(login(f, &c), SEC_E_OK);
    f->now_ms++;
    c.count = 2;
    assert_int_equal(login(f, &c), SEC_I_CONTINUE_NEEDED);
    assert_stale(f);
}

static void a_clock_set_back_makes_no_new_nonce_stale(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];

    acquire(f, without_contexts);
    f->now_ms = START_MS - 7200000;
    f->set_back_ms = 7200000 + 5;
    get_nonce(f, nonce);
    struct client c = alice(nonce, 1);
    assert_int_equal(login(f, &c), SEC_E_OK);
}

static void only_a_client_with_the_password_learns_that_a_nonce_is_stale(void **state)
{
    struct fixture *f = *state;
    struct client c = alice("made-up", 1);

    acquire(f, without_contexts);
    assert_int_equal(login(f, &c), SEC_I_CONTINUE_NEEDED);
    assert_stale(f);
    c.password = "wrong";
    assert_int_equal(login(f, &c), SEC_E_LOGON_DENIED);
    assert_int_equal(f->out.n_tokens, 0);
}

static void nonce_of_another_user_realm_or_future_is_stale(void **state)
{
    struct fixture *f = *state;

    struct client c = first_client(f, without_contexts);
    assert_int_equal(login(f, &c), SEC_E_OK);
    c = alice(f->nonce, 2);
    c.user = "bob";
    c.password = "secret-bob";
    c.algorithm = SSPI_DIGEST_MD5;
    assert_int_equal(login(f, &c), SEC_I_CONTINUE_NEEDED);
    assert_stale(f);
    f->now_ms = START_MS - DIGEST_NONCE_FUTURE_MS - 1;
    c = alice(f->nonce, 3);
    assert_int_equal(login(f, &c), SEC_I_CONTINUE_NEEDED);
    assert_stale(f);
    f->now_ms = START_MS;

    BYTES_CLEANUP struct bytes header = {0};
    void *context = NULL;
    c = alice(f->nonce, 4);
    c.realm = "other";
    answer(&c, &header);
    struct package_input in = input(bytes_as_view(&header));
    in.realm = SSPI_VIEW("other");
    assert_int_equal(call(f, &context, &in), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(f->error_info.reason, SSPI_REASON_STALE_NONCE);
    digest_package.destroy(context);
}

static void uri_must_be_that_of_the_request_or_its_absolute_form(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    static const char *const wrong[] = {"/x",       "/x?z",          "/X?y",
                                        "x?y",      "http://host/x", "ftp://h/x?y",
                                        "http:///", "/x?y#",         "//h/x?y"};
    unsigned count = 1;

    acquire(f, without_contexts);
    get_nonce(f, nonce);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct client c = alice(nonce, count);
        c.uri = wrong[i];
        assert_int_equal(login(f, &c), SEC_E_INVALID_TOKEN);
        assert_int_equal(f->error_info.reason, SSPI_REASON_WRONG_URI);
    }
    struct client c = alice(nonce, count++);
    BYTES_CLEANUP struct bytes header = {0};
    void *context = NULL;
    c.uri = "HTTP://host:80/x?y";
    answer(&c, &header);
    struct package_input in = input(bytes_as_view(&header));
    /* Without an authority, the host of the request-target is not known. */
    assert_int_equal(call(f, &context, &in), SEC_E_INVALID_TOKEN);
    assert_int_equal(f->error_info.reason, SSPI_REASON_WRONG_URI);
    in.uri = SSPI_VIEW("http://other/x?y");
    assert_int_equal(call(f, &context, &in), SEC_E_INVALID_TOKEN);
    assert_int_equal(f->error_info.reason, SSPI_REASON_WRONG_URI);
    in.uri = SSPI_VIEW("http://HOST/x?y");
    assert_int_equal(call(f, &context, &in), SEC_E_OK);
    digest_package.destroy(context);
    context = NULL;
    bytes_free(&header);
    c = alice(nonce, count++);
    c.uri = "/anything";
    answer(&c, &header);
    in = input(bytes_as_view(&header));
    in.uri = (struct sspi_view){NULL, 0};
    assert_int_equal(call(f, &context, &in), SEC_E_OK);
    digest_package.destroy(context);
}

static void wrong_realm_and_algorithm_are_refused(void **state)
{
    struct fixture *f = *state;

    struct client c = first_client(f, without_contexts);
    c.realm = "other";
    assert_int_equal(login(f, &c), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(f->error_info.reason, SSPI_REASON_WRONG_REALM);
    c = alice(f->nonce, 1);
    c.algorithm = SSPI_DIGEST_SHA_512_256;
    assert_int_equal(login(f, &c), SEC_E_LOGON_DENIED);
    assert_int_equal(f->error_info.reason, SSPI_REASON_NOT_OFFERED);
}

static void single_backslash_in_a_name_is_accepted_literally(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    struct client c = alice(nonce, 1);

    acquire(f, without_contexts);
    get_nonce(f, nonce);
    c.user = "DOM\\carol";
    c.password = "secret-DOM\\carol";
    assert_int_equal(login(f, &c), SEC_E_OK);
    c.user = "DOM\\\\carol";
    c.hashed_user = "DOM\\carol";
    assert_int_equal(login(f, &c), SEC_E_OUT_OF_SEQUENCE); /* both spellings are the same user */
    c.count = 2;
    assert_int_equal(login(f, &c), SEC_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unknown_user_and_wrong_password_look_the_same),
        TEST(dummy_hash_of_unknown_users_logs_no_client_in),
        TEST(counts_come_in_any_order_but_never_twice),
        TEST(nonce_is_stale_one_millisecond_after_its_lifetime),
        TEST(a_clock_set_back_makes_no_new_nonce_stale),
        TEST(only_a_client_with_the_password_learns_that_a_nonce_is_stale),
        TEST(nonce_of_another_user_realm_or_future_is_stale),
        TEST(uri_must_be_that_of_the_request_or_its_absolute_form),
        TEST(wrong_realm_and_algorithm_are_refused),
        TEST(single_backslash_in_a_name_is_accepted_literally),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
