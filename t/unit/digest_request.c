/* SPDX-License-Identifier: Apache-2.0 */
/* Later requests of an established context, and the signatures of its answers. */
#include "digest_fixture.h"

static const struct sspi_view nothing = {NULL, 0};

/* A context that alice's request with `count` and a new nonce established. */
static void *established(struct fixture *f, struct client *ret_client, unsigned count)
{
    static char nonce[DIGEST_NONCE_LEN + 1];
    BYTES_CLEANUP struct bytes header = {0};
    void *context = NULL;

    get_nonce(f, nonce);
    *ret_client = alice(nonce, count);
    answer(ret_client, &header);
    struct package_input in = input(bytes_as_view(&header));
    assert_int_equal(call(f, &context, &in), SEC_E_OK);
    return context;
}

static SECURITY_STATUS verify_with(struct fixture *f, void *context, const struct client *c,
                                   struct package_input in)
{
    BYTES_CLEANUP struct bytes header = {0};

    answer(c, &header);
    in.token = bytes_as_view(&header);
    clear_output(f);
    return digest_package.verify_request(context, &in, &f->out);
}

static SECURITY_STATUS verify(struct fixture *f, void *context, const struct client *c)
{
    return verify_with(f, context, c, input(nothing));
}

static void later_requests_are_verified_one_count_after_the_other(void **state)
{
    struct fixture *f = *state;
    struct client c;

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    void *context = established(f, &c, 3);
    for (c.count = 4; c.count < 8; c.count++)
        assert_int_equal(verify(f, context, &c), SEC_E_OK);
    c.count = 7; /* again */
    assert_int_equal(verify(f, context, &c), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(f->error_info.reason, SSPI_REASON_REPLAY);
    c.count = 9; /* one count is left out */
    assert_int_equal(verify(f, context, &c), SEC_E_OUT_OF_SEQUENCE);
    c.count = 8;
    assert_int_equal(verify(f, context, &c), SEC_E_OK);
    digest_package.destroy(context);
    /* A count that VerifySignature used up cannot be used for a login either. */
    assert_int_equal(login(f, &c), SEC_E_OUT_OF_SEQUENCE);
}

static void a_wrong_request_does_not_use_up_a_count(void **state)
{
    struct fixture *f = *state;
    struct client c;

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    void *context = established(f, &c, 1);
    struct client wrong = c;
    wrong.count = 2;
    wrong.password = "guessed";
    assert_int_equal(verify(f, context, &wrong), SEC_E_MESSAGE_ALTERED);
    assert_int_equal(f->error_info.reason, SSPI_REASON_ALTERED);
    c.count = 2;
    struct package_input in = input(nothing);
    in.method = SSPI_VIEW("DELETE");
    assert_int_equal(verify_with(f, context, &c, in), SEC_E_MESSAGE_ALTERED);
    assert_string_equal(digest_package.info(context)->name, "alice");
    assert_int_equal(verify(f, context, &c), SEC_E_OK);
    digest_package.destroy(context);
}

static void values_of_another_context_are_refused(void **state)
{
    struct fixture *f = *state;
    char other[DIGEST_NONCE_LEN + 1];
    struct client c, changed;

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    void *context = established(f, &c, 1);
    get_nonce(f, other);
    c.count = 2;
    changed = c;
    changed.nonce = other;
    assert_int_equal(verify(f, context, &changed), SEC_E_MESSAGE_ALTERED);
    changed = c;
    changed.user = "bob";
    changed.password = "secret-bob";
    assert_int_equal(verify(f, context, &changed), SEC_E_MESSAGE_ALTERED);
    changed = c;
    changed.algorithm = SSPI_DIGEST_MD5;
    assert_int_equal(verify(f, context, &changed), SEC_E_MESSAGE_ALTERED);
    changed = c;
    changed.more = ", opaque=\"another\"";
    assert_int_equal(verify(f, context, &changed), SEC_E_MESSAGE_ALTERED);
    struct package_input in = input(nothing);
    in.uri = SSPI_VIEW("/y");
    assert_int_equal(verify_with(f, context, &c, in), SEC_E_INVALID_TOKEN);
    assert_int_equal(f->error_info.reason, SSPI_REASON_WRONG_URI);
    in = input(SSPI_VIEW("nc=one"));
    assert_int_equal(digest_package.verify_request(context, &in, &f->out), SEC_E_INVALID_TOKEN);
    in = input(nothing);
    in.requirements = ASC_REQ_INTEGRITY;
    assert_int_equal(verify_with(f, context, &c, in), SEC_E_QOP_NOT_SUPPORTED);
    f->now_ms += 300001;
    assert_int_equal(verify(f, context, &c), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(f->error_info.reason, SSPI_REASON_STALE_NONCE);
    digest_package.destroy(context);
}

static void hash_of_the_body_is_required_and_checked(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1], octets[HASH_MAX];
    BYTES_CLEANUP struct bytes header = {0};
    struct hash_suite suite;
    uint8_t hash[HASH_MAX];
    void *context = NULL;

    acquire(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_OFFER_INTEGRITY});
    assert_true(hash_suite_init(&suite));
    assert_true(hash_once(&suite, SSPI_DIGEST_SHA_256, SSPI_VIEW("body"), hash));
    memcpy(octets, hash, sizeof(hash));
    get_nonce(f, nonce);
    struct client c = alice(nonce, 1);
    answer(&c, &header);
    struct package_input in = input(bytes_as_view(&header));
    assert_int_equal(call(f, &context, &in), SEC_E_OK);
    c.count = 2;
    c.body = "body";
    assert_int_equal(verify(f, context, &c), SEC_E_INCOMPLETE_MESSAGE);
    assert_int_equal(f->error_info.reason, SSPI_REASON_ENTITY_WANTED);
    in = input(nothing);
    in.entity_hash = (struct sspi_view){octets, 31};
    assert_int_equal(verify_with(f, context, &c, in), SEC_E_INVALID_TOKEN);
    octets[0] ^= 1;
    in.entity_hash = (struct sspi_view){octets, 32};
    assert_int_equal(verify_with(f, context, &c, in), SEC_E_MESSAGE_ALTERED);
    octets[0] ^= 1;
    assert_int_equal(verify_with(f, context, &c, in), SEC_E_OK);
    /* The signature covers the answer's body if the caller knows it. */
    clear_output(f);
    assert_int_equal(digest_package.sign_answer(context, &in, &f->out), SEC_E_OK);
    bytes_append(&f->out.tokens[0], "", 1);
    assert_non_null(strstr(f->out.tokens[0].data, "qop=auth-int"));
    in.entity_hash = (struct sspi_view){octets, 1};
    clear_output(f);
    assert_int_equal(digest_package.sign_answer(context, &in, &f->out), SEC_E_INVALID_TOKEN);
    in.entity_hash = nothing;
    assert_int_equal(digest_package.sign_answer(context, &in, &f->out), SEC_E_OK);
    bytes_append(&f->out.tokens[0], "", 1);
    assert_null(strstr(f->out.tokens[0].data, "auth-int"));
    digest_package.destroy(context);
    hash_suite_clear(&suite);
}

