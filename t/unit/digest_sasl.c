/* SPDX-License-Identifier: Apache-2.0 */
/* The exchange of DIGEST-MD5: offers, and the results of a login. */
#include "digest_protect.h"
#include "digest_sasl.h"
#include "digest_sasl_client.h"

static const char *challenge_of(struct fixture *f)
{
    return f->out.tokens[0].data; /* take_nonce() appended a NUL */
}

static void challenge_offers_what_the_caller_asked_for(void **state)
{
    static const struct {
        ULONG requirements;
        const char *qop;
        bool maxbuf, cipher;
    } cases[] = {
        {0, "qop=\"auth\"", false, false},
        {ASC_REQ_INTEGRITY, "qop=\"auth,auth-int\"", true, false},
        {ASC_REQ_REPLAY_DETECT, "qop=\"auth,auth-int\"", true, false},
        {ASC_REQ_SEQUENCE_DETECT, "qop=\"auth,auth-int\"", true, false},
        {ASC_REQ_CONFIDENTIALITY, "qop=\"auth,auth-conf\"", true, true},
        {ANYTHING, "qop=\"auth,auth-int,auth-conf\"", true, true},
    };
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1], last[DIGEST_NONCE_LEN + 1] = "";

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        void *context = sasl_begin(f, cases[i].requirements, nonce);
        const char *text = challenge_of(f);
        assert_non_null(strstr(text, cases[i].qop));
        assert_int_equal(strstr(text, ",maxbuf=65535") != NULL, cases[i].maxbuf);
        assert_int_equal(strstr(text, ",cipher=\"3des,rc4\"") != NULL, cases[i].cipher);
        assert_int_equal(strstr(text, "cipher") != NULL, cases[i].cipher);
        assert_non_null(strstr(text, "realm=\"office\""));
        assert_non_null(strstr(text, ",charset=utf-8,"));
        assert_non_null(strstr(text, ",algorithm=md5-sess"));
        assert_null(strstr(text, "stale"));
        assert_null(strstr(text, "opaque"));
        assert_int_equal(strncmp(nonce, "+Upgraded+v1", 12), 0);
        assert_string_not_equal(nonce, last);
        strcpy(last, nonce);
        digest_package.destroy(context);
    }
}

static void weak_ciphers_are_offered_on_demand(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];

    acquire(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_OFFER_WEAK_CIPHERS});
    void *context = sasl_begin(f, ASC_REQ_CONFIDENTIALITY, nonce);
    assert_non_null(strstr(challenge_of(f), "cipher=\"3des,rc4,des,rc4-56,rc4-40\""));
    digest_package.destroy(context);
    context = sasl_begin(f, 0, nonce);
    assert_null(strstr(challenge_of(f), "cipher"));
    digest_package.destroy(context);
}

static void missing_ciphers_are_not_offered(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    f->credential->has_ciphers = true; /* every cipher is missing */
    void *context = sasl_begin(f, ANYTHING, nonce);
    assert_non_null(strstr(challenge_of(f), "qop=\"auth,auth-int\""));
    assert_null(strstr(challenge_of(f), "cipher"));
    digest_package.destroy(context);
}

static void longest_challenge_is_short_enough(void **state)
{
    struct fixture *f = *state;
    char realm[DIGEST_CHALLENGE_REALM_LIMIT + 2];
    struct package_input in = sasl_input(SSPI_VIEW(""), ANYTHING);
    void *context = NULL;

    acquire(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_OFFER_WEAK_CIPHERS});
    memset(realm, '"', sizeof(realm));
    in.realm = (struct sspi_view){realm, DIGEST_CHALLENGE_REALM_LIMIT};
    assert_int_equal(call(f, &context, &in), SEC_I_CONTINUE_NEEDED);
    assert_true(f->out.tokens[0].len < 2048);
    digest_package.destroy(context);
    context = NULL;
    in.realm.len++;
    assert_int_equal(call(f, &context, &in), SEC_E_INVALID_TOKEN);
    assert_null(context);
    in.realm.len = 0;
    assert_int_equal(call(f, &context, &in), SEC_E_INVALID_TOKEN);
    assert_int_equal(f->error_info.reason, SSPI_REASON_CONFIGURATION);
}

