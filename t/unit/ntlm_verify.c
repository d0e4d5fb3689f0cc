/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of an AUTHENTICATE message, except the password: MIC, time, channel, target. */
#include "bad_names.h"
#include "ntlm_fixture.h"

static const struct package_input plain;

/* ---- kinds of logins that never pass ---- */

static void only_ntlmv2_is_accepted(void **state)
{
    struct fixture *f = *state;
    static const char octets[48];
    const struct {
        size_t len;
        enum sspi_reason reason;
        SECURITY_STATUS status;
        const char *words;
    } all[] = {
        {0, SSPI_REASON_UNSUPPORTED, SEC_E_LOGON_DENIED, "only an LM response"},
        {1, SSPI_REASON_MALFORMED, SEC_E_INVALID_TOKEN, "shorter than 48"},
        {23, SSPI_REASON_MALFORMED, SEC_E_INVALID_TOKEN, "shorter than 48"},
        {24, SSPI_REASON_UNSUPPORTED, SEC_E_LOGON_DENIED, "NTLMv1"},
        {25, SSPI_REASON_MALFORMED, SEC_E_INVALID_TOKEN, "shorter than 48"},
        {47, SSPI_REASON_MALFORMED, SEC_E_INVALID_TOKEN, "shorter than 48"},
        {48, SSPI_REASON_MALFORMED, SEC_E_INVALID_TOKEN, "version"},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct client client = client_alice();
        client.nt_response = (struct sspi_view){octets, all[i].len};
        CHECK_REFUSED(f, login(f, &client), all[i].status, all[i].reason, all[i].words);
    }
}

static void anonymous_logins_are_refused(void **state)
{
    struct fixture *f = *state;
    struct client client = client_alice();
    client.user = "";
    CHECK_REFUSED(f, login(f, &client), SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS,
                  "without a user");
    /* MS-NLMP 3.2.5.1.2: an anonymous client sends no NT response, either. */
    client.nt_response = SSPI_VIEW("");
    CHECK_REFUSED(f, login(f, &client), SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS,
                  "without a user");
    client = client_alice();
    client.taken = ASKED | NTLM_FLAG_ANONYMOUS;
    CHECK_REFUSED(f, login(f, &client), SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS,
                  "without a user");
    struct exchange exchange;
    struct package_input in = {.requirements = ASC_REQ_ALLOW_NULL_SESSION};
    CHECK_REFUSED(f, login_with(f, &client, in, &exchange), SEC_E_LOGON_DENIED,
                  SSPI_REASON_ANONYMOUS, "without a user");
    exchange_end(&exchange);
}

/* UNICODE and OEM in the three messages. The proof always covers UTF-16. */
static void names_are_in_the_character_set_that_was_granted(void **state)
{
    struct fixture *f = *state;
    enum { BOTH = NTLM_FLAG_UNICODE | NTLM_FLAG_OEM };
    const uint32_t rest = ASKED & ~(uint32_t)BOTH;
    const struct {
        uint32_t asked, taken;
        SECURITY_STATUS status;
    } all[] = {
        {NTLM_FLAG_UNICODE, NTLM_FLAG_UNICODE, SEC_E_OK},
        {NTLM_FLAG_UNICODE, BOTH, SEC_E_OK}, /* UNICODE wins */
        {NTLM_FLAG_UNICODE, NTLM_FLAG_OEM, SEC_E_INVALID_TOKEN},
        {NTLM_FLAG_UNICODE, 0, SEC_E_INVALID_TOKEN},
        {BOTH, NTLM_FLAG_UNICODE, SEC_E_OK},
        {BOTH, NTLM_FLAG_OEM, SEC_E_INVALID_TOKEN},
        {NTLM_FLAG_OEM, NTLM_FLAG_OEM, SEC_E_OK},
        {NTLM_FLAG_OEM, NTLM_FLAG_UNICODE, SEC_E_OK},
        {NTLM_FLAG_OEM, BOTH, SEC_E_OK},
        {NTLM_FLAG_OEM, 0, SEC_E_OK},
        {0, NTLM_FLAG_UNICODE, SEC_E_OK},
        {0, NTLM_FLAG_OEM, SEC_E_INVALID_TOKEN},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct client client = client_alice();
        client.user = "aLiCe";
        client.asked = rest | all[i].asked;
        client.taken = rest | all[i].taken;
        if (all[i].status == SEC_E_OK)
            assert_int_equal(login(f, &client), SEC_E_OK);
        else
            CHECK_REFUSED(f, login(f, &client), all[i].status, SSPI_REASON_UNSUPPORTED, "Unicode");
    }
}

