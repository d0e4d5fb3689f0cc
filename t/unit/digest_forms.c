/* SPDX-License-Identifier: Apache-2.0 */
/* Forms of logins that have more than name, password and qop auth. */
#include "digest_binding.h"
#include "digest_fixture.h"

/* The first output token as a string. */
static const char *token(struct fixture *f)
{
    if (f->out.n_tokens == 0)
        return "";
    bytes_append(&f->out.tokens[0], "", 1);
    return f->out.tokens[0].data;
}

static void sess_forms_take_the_hash_of_their_base(void **state)
{
    struct fixture *f = *state;

    struct client c = first_client(
        f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS,
                                .Algorithms = {SSPI_DIGEST_SHA_256_SESS, SSPI_DIGEST_MD5_SESS}});
    c.algorithm = SSPI_DIGEST_SHA_256_SESS;
    assert_int_equal(login(f, &c), SEC_E_OK);
    c.algorithm = SSPI_DIGEST_MD5_SESS;
    c.count = 2;
    c.cnonce = "another";
    assert_int_equal(login(f, &c), SEC_E_OK);
    c.algorithm = SSPI_DIGEST_SHA_256;
    c.count = 3;
    assert_int_equal(login(f, &c), SEC_E_LOGON_DENIED);
    assert_int_equal(f->error_info.reason, SSPI_REASON_NOT_OFFERED);
}

static void the_answer_authenticates_the_server(void **state)
{
    struct fixture *f = *state;

    struct client c = first_client(f, without_contexts);
    assert_int_equal(login(f, &c), SEC_E_OK);
    const char *info = token(f);
    assert_non_null(strstr(info, "rspauth=\""));
    assert_non_null(strstr(info, "nc=00000001"));
    assert_non_null(strstr(info, "cnonce=\"c\""));
    assert_null(strstr(info, "nextnonce"));
    /* The server sends the next nonce while this one is still good. The next nonce is good too. */
    f->now_ms = START_MS + 300000 / 4 * 3;
    c.count = 2;
    assert_int_equal(login(f, &c), SEC_E_OK);
    assert_null(strstr(token(f), "nextnonce"));
    f->now_ms++;
    c.count = 3;
    assert_int_equal(login(f, &c), SEC_E_OK);
    const char *next = strstr(token(f), "nextnonce=\"");
    assert_non_null(next);
    char taken[DIGEST_NONCE_LEN + 1];
    memcpy(taken, next + strlen("nextnonce=\""), DIGEST_NONCE_LEN);
    taken[DIGEST_NONCE_LEN] = '\0';
    c.nonce = taken;
    c.count = 4; /* libsoup does not start again at 1 */
    assert_int_equal(login(f, &c), SEC_E_OK);
    /* A refused client gets no Authentication-Info. */
    c.password = "wrong";
    assert_int_equal(login(f, &c), SEC_E_LOGON_DENIED);
    assert_int_equal(f->out.n_tokens, 0);
}

static void hash_of_the_body_is_requested_and_then_checked(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes header = {0}, right = {0}, wrong = {0};
    void *context = NULL;

    struct client c =
        first_client(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS |
                                                      SSPI_ACCEPTOR_OFFER_INTEGRITY});
    c.body = "hello";
    answer(&c, &header);
    struct package_input in = input(bytes_as_view(&header));
    assert_int_equal(call(f, &context, &in), SEC_E_INCOMPLETE_MESSAGE);
    assert_int_equal(f->error_info.reason, SSPI_REASON_ENTITY_WANTED);
    in.entity_hash = octets_of("hellO", SSPI_DIGEST_SHA_256, &wrong);
    assert_int_equal(call(f, &context, &in), SEC_E_LOGON_DENIED);
    assert_int_equal(f->error_info.reason, SSPI_REASON_WRONG_PASSWORD);
    in.entity_hash = SSPI_VIEW("another length");
    assert_int_equal(call(f, &context, &in), SEC_E_INVALID_TOKEN);
    in.entity_hash = SSPI_VIEW(""); /* a text that is not hexadecimal */
    assert_int_equal(call(f, &context, &in), SEC_E_INVALID_TOKEN);
    in.entity_hash = octets_of("hello", SSPI_DIGEST_SHA_256, &right);
    assert_int_equal(call(f, &context, &in), SEC_E_OK);
    assert_true((digest_package.info(context)->attributes & ASC_RET_INTEGRITY) != 0);
    digest_package.destroy(context);
    context = NULL;
    /* The same response again: it is refused before a body is read. */
    in.entity_hash = (struct sspi_view){NULL, 0};
    assert_int_equal(call(f, &context, &in), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(f->error_info.reason, SSPI_REASON_REPLAY);
    assert_null(context);
    f->now_ms += 300001;
    assert_int_equal(call(f, &context, &in), SEC_I_CONTINUE_NEEDED);
    assert_stale(f);
    digest_package.destroy(context);
}