static void contexts_of_one_nonce_share_its_sequence(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes header = {0};
    struct client c;
    void *second = NULL;

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    void *first = established(f, &c, 1);
    c.count = 2;
    answer(&c, &header);
    struct package_input in = input(bytes_as_view(&header));
    assert_int_equal(call(f, &second, &in), SEC_I_COMPLETE_NEEDED);
    assert_int_equal(digest_package.verify_request(second, &in, &f->out), SEC_E_INVALID_HANDLE);
    assert_int_equal(digest_package.complete(second, &in, &f->out), SEC_E_OK);
    assert_int_equal(verify(f, first, &c), SEC_E_OUT_OF_SEQUENCE);
    c.count = 3;
    assert_int_equal(verify(f, first, &c), SEC_E_OK);
    c.count = 4;
    assert_int_equal(verify(f, second, &c), SEC_E_OK);
    digest_package.destroy(second);
    digest_package.destroy(first);
}

static void an_answer_is_signed_with_the_context_s_key(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes first = {0};
    struct client c;

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    void *context = established(f, &c, 1);
    bytes_append_view(&first, bytes_as_view(&f->out.tokens[0]));
    struct package_input in = input(nothing);
    clear_output(f);
    assert_int_equal(digest_package.sign_answer(context, &in, &f->out), SEC_E_OK);
    /* The same as the answer to the login. */
    assert_true(bytes_equal(bytes_as_view(&first), bytes_as_view(&f->out.tokens[0])));
    c.count = 2;
    assert_int_equal(verify(f, context, &c), SEC_E_OK);
    clear_output(f);
    assert_int_equal(digest_package.sign_answer(context, &in, &f->out), SEC_E_OK);
    bytes_append(&f->out.tokens[0], "", 1);
    assert_non_null(strstr(f->out.tokens[0].data, "nc=00000002"));
    in.uri = SSPI_VIEW("/other");
    assert_int_equal(digest_package.sign_answer(context, &in, &f->out), SEC_E_INVALID_TOKEN);
    in.uri = nothing;
    f->now_ms += 300001;
    assert_int_equal(digest_package.sign_answer(context, &in, &f->out),
                     SEC_E_NO_AUTHENTICATING_AUTHORITY);
    digest_package.destroy(context);
}