static void client_that_continues_an_older_login_is_challenged(void **state)
{
    struct fixture *f = *state;
    struct package_input in = sasl_input(SSPI_VIEW("username=\"alice\",nc=00000002"), 0);
    void *context = NULL;

    acquire(f, (SSPI_ACCEPTOR_DATA){.DefaultRealm = REALM});
    in.realm = (struct sspi_view){NULL, 0};
    assert_int_equal(call(f, &context, &in), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(f->out.n_tokens, 1);
    digest_package.destroy(context);
}

static void login_gives_the_name_and_authenticates_the_server(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    struct sasl_session session;
    struct package_input in = sasl_input(SSPI_VIEW(""), 0);

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    void *context = sasl_begin(f, ANYTHING, nonce);
    struct sasl_client c = sasl_alice(nonce);
    assert_int_equal(sasl_end(f, context, ANYTHING, &c, &session), SEC_E_OK);
    struct sspi_view token = bytes_as_view(&f->out.tokens[0]);
    assert_int_equal(token.len, strlen("rspauth=") + 32);
    assert_memory_equal(token.data, "rspauth=", 8);
    assert_memory_equal(token.data + 8, session.rspauth, 32);
    const struct package_info *info = digest_package.info(context);
    assert_string_equal(info->name, "alice");
    assert_string_equal(info->realm, REALM);
    assert_string_equal(info->target, "imap/host.example.org");
    assert_string_equal(info->algorithm, "MD5-sess");
    assert_string_equal(info->mechanism->about.Name, "WDigest");
    assert_null(info->authzid);
    assert_int_equal(info->attributes, 0);
    assert_int_equal(info->peer_limit, 0);
    assert_int_equal(info->bound, PACKAGE_BOUND_UNCHECKED);
    assert_true(info->expiry_ms == UINT64_MAX && info->start_ms == START_MS);
    assert_int_equal(f->error_info.reason, SSPI_REASON_NONE);
    assert_int_equal(call_established(f, context, &in), STATUS_LOGON_FAILURE);
    assert_non_null(digest_package.info(context));
    digest_package.destroy(context);
}

static void attributes_are_those_of_the_qop(void **state)
{
    static const struct {
        const char *qop, *cipher, *more;
        ULONG attributes, peer_limit;
    } cases[] = {
        {NULL, NULL, ",maxbuf=4096", 0, 0},
        {"auth", "rc4", ",maxbuf=4096", 0, 0},
        {"AUTH", NULL, NULL, 0, 0},
        {"auth-int", NULL, NULL,
         ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT, 65536},
        {"\"auth-int\"", NULL, ",maxbuf=17",
         ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT, 17},
        {"auth-conf", "\"3des\"", ",maxbuf=16777215",
         ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT |
             ASC_RET_SEQUENCE_DETECT,
         16777215},
        {"auth-conf", "RC4", ",maxbuf=1024",
         ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT |
             ASC_RET_SEQUENCE_DETECT,
         1024},
    };
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    struct sasl_session session;

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        BYTES_CLEANUP struct bytes token = {0};
        void *context = sasl_begin(f, ANYTHING, nonce);
        struct sasl_client c = sasl_alice(nonce);
        c.cipher = cases[i].cipher;
        c.more = cases[i].more;
        /* The response is computed from the text between the quotes. */
        c.qop = cases[i].qop;
        if (c.qop != NULL && c.qop[0] == '"') {
            c.qop = "auth-int";
            sasl_answer(&c, &token, &session);
            char *at = strstr(token.data, "qop=auth-int");
            assert_non_null(at);
            BYTES_CLEANUP struct bytes quoted = {0};
            bytes_append(&quoted, token.data, (size_t)(at - token.data));
            bytes_append_text(&quoted, "qop=\"auth-int\"");
            bytes_append_text(&quoted, c.more);
            struct package_input in = sasl_input(bytes_as_view(&quoted), ANYTHING);
            assert_int_equal(call(f, &context, &in), SEC_E_OK);
        } else {
            assert_int_equal(sasl_end(f, context, ANYTHING, &c, &session), SEC_E_OK);
        }
        const struct package_info *info = digest_package.info(context);
        assert_int_equal(info->attributes, cases[i].attributes);
        assert_int_equal(info->peer_limit, cases[i].peer_limit);
        digest_package.destroy(context);
    }
}