static void caller_can_pass_the_hash_of_the_user(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes header = {0};
    uint8_t hash_a1[HASH_MAX];
    struct hash_suite suite;
    void *context = NULL;

    struct client c =
        first_client(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS |
                                                      SSPI_ACCEPTOR_CALLER_HASHES});
    c.algorithm = SSPI_DIGEST_MD5;
    answer(&c, &header);
    struct package_input in = input(bytes_as_view(&header));
    assert_int_equal(call(f, &context, &in), SEC_E_INCOMPLETE_MESSAGE);
    assert_int_equal(f->error_info.reason, SSPI_REASON_HASH_WANTED);
    in.hash_a1 = SSPI_VIEW(""); /* no such user */
    assert_int_equal(call(f, &context, &in), SEC_E_LOGON_DENIED);
    assert_int_equal(f->error_info.reason, SSPI_REASON_WRONG_PASSWORD);
    assert_true(hash_suite_init(&suite));
    assert_true(
        hash_once(&suite, SSPI_DIGEST_MD5, SSPI_VIEW("alice:" REALM ":secret-alice"), hash_a1));
    hash_suite_clear(&suite);
    in.hash_a1 = (struct sspi_view){(const char *)hash_a1, 16};
    assert_int_equal(call(f, &context, &in), SEC_E_OK);
    digest_package.destroy(context);
}

static void userhash_finds_the_user_and_the_name(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes hash = {0}, header = {0};
    void *context = NULL;

    struct client c =
        first_client(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS |
                                                      SSPI_ACCEPTOR_OFFER_USERHASH});
    hex_of("alice:" REALM, SSPI_DIGEST_SHA_256, &hash);
    bytes_append(&hash, "", 1);
    c.user = hash.data;
    c.hashed_user = "alice";
    c.more = ", userhash=true";
    answer(&c, &header);
    struct package_input in = input(bytes_as_view(&header));
    assert_int_equal(call(f, &context, &in), SEC_E_OK);
    assert_string_equal(digest_package.info(context)->name, "alice");
    digest_package.destroy(context);
    /* The nonce belongs to one user, whatever form the name has. */
    c = alice(f->nonce, 2);
    assert_int_equal(login(f, &c), SEC_E_OK);
    hash.data[0] = hash.data[0] == '0' ? '1' : '0';
    c.user = hash.data;
    c.hashed_user = "alice";
    c.more = ", userhash=true";
    c.count = 3;
    assert_int_equal(login(f, &c), SEC_E_LOGON_DENIED);
    assert_int_equal(f->error_info.reason, SSPI_REASON_WRONG_PASSWORD);
}

static void userhash_that_was_not_offered_is_refused(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes hash = {0};

    struct client c = first_client(f, without_contexts);
    hex_of("alice:" REALM, SSPI_DIGEST_SHA_256, &hash);
    bytes_append(&hash, "", 1);
    c.user = hash.data;
    c.hashed_user = "alice";
    c.more = ", userhash=true";
    assert_int_equal(login(f, &c), SEC_E_LOGON_DENIED);
    assert_int_equal(f->error_info.reason, SSPI_REASON_NOT_OFFERED);
}

static void opaque_of_another_challenge_is_stale(void **state)
{
    struct fixture *f = *state;
    BYTES_CLEANUP struct bytes more = {0};
    struct sspi_view opaque = store_state_opaque(f->state);

    struct client c = first_client(f, without_contexts);
    bytes_append_format(&more, ", opaque=\"%.*s\"", (int)opaque.len, opaque.data);
    bytes_append_char(&more, '\0');
    c.more = more.data;
    assert_int_equal(login(f, &c), SEC_E_OK);
    c.count = 2;
    c.more = ", opaque=\"another\"";
    assert_int_equal(login(f, &c), SEC_I_CONTINUE_NEEDED);
    assert_stale(f);
}

static void decomposed_name_is_the_composed_user(void **state)
{
    struct fixture *f = *state;

    struct client c = first_client(f, without_contexts);
    c.user = "ja\xcc\x88s";
    c.hashed_user = "j\xc3\xa4s";
    c.password = "secret-j\xc3\xa4s";
    assert_int_equal(login(f, &c), SEC_E_OK);
}

