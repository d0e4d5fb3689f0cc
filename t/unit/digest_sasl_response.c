/* SPDX-License-Identifier: Apache-2.0 */
/* Responses of DIGEST-MD5 that are accepted, and the reasons for which others are refused. */
#include "digest_sasl_client.h"

static void authzid_is_covered_by_the_response(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    struct sasl_session session;
    BYTES_CLEANUP struct bytes token = {0};

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    void *context = sasl_begin(f, 0, nonce);
    struct sasl_client c = sasl_alice(nonce);
    c.authzid = "bj\xc3\xb6rn";
    assert_int_equal(sasl_end(f, context, 0, &c, &session), SEC_E_OK);
    assert_string_equal(digest_package.info(context)->authzid, "bj\xc3\xb6rn");
    assert_string_equal(digest_package.info(context)->name, "alice");
    digest_package.destroy(context);
    /* An attacker added it on the way. */
    context = sasl_begin(f, 0, nonce);
    c.authzid = NULL;
    c.nonce = nonce;
    sasl_answer(&c, &token, &session);
    bytes_append_text(&token, ",authzid=\"root\"");
    struct package_input in = sasl_input(bytes_as_view(&token), 0);
    assert_int_equal(call(f, &context, &in), SEC_E_LOGON_DENIED);
    digest_package.destroy(context);
    /* An empty authzid is hashed, but names no identity. */
    context = sasl_begin(f, 0, nonce);
    c = sasl_alice(nonce);
    c.authzid = "";
    assert_int_equal(sasl_end(f, context, 0, &c, &session), SEC_E_OK);
    assert_null(digest_package.info(context)->authzid);
    digest_package.destroy(context);
}

static void names_are_compared_in_utf_8(void **state)
{
    struct fixture *f = *state;
    struct sasl_client c = sasl_alice(NULL);

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    /* A client that hashes UTF-8. */
    c.user = "j\xc3\xa4s";
    c.password = "secret-j\xc3\xa4s";
    assert_int_equal(sasl_try(f, 0, c), SEC_E_OK);
    /* Without charset=utf-8 the name is ISO-8859-1. Here the client hashes the spelling of the user
     * file. */
    c.hashed_user = c.user;
    c.user = "j\xe4s";
    c.more = "";
    assert_int_equal(sasl_try(f, 0, c), SEC_E_OK);
    /* Cyrus' client sends UTF-8 without charset. */
    c.user = c.hashed_user;
    assert_int_equal(sasl_try(f, 0, c), SEC_E_OK);
    /* One client sends a single backslash between the quotes, and another one escapes it. */
    c = sasl_alice(NULL);
    c.user = "DOM\\carol";
    c.password = "secret-DOM\\carol";
    assert_int_equal(sasl_try(f, 0, c), SEC_E_OK);
    c.hashed_user = c.user;
    c.user = "DOM\\\\carol";
    assert_int_equal(sasl_try(f, 0, c), SEC_E_OK);
}

/* RFC 2831 2.1.2.1: names and passwords that fit ISO-8859-1 are hashed in it, with and without
 * charset. */