/* No message names the code page. The same names in Unicode are only unknown. */
static void a_name_in_oem_is_ascii(void **state)
{
    struct fixture *f = *state;
    struct client users = client_alice(), domains = client_alice();
    users.user = "al\xc3\xaf"
                 "ce";
    domains.domain = "C\xc3\xb6RP";
    const struct client *all[] = {&users, &domains};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct client client = *all[i];
        CHECK_REFUSED(f, login(f, &client), SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD,
                      "unknown user");
        client.asked = (ASKED & ~NTLM_FLAG_UNICODE) | NTLM_FLAG_OEM;
        CHECK_REFUSED(f, login(f, &client), SEC_E_LOGON_DENIED, SSPI_REASON_UNSUPPORTED,
                      "not ASCII");
    }
}

/* ---- keys and MIC ---- */

static void an_exchanged_key_must_be_there(void **state)
{
    struct fixture *f = *state;
    const struct sspi_view wrong[] = {SSPI_VIEW(""), SSPI_VIEW("fifteen octets."),
                                      SSPI_VIEW("seventeen octets.")};

    for (size_t i = 0; i < 3; i++) {
        struct client client = client_alice();
        client.session_key = wrong[i];
        CHECK_REFUSED(f, login(f, &client), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                      "session key");
        /* Without key exchange, a key in the message is ignored. */
        client.asked &= ~NTLM_FLAG_KEY_EXCHANGE;
        assert_int_equal(login(f, &client), SEC_E_OK);
        client.asked = ASKED & ~(NTLM_FLAG_SIGN | NTLM_FLAG_SEAL);
        assert_int_equal(login(f, &client), SEC_E_OK);
    }
}

static void a_mic_is_checked_if_the_client_announces_one(void **state)
{
    struct fixture *f = *state;
    const struct package_input integrity = {.requirements = ASC_REQ_INTEGRITY};
    enum { SAYS = NTLM_PAIR_FLAG_MIC };
    const struct {
        uint32_t pair_flags;
        bool makes;
        bool spoil;
        SECURITY_STATUS status;
        SECURITY_STATUS with_integrity;
    } all[] = {
        {SAYS, true, false, SEC_E_OK, SEC_E_OK},
        {SAYS, true, true, SEC_E_MESSAGE_ALTERED, SEC_E_MESSAGE_ALTERED},
        {SAYS, false, false, SEC_E_MESSAGE_ALTERED, SEC_E_MESSAGE_ALTERED},
        {SAYS | 1 | 4, true, false, SEC_E_OK, SEC_E_OK},
        {0, false, false, SEC_E_OK, SEC_E_LOGON_DENIED},
        {0, true, false, SEC_E_OK, SEC_E_LOGON_DENIED},
        {0, true, true, SEC_E_OK, SEC_E_LOGON_DENIED},
        {1, true, true, SEC_E_OK, SEC_E_LOGON_DENIED},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        for (int demanded = 0; demanded < 2; demanded++) {
            struct client client = client_alice();
            struct exchange exchange;
            struct package_input in = demanded ? integrity : plain;
            client.pair_flags = all[i].pair_flags;
            client.makes_mic = all[i].makes;
            exchange_begin(f, &client, &exchange);
            if (all[i].spoil)
                exchange.authenticate.data[NTLM_MIC_START + 7] ^= 1;
            in.token = bytes_as_view(&exchange.authenticate);
            SECURITY_STATUS wanted = demanded ? all[i].with_integrity : all[i].status;
            assert_int_equal(call(f, &exchange.context, in), wanted);
            if (wanted == SEC_E_MESSAGE_ALTERED)
                assert_int_equal(f->error_info.reason, SSPI_REASON_ALTERED);
            if (wanted == SEC_E_LOGON_DENIED)
                assert_int_equal(f->error_info.reason, SSPI_REASON_UNSUPPORTED);
            exchange_end(&exchange);
        }
    }
}