static void name_that_contains_a_realm_needs_no_other(void **state)
{
    struct fixture *f = *state;

    struct client c = first_client(f, without_contexts);
    c.user = "dave@example.org";
    c.password = "secret-dave@example.org";
    c.realm = "";
    assert_int_equal(login(f, &c), SEC_E_OK);
    /* Any other name needs the realm of the location. */
    c = alice(f->nonce, 2);
    c.realm = "";
    assert_int_equal(login(f, &c), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    assert_int_equal(f->error_info.reason, SSPI_REASON_WRONG_REALM);
}

/* Logs a Windows client in. `binding` is the MD5 of the channel in hexadecimal. */
static SECURITY_STATUS login_bound(struct fixture *f, struct package_input *in,
                                   const struct client *from, const char *binding, void **context)
{
    BYTES_CLEANUP struct bytes header = {0}, joined = {0}, hash = {0}, cnonce = {0}, more = {0};
    struct client c = *from;

    bytes_append_format(&joined, "HTTP/www.example.org:%s", binding);
    bytes_append_char(&joined, '\0');
    hex_of(joined.data, SSPI_DIGEST_MD5, &hash);
    bytes_append_text(&cnonce, DIGEST_BINDING_PREFIX);
    bytes_append_view(&cnonce, bytes_as_view(&hash));
    bytes_append_text(&cnonce, "0123456789abcdef0123456789abcdef");
    bytes_append_char(&cnonce, '\0');
    bytes_append_format(&more,
                        ", hashed-dirs=\"service-name,channel-binding\", "
                        "service-name=\"HTTP/www.example.org\", channel-binding=\"%s\"",
                        binding);
    bytes_append_char(&more, '\0');
    c.cnonce = cnonce.data;
    c.more = more.data;
    answer(&c, &header);
    in->token = bytes_as_view(&header);
    return call(f, context, in);
}

static void channel_of_windows_clients_is_checked(void **state)
{
    struct fixture *f = *state;
    static const char right[] = "6ea19df066da4622051f9c4f92c6df74";
    /* from a published capture: the certificate's hash after its type */
    uint8_t hash[32] = {0xE3, 0xCA, 0x49, 0x27, 0x1E, 0x50, 0x89, 0xCC, 0x48, 0xCE, 0x82,
                        0x10, 0x9F, 0x13, 0x24, 0xF4, 0x1D, 0xBE, 0xDD, 0xC2, 0x9A, 0x77,
                        0x74, 0x10, 0xC7, 0x38, 0xF7, 0x86, 0x8C, 0x4F, 0xF4, 0x05};
    BYTES_CLEANUP struct bytes application = {0};
    char nonce[DIGEST_NONCE_LEN + 1];
    struct package_input in = input(SSPI_VIEW(""));
    void *context = NULL;

    bytes_append_text(&application, "tls-server-end-point:");
    bytes_append(&application, hash, sizeof(hash));
    struct package_channel_binding binding = {.application = bytes_as_view(&application)};
    acquire(f, without_contexts);
    get_nonce(f, nonce);
    in.bindings = &binding;
    in.n_bindings = 1;
    struct client c = alice(nonce, 1);
    c.algorithm = SSPI_DIGEST_MD5_SESS;
    assert_int_equal(login_bound(f, &in, &c, right, &context), SEC_E_OK);
    assert_int_equal(digest_package.info(context)->bound, PACKAGE_BOUND_MATCHED);
    assert_string_equal(digest_package.info(context)->target, "HTTP/www.example.org");
    digest_package.destroy(context);
    context = NULL;
    c.count = 2;
    assert_int_equal(login_bound(f, &in, &c, "7ea19df066da4622051f9c4f92c6df74", &context),
                     SEC_E_BAD_BINDINGS);
    assert_int_equal(f->error_info.reason, SSPI_REASON_BAD_BINDING);
    /* The login was refused before its count was used up. A client with a wrong password learns
     * nothing about bindings. */
    c.password = "wrong";
    assert_int_equal(login_bound(f, &in, &c, "7ea19df066da4622051f9c4f92c6df74", &context),
                     SEC_E_LOGON_DENIED);
    c.password = "secret-alice";
    assert_int_equal(login_bound(f, &in, &c, right, &context), SEC_E_OK);
    digest_package.destroy(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sess_forms_take_the_hash_of_their_base),
        TEST(the_answer_authenticates_the_server),
        TEST(hash_of_the_body_is_requested_and_then_checked),
        TEST(caller_can_pass_the_hash_of_the_user),
        TEST(userhash_finds_the_user_and_the_name),
        TEST(userhash_that_was_not_offered_is_refused),
        TEST(opaque_of_another_challenge_is_stale),
        TEST(decomposed_name_is_the_composed_user),
        TEST(name_that_contains_a_realm_needs_no_other),
        TEST(channel_of_windows_clients_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