static void caller_can_pass_the_hash_of_the_user(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    struct sasl_session session;
    BYTES_CLEANUP struct bytes token = {0};
    uint8_t hash[16];

    acquire(f, (SSPI_ACCEPTOR_DATA){.Flags = SSPI_ACCEPTOR_CALLER_HASHES});
    sasl_md5("alice:office:elsewhere", 22, hash);
    for (int i = 0; i < 3; i++) {
        void *context = sasl_begin(f, ANYTHING, nonce);
        struct sasl_client c = sasl_alice(nonce);
        c.password = "elsewhere";
        c.qop = "auth-int";
        bytes_free(&token);
        sasl_answer(&c, &token, &session);
        struct package_input in = sasl_input(bytes_as_view(&token), ANYTHING);
        assert_int_equal(call(f, &context, &in), SEC_E_INCOMPLETE_MESSAGE);
        assert_int_equal(f->error_info.reason, SSPI_REASON_HASH_WANTED);
        assert_int_equal(f->out.n_tokens, 0);
        in.hash_a1 = (struct sspi_view){(const char *)hash, 16};
        if (i == 1)
            in.hash_a1.len = 0; /* no such user */
        if (i == 2)
            hash[0] ^= 1;
        assert_int_equal(call(f, &context, &in), i == 0 ? SEC_E_OK : SEC_E_LOGON_DENIED);
        digest_package.destroy(context);
    }
    /* The nonce is checked before the caller looks up the user. */
    sasl_refused(f, 0, sasl_alice("theirs"), SEC_E_OUT_OF_SEQUENCE, SSPI_REASON_REPLAY);
}

static void forms_cannot_be_mixed(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    struct sasl_session session;
    BYTES_CLEANUP struct bytes header = {0};
    struct package_input in = input(SSPI_VIEW(""));
    void *context = NULL;

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    assert_int_equal(call(f, &context, &in), SEC_I_CONTINUE_NEEDED);
    take_nonce(f, nonce);
    struct sasl_client c = sasl_alice(nonce);
    assert_int_equal(sasl_end(f, context, 0, &c, &session), SEC_E_INVALID_HANDLE);
    digest_package.destroy(context);
    context = sasl_begin(f, 0, nonce);
    struct client http = alice(nonce, 1);
    answer(&http, &header);
    in = input(bytes_as_view(&header));
    assert_int_equal(call(f, &context, &in), SEC_E_INVALID_HANDLE);
    assert_null(digest_package.info(context));
    assert_int_equal(digest_package.complete(context, &in, &f->out), SEC_E_INVALID_HANDLE);
    c.nonce = nonce;
    assert_int_equal(sasl_end(f, context, 0, &c, &session), SEC_E_OK);
    assert_int_equal(digest_package.complete(context, &in, &f->out), SEC_E_INVALID_HANDLE);
    assert_int_equal(digest_package.verify_request(context, &in, &f->out),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(digest_package.sign_answer(context, &in, &f->out), SEC_E_UNSUPPORTED_FUNCTION);
    /* A context in SASL's form has no further requests, so no request is deferred for it. */
    void *other = NULL;
    assert_int_equal(call(f, &other, &in), SEC_E_OK);
    digest_package.destroy(other);
    digest_package.destroy(context);
    /* HTTP's form cannot encrypt. */
    other = NULL;
    in.requirements = ASC_REQ_CONFIDENTIALITY;
    assert_int_equal(call(f, &other, &in), SEC_E_SECURITY_QOS_FAILED);
}

static void context_outlives_its_credential(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1];
    struct sasl_session session;
    struct package_message_part part = {NULL, 0, true};
    char signature[16];
    struct package_message message = {
        .parts = &part, .n_parts = 1, .token = {signature, sizeof(signature), 0}};

    acquire(f, without_contexts);
    void *context = sasl_begin(f, ANYTHING, nonce);
    struct sasl_client c = sasl_alice(nonce);
    c.qop = "auth-conf";
    c.cipher = "3des";
    assert_int_equal(sasl_end(f, context, ANYTHING, &c, &session), SEC_E_OK);
    digest_package.release(f->credential);
    f->credential = NULL;
    assert_int_equal(digest_protect_messages.sign(context, &message), SEC_E_OK);
    digest_package.destroy(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(challenge_offers_what_the_caller_asked_for),
        TEST(weak_ciphers_are_offered_on_demand),
        TEST(missing_ciphers_are_not_offered),
        TEST(longest_challenge_is_short_enough),
        TEST(client_that_continues_an_older_login_is_challenged),
        TEST(login_gives_the_name_and_authenticates_the_server),
        TEST(attributes_are_those_of_the_qop),
        TEST(caller_can_pass_the_hash_of_the_user),
        TEST(forms_cannot_be_mixed),
        TEST(context_outlives_its_credential),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