/* An attacker removes SIGN and SEAL from NEGOTIATE, or something from CHALLENGE. */
static void a_mic_protects_all_three_messages(void **state)
{
    struct fixture *f = *state;
    const struct client client = client_alice();

    for (int which = 0; which < 2; which++) {
        struct exchange exchange;
        BYTES_CLEANUP struct bytes negotiate = {0}, challenge = {0}, authenticate = {0};
        exchange_begin(f, &client, &exchange);
        bytes_append_view(&negotiate, bytes_as_view(&exchange.negotiate));
        bytes_append_view(&challenge, bytes_as_view(&exchange.challenge));
        if (which == 0)
            negotiate.data[12] ^= NTLM_FLAG_SIGN;
        else
            challenge.data[20] ^= NTLM_FLAG_SIGN;
        client_authenticate(&client, &f->credential->crypto, bytes_as_view(&negotiate),
                            bytes_as_view(&challenge), &authenticate, NULL);
        CHECK_REFUSED(f, send(f, &exchange.context, &authenticate), SEC_E_MESSAGE_ALTERED,
                      SSPI_REASON_ALTERED, "MIC is wrong");
        exchange_end(&exchange);
    }
}

static void no_changed_bit_of_a_message_with_a_mic_logs_in(void **state)
{
    struct fixture *f = *state;
    struct client client = client_alice();
    struct exchange exchange;
    client.target = "HTTP/www.example.org";
    exchange_begin(f, &client, &exchange);
    for (size_t bit = 0; bit < 8 * exchange.authenticate.len; bit++) {
        BYTES_CLEANUP struct bytes altered = {0};
        void *context = NULL;
        bytes_append_view(&altered, bytes_as_view(&exchange.authenticate));
        altered.data[bit / 8] ^= (char)(1 << bit % 8);
        /* The same challenge for each. */
        f->next_random = 0;
        assert_int_equal(send(f, &context, &exchange.negotiate), SEC_I_CONTINUE_NEEDED);
        SECURITY_STATUS status = send(f, &context, &altered);
        assert_true(status < 0 && status != SEC_E_INTERNAL_ERROR &&
                    status != SEC_E_INSUFFICIENT_MEMORY);
        ntlm_package.destroy(context);
    }
    f->next_random = 0;
    void *context = NULL;
    assert_int_equal(send(f, &context, &exchange.negotiate), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(send(f, &context, &exchange.authenticate), SEC_E_OK);
    ntlm_package.destroy(context);
    exchange_end(&exchange);
}

static void no_truncation_logs_in(void **state)
{
    struct fixture *f = *state;
    const struct client client = client_alice();
    struct exchange exchange;
    exchange_begin(f, &client, &exchange);
    for (size_t len = 0; len < exchange.authenticate.len; len++) {
        struct package_input in = {.token = {exchange.authenticate.data, len}};
        void *context = NULL;
        assert_int_equal(send(f, &context, &exchange.negotiate), SEC_I_CONTINUE_NEEDED);
        CHECK_REFUSED(f, call(f, &context, in), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                      "malformed");
        ntlm_package.destroy(context);
    }
    exchange_end(&exchange);
}

/* ---- time ---- */

static void the_clock_of_the_client_may_differ_by_30_minutes(void **state)
{
    struct fixture *f = *state;
    const uint64_t now = ntlm_challenge_filetime(START_MS);
    const uint64_t window = UINT64_C(30) * 60 * 10000000;
    const struct {
        uint64_t filetime;
        const char *words; /* NULL: accepted */
    } all[] = {
        {now, NULL},
        {now - window, NULL},
        {now + window, NULL},
        {now - window - 1, "30 minutes behind"},
        {now + window + 1, "30 minutes ahead"},
        {now - 2 * window, "60 minutes behind"},
        {0, "behind"},
        {UINT64_MAX, "ahead"},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct client client = client_alice();
        client.own_time = true;
        client.filetime = all[i].filetime;
        if (all[i].words == NULL)
            assert_int_equal(login(f, &client), SEC_E_OK);
        else
            CHECK_REFUSED(f, login(f, &client), SEC_E_TIME_SKEW, SSPI_REASON_CLOCK_SKEW,
                          all[i].words);
    }
}

static void a_late_answer_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct client client = client_alice();
    struct exchange exchange;
    exchange_begin(f, &client, &exchange);
    f->now_ms = START_MS + NTLM_VERIFY_WINDOW_MS + 1;
    CHECK_REFUSED(f, send(f, &exchange.context, &exchange.authenticate), SEC_E_TIME_SKEW,
                  SSPI_REASON_CLOCK_SKEW, "30 minutes behind");
    exchange_end(&exchange);
}

