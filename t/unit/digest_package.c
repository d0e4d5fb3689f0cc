/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_fixture.h"

static void first_call_gives_one_challenge_for_each_algorithm_with_one_nonce(void **state)
{
    struct fixture *f = *state;
    struct package_input in = input((struct sspi_view){NULL, 0});
    void *context = NULL;
    char nonce[DIGEST_NONCE_LEN + 1];

    acquire(f, without_contexts);
    assert_int_equal(call(f, &context, &in), SEC_I_CONTINUE_NEEDED);
    assert_non_null(context);
    assert_null(digest_package.info(context));
    assert_int_equal(f->out.n_tokens, 2);
    take_nonce(f, nonce);
    bytes_append(&f->out.tokens[1], "", 1);
    assert_non_null(strstr(f->out.tokens[0].data, "realm=\"office\""));
    assert_non_null(strstr(f->out.tokens[0].data, "algorithm=SHA-256"));
    assert_non_null(strstr(f->out.tokens[1].data, "algorithm=MD5"));
    assert_non_null(strstr(f->out.tokens[1].data, nonce));
    assert_null(strstr(f->out.tokens[0].data, "stale"));
    in.n_tokens = 1;
    assert_int_equal(call(f, &context, &in), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(f->out.n_tokens, 1);
    digest_package.destroy(context);
}

static void right_password_establishes_a_context_with_the_name(void **state)
{
    struct fixture *f = *state;
    struct package_input in = input(SSPI_VIEW(""));
    BYTES_CLEANUP struct bytes header = {0};
    char nonce[DIGEST_NONCE_LEN + 1];
    void *context = NULL;

    acquire(f, without_contexts);
    assert_int_equal(call(f, &context, &in), SEC_I_CONTINUE_NEEDED);
    take_nonce(f, nonce);
    struct client c = alice(nonce, 1);
    answer(&c, &header);
    in = input(bytes_as_view(&header));
    assert_int_equal(call(f, &context, &in), SEC_E_OK);
    const struct package_info *info = digest_package.info(context);
    assert_string_equal(info->name, "alice");
    assert_string_equal(info->realm, REALM);
    assert_string_equal(info->algorithm, "SHA-256");
    assert_ptr_equal(info->mechanism, &digest_package);
    assert_true(info->expiry_ms == UINT64_MAX && info->start_ms == START_MS);
    assert_int_equal(info->bound, PACKAGE_BOUND_UNCHECKED);
    assert_int_equal(f->error_info.reason, SSPI_REASON_NONE);
    assert_int_equal(call_established(f, context, &in), STATUS_LOGON_FAILURE);
    assert_non_null(digest_package.info(context));
    digest_package.destroy(context);
}

static void further_request_of_an_active_nonce_is_completed(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes first = {0}, second = {0};
    void *one = NULL, *two = NULL, *three = NULL;

    struct client c = first_client(f, (SSPI_ACCEPTOR_DATA){0});
    answer(&c, &first);
    struct package_input in = input(bytes_as_view(&first));
    assert_int_equal(call(f, &one, &in), SEC_E_OK);
    assert_int_equal(digest_package.complete(one, &in, &f->out), SEC_E_INVALID_HANDLE);
    c.count = 2;
    answer(&c, &second);
    in = input(bytes_as_view(&second));
    assert_int_equal(call(f, &two, &in), SEC_I_COMPLETE_NEEDED);
    assert_null(digest_package.info(two));
    in.realm = SSPI_VIEW("whatever the output token was");
    assert_int_equal(digest_package.complete(two, &in, &f->out), SEC_E_OK);
    assert_string_equal(digest_package.info(two)->name, "alice");
    assert_int_equal(digest_package.complete(two, &in, &f->out), SEC_E_INVALID_HANDLE);
    /* The same header again is deferred, and the call that verifies it refuses it. */
    in = input(bytes_as_view(&second));
    assert_int_equal(call(f, &three, &in), SEC_I_COMPLETE_NEEDED);
    assert_int_equal(digest_package.complete(three, &in, &f->out), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(f->error_info.reason, SSPI_REASON_REPLAY);
    assert_null(digest_package.info(three));
    digest_package.destroy(three);
    digest_package.destroy(one);
    digest_package.destroy(two);
    /* No context is left, so the response is checked at once again. */
    c.count = 3;
    assert_int_equal(login(f, &c), SEC_E_OK);
}

static void complete_checks_the_password_and_the_age(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes first = {0}, wrong = {0}, late = {0};
    void *one = NULL, *two = NULL, *three = NULL;

    struct client c = first_client(f, (SSPI_ACCEPTOR_DATA){0});
    answer(&c, &first);
    struct package_input in = input(bytes_as_view(&first));
    assert_int_equal(call(f, &one, &in), SEC_E_OK);
    c.count = 2;
    c.password = "wrong";
    answer(&c, &wrong);
    in = input(bytes_as_view(&wrong));
    assert_int_equal(call(f, &two, &in), SEC_I_COMPLETE_NEEDED);
    assert_int_equal(digest_package.complete(two, &in, &f->out), SEC_E_LOGON_DENIED);
    assert_null(digest_package.info(two));
    c = alice(f->nonce, 2);
    answer(&c, &late);
    in = input(bytes_as_view(&late));
    assert_int_equal(call(f, &three, &in), SEC_I_COMPLETE_NEEDED);
    f->now_ms += 300001;
    assert_int_equal(digest_package.complete(three, &in, &f->out), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(f->error_info.reason, SSPI_REASON_STALE_NONCE);
    /* Another user with the same nonce is not deferred, because the context belongs to the first
     * user. */
    f->now_ms = START_MS;
    c = alice(f->nonce, 9);
    c.user = "bob";
    c.password = "secret-bob";
    c.algorithm = SSPI_DIGEST_MD5;
    assert_int_equal(login(f, &c), SEC_I_CONTINUE_NEEDED);
    digest_package.destroy(one);
    digest_package.destroy(two);
    digest_package.destroy(three);
}

static void contexts_outlive_their_credential_but_verify_nothing(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes first = {0}, second = {0};
    void *one = NULL, *two = NULL;

    struct client c = first_client(f, (SSPI_ACCEPTOR_DATA){0});
    answer(&c, &first);
    struct package_input in = input(bytes_as_view(&first));
    assert_int_equal(call(f, &one, &in), SEC_E_OK);
    c.count = 2;
    answer(&c, &second);
    in = input(bytes_as_view(&second));
    assert_int_equal(call(f, &two, &in), SEC_I_COMPLETE_NEEDED);
    digest_package.release(f->credential);
    f->credential = NULL;
    assert_int_equal(digest_package.complete(two, &in, &f->out), SEC_E_INVALID_HANDLE);
    assert_string_equal(digest_package.info(one)->name, "alice");
    digest_package.destroy(two);
    digest_package.destroy(one);
}

static void requirements_that_cannot_be_met_fail(void **state)
{
    struct fixture *f = *state;
    struct package_channel_binding binding = {0};
    BYTES_CLEANUP struct bytes header = {0};
    void *context = NULL;

    struct client c = first_client(f, without_contexts);
    c.algorithm = SSPI_DIGEST_MD5; /* offered with and without a required binding */
    answer(&c, &header);
    struct package_input in = input(bytes_as_view(&header));
    in.requirements = ASC_REQ_CONFIDENTIALITY;
    assert_int_equal(call(f, &context, &in), SEC_E_SECURITY_QOS_FAILED);
    in.requirements = ASC_REQ_INTEGRITY;
    assert_int_equal(call(f, &context, &in), SEC_E_QOP_NOT_SUPPORTED);
    in.requirements = ASC_REQ_PROXY_BINDINGS;
    assert_int_equal(call(f, &context, &in), SEC_E_BAD_BINDINGS);
    in.requirements = 0;
    in.bindings = &binding;
    in.n_bindings = 1;
    assert_int_equal(call(f, &context, &in), SEC_E_BAD_BINDINGS);
    assert_int_equal(f->error_info.reason, SSPI_REASON_MISSING_BINDING);
    assert_null(context);
    in.requirements = ASC_REQ_ALLOW_MISSING_BINDINGS;
    assert_int_equal(call(f, &context, &in), SEC_E_OK);
    digest_package.destroy(context);
}

static void calls_without_realm_or_method_are_refused(void **state)
{
    struct fixture *f = *state;
    struct package_input in = input(SSPI_VIEW(""));
    BYTES_CLEANUP struct bytes header = {0};
    struct client c = alice("n", 1);
    void *context = NULL;

    acquire(f, without_contexts);
    in = input(SSPI_VIEW(""));
    in.realm = (struct sspi_view){NULL, 0};
    assert_int_equal(call(f, &context, &in), SEC_E_INVALID_TOKEN);
    assert_int_equal(f->error_info.reason, SSPI_REASON_CONFIGURATION);
    in.realm = SSPI_VIEW("a\r\nb");
    assert_int_equal(call(f, &context, &in), SEC_E_INVALID_TOKEN);
    answer(&c, &header);
    in = input(bytes_as_view(&header));
    in.method = (struct sspi_view){NULL, 0};
    assert_int_equal(call(f, &context, &in), SEC_E_INVALID_TOKEN);
    in = input(SSPI_VIEW("username=\"x"));
    assert_int_equal(call(f, &context, &in), SEC_E_INVALID_TOKEN);
    assert_int_equal(f->error_info.reason, SSPI_REASON_MALFORMED);
    assert_null(context);
    digest_package.release(f->credential);
    acquire(f, (SSPI_ACCEPTOR_DATA){.DefaultRealm = REALM});
    in = input(SSPI_VIEW(""));
    in.realm = (struct sspi_view){NULL, 0};
    assert_int_equal(call(f, &context, &in), SEC_I_CONTINUE_NEEDED);
    digest_package.destroy(context);
}

static void a_refused_client_gets_a_challenge_if_the_caller_asks(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes header = {0};
    void *context = NULL;

    struct client c = first_client(f, without_contexts);
    c.password = "guessed";
    answer(&c, &header);
    struct package_input in = input(bytes_as_view(&header));
    assert_int_equal(call(f, &context, &in), SEC_E_LOGON_DENIED);
    assert_int_equal(f->out.n_tokens, 0);
    in.requirements = ASC_REQ_EXTENDED_ERROR;
    assert_int_equal(call(f, &context, &in), SEC_E_LOGON_DENIED);
    assert_int_equal(f->out.n_tokens, 2);
    assert_int_equal(f->error_info.reason, SSPI_REASON_WRONG_PASSWORD);
    bytes_append(&f->out.tokens[0], "", 1);
    assert_non_null(strstr(f->out.tokens[0].data, "nonce="));
    assert_null(strstr(f->out.tokens[0].data, "stale"));
    in.token = SSPI_VIEW("username=\"x");
    assert_int_equal(call(f, &context, &in), SEC_E_INVALID_TOKEN);
    assert_int_equal(f->out.n_tokens, 0);
    c = alice(f->nonce, 1);
    answer(&c, (bytes_free(&header), &header));
    in.token = bytes_as_view(&header);
    assert_int_equal(call(f, &context, &in), SEC_E_OK);
    assert_int_equal(digest_package.info(context)->attributes, ASC_RET_EXTENDED_ERROR);
    digest_package.destroy(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_call_gives_one_challenge_for_each_algorithm_with_one_nonce),
        TEST(right_password_establishes_a_context_with_the_name),
        TEST(further_request_of_an_active_nonce_is_completed),
        TEST(complete_checks_the_password_and_the_age),
        TEST(contexts_outlive_their_credential_but_verify_nothing),
        TEST(requirements_that_cannot_be_met_fail),
        TEST(calls_without_realm_or_method_are_refused),
        TEST(a_refused_client_gets_a_challenge_if_the_caller_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