static void the_channel_of_the_login_must_stay_the_same(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes header = {0};
    void *context = NULL;

    /* HTTP/www.example.org through the channel f537440d... */
    static const char bound[] =
        ", hashed-dirs=\"service-name,channel-binding\", service-name=\"HTTP/www.example.org\", "
        "channel-binding=\"f537440df80b05379a909528be1bdac9\"";
    static const char cnonce[] = "+Upgraded+v1040bda6ded9408ae45c689a5796c55df0123456789abcdef"
                                 "0123456789abcdef";
    struct client c = first_client(f, (SSPI_ACCEPTOR_DATA){0});
    c.more = bound;
    c.cnonce = cnonce;
    answer(&c, &header);
    struct package_input in = input(bytes_as_view(&header));
    assert_int_equal(call(f, &context, &in), SEC_E_OK);
    c.count = 2;
    assert_int_equal(verify(f, context, &c), SEC_E_OK);
    c.count = 3;
    struct client unbound = c;
    unbound.more = NULL;
    assert_int_equal(verify(f, context, &unbound), SEC_E_BAD_BINDINGS);
    unbound.cnonce = NULL;
    assert_int_equal(verify(f, context, &unbound), SEC_E_BAD_BINDINGS);
    assert_int_equal(verify(f, context, &c), SEC_E_OK);
    digest_package.destroy(context);
}

static void credentials_without_contexts_do_not_verify_later_requests(void **state)
{
    struct fixture *f = *state;
    struct client c;

    acquire(f, without_contexts);
    void *context = established(f, &c, 1);
    struct package_input in = input(nothing);
    c.count = 2;
    assert_int_equal(verify(f, context, &c), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(digest_package.sign_answer(context, &in, &f->out), SEC_E_UNSUPPORTED_FUNCTION);
    digest_package.destroy(context);
    digest_package.release(f->credential);
    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    context = established(f, &c, 1);
    digest_package.release(f->credential);
    f->credential = NULL;
    assert_int_equal(digest_package.sign_answer(context, &in, &f->out), SEC_E_INVALID_HANDLE);
    digest_package.destroy(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(later_requests_are_verified_one_count_after_the_other),
        TEST(a_wrong_request_does_not_use_up_a_count),
        TEST(values_of_another_context_are_refused),
        TEST(hash_of_the_body_is_required_and_checked),
        TEST(contexts_of_one_nonce_share_its_sequence),
        TEST(an_answer_is_signed_with_the_context_s_key),
        TEST(the_channel_of_the_login_must_stay_the_same),
        TEST(credentials_without_contexts_do_not_verify_later_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