/* ---- channel binding ---- */

#define PREFIX "tls-server-end-point:"

/* SHA-256("test certificate DER"), and the MD5 of the binding that it makes. */
#define CERTIFICATE                                                                                \
    PREFIX "\xa1\xe2\x97\x20\xc4\xb1\x6e\x75\xfa\xf6\xf1\x69\xf2\xec\x59\x68"                      \
           "\xc3\x58\x02\xa3\xca\xcd\xed\xf2\x1b\x3d\x35\x89\xdc\xae\xa5\x42"
static const uint8_t channel[16] = {0xf5, 0x37, 0x44, 0x0d, 0xf8, 0x0b, 0x05, 0x37,
                                    0x9a, 0x90, 0x95, 0x28, 0xbe, 0x1b, 0xda, 0xc9};
static const uint8_t wrong_channel[16] = {0xf5, 0x37, 0x44, 0x0d, 0xf8, 0x0b, 0x05, 0x37,
                                          0x9a, 0x90, 0x95, 0x28, 0xbe, 0x1b, 0xda, 0xc8};
static const uint8_t no_channel[16];

#define ALLOW   ASC_REQ_ALLOW_MISSING_BINDINGS
#define PROXY   ASC_REQ_PROXY_BINDINGS
#define REFUSED (-1)

/* The table of the Extended Protection pages, as Digest's. */
static void bindings_follow_the_policy(void **state)
{
    struct fixture *f = *state;
    const struct package_channel_binding bindings[] = {{.application = SSPI_VIEW(PREFIX "another")},
                                                       {.application = SSPI_VIEW(CERTIFICATE)}};
    static const uint8_t *const said[] = {NULL, no_channel, wrong_channel, channel};
    static const struct {
        size_t first, n; /* of the bindings */
        ULONG flags;
        int bound[4]; /* by what the client said */
    } rows[] = {
        {0,
         0,
         0,
         {PACKAGE_BOUND_UNCHECKED, PACKAGE_BOUND_UNCHECKED, PACKAGE_BOUND_UNCHECKED,
          PACKAGE_BOUND_UNCHECKED}},
        {0,
         0,
         ALLOW,
         {PACKAGE_BOUND_UNCHECKED, PACKAGE_BOUND_UNCHECKED, PACKAGE_BOUND_UNCHECKED,
          PACKAGE_BOUND_UNCHECKED}},
        {0, 0, PROXY, {REFUSED, REFUSED, PACKAGE_BOUND_PROXY, PACKAGE_BOUND_PROXY}},
        {1, 1, 0, {REFUSED, REFUSED, REFUSED, PACKAGE_BOUND_MATCHED}},
        {0, 2, 0, {REFUSED, REFUSED, REFUSED, PACKAGE_BOUND_MATCHED}},
        {0, 1, 0, {REFUSED, REFUSED, REFUSED, REFUSED}},
        {1, 1, ALLOW, {PACKAGE_BOUND_ABSENT, REFUSED, REFUSED, PACKAGE_BOUND_MATCHED}},
        {0, 1, ALLOW, {PACKAGE_BOUND_ABSENT, REFUSED, REFUSED, REFUSED}},
        {1, 1, PROXY, {REFUSED, REFUSED, REFUSED, PACKAGE_BOUND_MATCHED}},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t j = 0; j < 4; j++) {
            struct client client = client_alice();
            struct exchange exchange;
            const struct package_input in = {.bindings = bindings + rows[i].first,
                                             .n_bindings = rows[i].n,
                                             .requirements = rows[i].flags};
            client.channel = said[j];
            SECURITY_STATUS status = login_with(f, &client, in, &exchange);
            if (rows[i].bound[j] == REFUSED) {
                assert_int_equal(status, SEC_E_BAD_BINDINGS);
                assert_int_equal(f->error_info.reason,
                                 j < 2 ? SSPI_REASON_MISSING_BINDING : SSPI_REASON_BAD_BINDING);
            } else {
                assert_int_equal(status, SEC_E_OK);
                assert_int_equal(ntlm_package.info(exchange.context)->bound, rows[i].bound[j]);
            }
            exchange_end(&exchange);
        }
    }
}