static void names_and_passwords_are_hashed_in_iso_8859_1(void **state)
{
    struct fixture *f = *state;
    struct sasl_client c = sasl_alice(NULL);

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    c.user = "ren\xc3\xa9";
    c.hashed_user = "ren\xe9";
    c.password = "secret-ren\xe9";
    assert_int_equal(sasl_try(f, 0, c), SEC_E_OK);
    c.user = "ren\xe9";
    c.more = "";
    assert_int_equal(sasl_try(f, 0, c), SEC_E_OK);
    /* A client that always hashes UTF-8. */
    c = sasl_alice(NULL);
    c.user = "ren\xc3\xa9";
    c.password = "secret-ren\xc3\xa9";
    assert_int_equal(sasl_try(f, 0, c), SEC_E_OK);
    /* A client that mixes the encodings, and a user without a hash of ISO-8859-1. */
    c.hashed_user = "ren\xe9";
    sasl_refused(f, 0, c, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
    c.user = "j\xc3\xa4s";
    c.hashed_user = "j\xe4s";
    c.password = "secret-j\xe4s";
    sasl_refused(f, 0, c, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
}

static void malformed_responses_are_refused(void **state)
{
    struct fixture *f = *state;
    struct sasl_client c = sasl_alice(NULL);

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    c.more = ",maxbuf=16";
    sasl_refused(f, ANYTHING, c, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED);
    c.more = ",nc=00000001";
    sasl_refused(f, ANYTHING, c, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED);
    c.more = NULL;
    c.qop = "auth-conf";
    sasl_refused(f, ANYTHING, c, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED);
}

static void values_that_were_not_offered_are_refused(void **state)
{
    static const struct {
        ULONG requirements;
        const char *qop, *cipher;
    } cases[] = {
        {0, "auth-int", NULL},
        {0, "auth-conf", "rc4"},
        {ASC_REQ_CONFIDENTIALITY, "auth-int", NULL},
        {ASC_REQ_INTEGRITY, "auth-conf", "rc4"},
        {ANYTHING, "auth-conf", "des"},
        {ANYTHING, "auth-conf", "rc4-56"},
        {ANYTHING, "auth-conf", "rc4-40"},
        {ANYTHING, "auth-conf", "aes"},
        {ANYTHING, "auth-more", NULL},
    };
    struct fixture *f = *state;

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sasl_client c = sasl_alice(NULL);
        c.qop = cases[i].qop;
        c.cipher = cases[i].cipher;
        sasl_refused(f, cases[i].requirements, c, SEC_E_QOP_NOT_SUPPORTED, SSPI_REASON_NOT_OFFERED);
    }
}

/* The offer of the challenge counts, not the requirements of the second call. */
static void the_offer_of_the_challenge_does_not_change(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    struct sasl_session session;

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    void *context = sasl_begin(f, 0, nonce);
    struct sasl_client c = sasl_alice(nonce);
    c.qop = "auth-int";
    assert_int_equal(sasl_end(f, context, ANYTHING, &c, &session), SEC_E_QOP_NOT_SUPPORTED);
    digest_package.destroy(context);
    context = sasl_begin(f, ASC_REQ_INTEGRITY, nonce);
    assert_int_equal(sasl_end(f, context, 0, &c, &session), SEC_E_OK);
    digest_package.destroy(context);
}

static void unknown_users_and_wrong_passwords_look_the_same(void **state)
{
    struct fixture *f = *state;
    char text[SSPI_ERROR_TEXT_SIZE];

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    struct sasl_client c = sasl_alice(NULL);
    c.password = "wrong";
    sasl_refused(f, 0, c, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
    strcpy(text, f->error_info.text);
    c = sasl_alice(NULL);
    c.user = "alici";
    sasl_refused(f, 0, c, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
    *strstr(text, "alice") = '\0';
    assert_memory_equal(text, f->error_info.text, strlen(text));
    /* A user who only has a SHA-256 hash cannot log in with DIGEST-MD5. */
    c = sasl_alice(NULL);
    c.user = "dave@example.org";
    c.password = "secret-dave@example.org";
    c.realm = NULL;
    sasl_refused(f, 0, c, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
    c = sasl_alice(NULL);
    c.realm = "old";
    sasl_refused(f, 0, c, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_WRONG_REALM);
    c.realm = NULL;
    sasl_refused(f, 0, c, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_WRONG_REALM);
}

static void nonce_must_be_that_of_the_context(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1], other[DIGEST_NONCE_LEN + 1];
    struct sasl_session session;

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    void *first = sasl_begin(f, 0, nonce);
    void *second = sasl_begin(f, 0, other);
    struct sasl_client c = sasl_alice(nonce);
    assert_int_equal(sasl_end(f, first, 0, &c, &session), SEC_E_OK);
    /* The response that logged the first client in. */
    assert_int_equal(sasl_end(f, second, 0, &c, &session), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(f->error_info.reason, SSPI_REASON_REPLAY);
    /* A client that does not know the password learns nothing about the nonce. */
    c.password = "wrong";
    assert_int_equal(sasl_end(f, second, 0, &c, &session), SEC_E_LOGON_DENIED);
    digest_package.destroy(first);
    digest_package.destroy(second);
    c = sasl_alice("theirs");
    sasl_refused(f, 0, c, SEC_E_OUT_OF_SEQUENCE, SSPI_REASON_REPLAY);
}

/* Windows sends no realm with user@domain, and hashes an empty one. */
static void names_may_contain_their_realm(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    struct sasl_session session;
    BYTES_CLEANUP struct bytes token = {0};
    uint8_t hash[16];

    acquire(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_CALLER_HASHES});
    sasl_md5("dave@example.org::password", 26, hash);
    void *context = sasl_begin(f, 0, nonce);
    struct sasl_client c = sasl_alice(nonce);
    c.user = "dave@example.org";
    c.password = "password";
    c.realm = NULL;
    sasl_answer(&c, &token, &session);
    struct package_input in = sasl_input(bytes_as_view(&token), 0);
    in.hash_a1 = (struct sspi_view){(const char *)hash, 16};
    assert_int_equal(call(f, &context, &in), SEC_E_OK);
    assert_string_equal(digest_package.info(context)->name, "dave@example.org");
    assert_string_equal(digest_package.info(context)->realm, REALM);
    digest_package.destroy(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(authzid_is_covered_by_the_response),
        TEST(names_are_compared_in_utf_8),
        TEST(names_and_passwords_are_hashed_in_iso_8859_1),
        TEST(names_may_contain_their_realm),
        TEST(malformed_responses_are_refused),
        TEST(values_that_were_not_offered_are_refused),
        TEST(the_offer_of_the_challenge_does_not_change),
        TEST(unknown_users_and_wrong_passwords_look_the_same),
        TEST(nonce_must_be_that_of_the_context),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