/* ---- target ---- */

static void the_target_is_the_name_that_the_client_trusts(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *sent;
        uint32_t flags;
        const char *kept; /* NULL: none */
    } all[] = {
        {"HTTP/www.example.org", NTLM_PAIR_FLAG_MIC, "HTTP/www.example.org"},
        {"HTTP/www.example.org:8443", 0, "HTTP/www.example.org:8443"},
        {"HTTP/m\xc3\xbcnchen.example", NTLM_PAIR_FLAG_MIC, "HTTP/m\xc3\xbcnchen.example"},
        {"", NTLM_PAIR_FLAG_MIC, NULL},
        {NULL, NTLM_PAIR_FLAG_MIC, NULL},
        {"HTTP/x", NTLM_PAIR_FLAG_MIC | NTLM_PAIR_FLAG_UNTRUSTED_NAME, NULL},
        {"HTTP/x", NTLM_PAIR_FLAG_UNTRUSTED_NAME, NULL},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct client client = client_alice();
        struct exchange exchange;
        client.target = all[i].sent;
        client.pair_flags = all[i].flags;
        assert_int_equal(login_with(f, &client, plain, &exchange), SEC_E_OK);
        const char *target = ntlm_package.info(exchange.context)->target;
        if (all[i].kept == NULL)
            assert_null(target);
        else
            assert_string_equal(target, all[i].kept);
        exchange_end(&exchange);
    }
}

static void targets_that_are_not_names_are_refused(void **state)
{
    struct fixture *f = *state;
    const struct sspi_view all[] = {
        SSPI_VIEW("\x09\0\x02\0\0\0"),      /* NUL */
        SSPI_VIEW("\x09\0\x04\0H\0\x0a\0"), /* a line break */
        SSPI_VIEW("\x09\0\x02\0\x85\0"),    /* another */
        SSPI_VIEW("\x09\0\x02\0\x00\xd8"),  /* half a character */
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct client client = client_alice();
        client.pairs = all[i];
        CHECK_REFUSED(f, login(f, &client), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                      "MsvAvTargetName");
    }
}

/* NUL and half characters, which no C string has: above, and in ntlm_text.c. */
static void control_characters_are_refused(void **state)
{
    struct fixture *f = *state;
    char storage[BAD_NAME_SIZE] = "";

    for (size_t i = 2; i < 2 * N_CONTROLS; i++) {
        struct client client = client_alice();
        struct sspi_view name = bad_name(i, storage);
        storage[name.len] = '\0';
        client.user = storage;
        CHECK_REFUSED(f, login(f, &client), SEC_E_LOGON_DENIED, SSPI_REASON_BAD_NAME, "user");
        client = client_alice();
        client.domain = storage;
        CHECK_REFUSED(f, login(f, &client), SEC_E_LOGON_DENIED, SSPI_REASON_BAD_NAME, "domain");
        client = client_alice();
        client.target = storage;
        CHECK_REFUSED(f, login(f, &client), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                      "MsvAvTargetName");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_ntlmv2_is_accepted),
        TEST(anonymous_logins_are_refused),
        TEST(names_are_in_the_character_set_that_was_granted),
        TEST(a_name_in_oem_is_ascii),
        TEST(an_exchanged_key_must_be_there),
        TEST(a_mic_is_checked_if_the_client_announces_one),
        TEST(a_mic_protects_all_three_messages),
        TEST(no_changed_bit_of_a_message_with_a_mic_logs_in),
        TEST(no_truncation_logs_in),
        TEST(the_clock_of_the_client_may_differ_by_30_minutes),
        TEST(a_late_answer_is_refused),
        TEST(bindings_follow_the_policy),
        TEST(the_target_is_the_name_that_the_client_trusts),
        TEST(targets_that_are_not_names_are_refused),
        TEST(control_characters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
