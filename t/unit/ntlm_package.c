/* SPDX-License-Identifier: Apache-2.0 */
/* States and legs of the package. */
#include "ntlm_fixture.h"

static void a_right_password_logs_in(void **state)
{
    struct fixture *f = *state;
    const struct client client = client_alice();
    struct exchange exchange;
    assert_int_equal(login_with(f, &client, (struct package_input){0}, &exchange), SEC_E_OK);
    const struct package_info *info = ntlm_package.info(exchange.context);
    assert_non_null(info);
    assert_string_equal(info->name, "Corp\\Alice");
    assert_string_equal(info->realm, "Corp");
    assert_null(info->target);
    assert_null(info->algorithm);
    assert_ptr_equal(info->mechanism, &ntlm_package);
    assert_int_equal(info->start_ms, START_MS);
    assert_true(info->expiry_ms == UINT64_MAX);
    assert_int_equal(info->bound, PACKAGE_BOUND_UNCHECKED);
    assert_int_equal(info->attributes, ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT |
                                           ASC_RET_SEQUENCE_DETECT | ASC_RET_CONFIDENTIALITY);
    exchange_end(&exchange);
}

static void attributes_are_those_that_both_sides_agreed_on(void **state)
{
    struct fixture *f = *state;
    const ULONG sign = ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT;
    static const uint32_t least = NTLM_FLAG_UNICODE;
    static const uint32_t strong = NTLM_FLAG_UNICODE | NTLM_FLAG_EXTENDED_SECURITY | NTLM_FLAG_128;
    const struct {
        uint32_t asked, taken;
        ULONG attributes;
    } all[] = {
        {0x00088206, 0, 0}, /* curl */
        {ASKED, least, 0},
        {ASKED, strong | NTLM_FLAG_SIGN, sign},
        {ASKED, strong | NTLM_FLAG_SEAL, ASC_RET_CONFIDENTIALITY},
        /* Without extended session security and 128-bit keys there is no protection. */
        {ASKED, least | NTLM_FLAG_SIGN | NTLM_FLAG_SEAL, 0},
        {ASKED, least | NTLM_FLAG_IDENTIFY, 0}, /* was not asked for */
        {ASKED | NTLM_FLAG_IDENTIFY, least | NTLM_FLAG_IDENTIFY, ASC_RET_IDENTIFY},
        {least, 0xFFFFFFFF & ~NTLM_FLAG_ANONYMOUS, 0},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct client client = client_alice();
        struct exchange exchange;
        client.asked = all[i].asked;
        client.taken = all[i].taken;
        assert_int_equal(login_with(f, &client, (struct package_input){0}, &exchange), SEC_E_OK);
        assert_int_equal(ntlm_package.info(exchange.context)->attributes, all[i].attributes);
        exchange_end(&exchange);
    }
}

static void challenges_name_the_server_and_never_repeat(void **state)
{
    struct fixture *f = *state;
    const struct client client = client_alice();
    struct exchange first, second;
    BYTES_CLEANUP struct bytes domain = {0};
    exchange_begin(f, &client, &first);
    exchange_begin(f, &client, &second);
    assert_memory_not_equal(first.challenge.data + 24, second.challenge.data + 24,
                            NTLM_CHALLENGE_LEN);
    struct challenge challenge = read_challenge(bytes_as_view(&first.challenge));
    assert_int_equal(challenge.filetime, ntlm_challenge_filetime(START_MS));
    /* The domain of the file's first NT line is the target, and the first pair. */
    assert_true(ntlm_text_encode(&domain, SSPI_VIEW("Corp")));
    assert_memory_equal(first.challenge.data + 56, domain.data, domain.len);
    assert_memory_equal(challenge.info.data, "\x02\0\x08\0", 4);
    assert_memory_equal(challenge.info.data + 4, domain.data, domain.len);
    exchange_end(&first);
    exchange_end(&second);
}

static void an_answer_to_another_challenge_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct client client = client_alice();
    struct exchange first, second;
    exchange_begin(f, &client, &first);
    exchange_begin(f, &client, &second);
    /* The message is right only in its own exchange. It stays right after another exchange refused
     * it. */
    CHECK_REFUSED(f, send(f, &second.context, &first.authenticate), SEC_E_LOGON_DENIED,
                  SSPI_REASON_WRONG_PASSWORD, "wrong password");
    assert_int_equal(send(f, &first.context, &first.authenticate), SEC_E_OK);
    CHECK_REFUSED(f, send(f, &second.context, &second.authenticate), SEC_E_INVALID_TOKEN,
                  SSPI_REASON_LEGS, "has ended");
    exchange_end(&first);
    exchange_end(&second);
}

static void an_exchange_that_ended_cannot_continue(void **state)
{
    struct fixture *f = *state;
    struct client client = client_alice();
    struct exchange exchange;
    exchange_begin(f, &client, &exchange);
    assert_int_equal(send(f, &exchange.context, &exchange.authenticate), SEC_E_OK);
    /* The same message again is refused, and the context loses its user. */
    CHECK_REFUSED(f, send(f, &exchange.context, &exchange.authenticate), SEC_E_INVALID_TOKEN,
                  SSPI_REASON_LEGS, "has ended");
    assert_null(ntlm_package.info(exchange.context));
    exchange_end(&exchange);
    client.nt_hash = HASH_OF_OTHER;
    exchange_begin(f, &client, &exchange);
    assert_int_equal(send(f, &exchange.context, &exchange.authenticate), SEC_E_LOGON_DENIED);
    /* Now with the right password. */
    client.nt_hash = HASH_OF_PASSWORD;
    bytes_free(&exchange.authenticate);
    client_authenticate(&client, &f->credential->crypto, bytes_as_view(&exchange.negotiate),
                        bytes_as_view(&exchange.challenge), &exchange.authenticate, NULL);
    CHECK_REFUSED(f, send(f, &exchange.context, &exchange.authenticate), SEC_E_INVALID_TOKEN,
                  SSPI_REASON_LEGS, "has ended");
    exchange_end(&exchange);
}

static void each_leg_accepts_only_its_own_message(void **state)
{
    struct fixture *f = *state;
    const struct client client = client_alice();
    struct exchange exchange;
    struct sspi_view none = {NULL, 0};
    exchange_begin(f, &client, &exchange);
    const struct sspi_view wrong_firsts[] = {none, SSPI_VIEW(""), SSPI_VIEW("NTLMSSP\0\x01\0\0\0"),
                                             bytes_as_view(&exchange.challenge),
                                             bytes_as_view(&exchange.authenticate)};
    for (size_t i = 0; i < sizeof(wrong_firsts) / sizeof(wrong_firsts[0]); i++) {
        void *context = NULL;
        struct package_input in = {.token = wrong_firsts[i]};
        CHECK_REFUSED(f, call(f, &context, in), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                      "NEGOTIATE");
        CHECK_REFUSED(f, send(f, &context, &exchange.negotiate), SEC_E_INVALID_TOKEN,
                      SSPI_REASON_LEGS, "has ended");
        ntlm_package.destroy(context);
    }
    const struct sspi_view wrong_seconds[] = {none, SSPI_VIEW(""),
                                              bytes_as_view(&exchange.negotiate),
                                              bytes_as_view(&exchange.challenge)};
    for (size_t i = 0; i < sizeof(wrong_seconds) / sizeof(wrong_seconds[0]); i++) {
        void *context = NULL;
        struct package_input in = {.token = wrong_seconds[i]};
        assert_int_equal(send(f, &context, &exchange.negotiate), SEC_I_CONTINUE_NEEDED);
        CHECK_REFUSED(f, call(f, &context, in), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                      "AUTHENTICATE");
        CHECK_REFUSED(f, send(f, &context, &exchange.authenticate), SEC_E_INVALID_TOKEN,
                      SSPI_REASON_LEGS, "has ended");
        ntlm_package.destroy(context);
    }
    exchange_end(&exchange);
}

static void datagrams_are_refused(void **state)
{
    struct fixture *f = *state;
    struct client client = client_alice();
    BYTES_CLEANUP struct bytes negotiate = {0};
    void *context = NULL;
    client.asked |= NTLM_FLAG_DATAGRAM;
    client_negotiate(&client, &negotiate);
    CHECK_REFUSED(f, send(f, &context, &negotiate), SEC_E_UNSUPPORTED_FUNCTION,
                  SSPI_REASON_UNSUPPORTED, "datagrams");
    ntlm_package.destroy(context);
}

static void without_randomness_there_is_no_challenge(void **state)
{
    struct fixture *f = *state;
    const struct client client = client_alice();
    BYTES_CLEANUP struct bytes negotiate = {0};
    void *context = NULL;
    client_negotiate(&client, &negotiate);
    f->no_random = true;
    CHECK_REFUSED(f, send(f, &context, &negotiate), SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                  "random generator");
    ntlm_package.destroy(context);
}

/* The caller reads the file again. With a file without NT lines every login fails. */
static void changed_users_count_from_the_next_answer_on(void **state)
{
    struct fixture *f = *state;
    struct client client = client_alice();
    struct exchange exchange;
    char error[512];
    exchange_begin(f, &client, &exchange);
    write_file(f->path, "zoe:Home:NT:" HASH_OF_OTHER "\n");
    assert_int_equal(store_source_reload(store_users_source(f->users), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    assert_int_equal(send(f, &exchange.context, &exchange.authenticate), SEC_E_LOGON_DENIED);
    exchange_end(&exchange);
    client = (struct client){.user = "ZOE", .domain = "", .nt_hash = HASH_OF_OTHER, .asked = ASKED};
    assert_int_equal(login(f, &client), SEC_E_OK);
    write_file(f->path, "# nobody\n");
    assert_int_equal(store_source_reload(store_users_source(f->users), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    assert_int_equal(login(f, &client), SEC_E_LOGON_DENIED);
}

/* ---- mechListMIC ---- */

#define LIST SSPI_VIEW("\x30\x0c\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a")

static void mics_are_made_and_checked_once_established(void **state)
{
    struct fixture *f = *state;
    const struct client client = client_alice();
    struct exchange exchange;
    struct ntlm_sign sign;
    uint8_t signature[NTLM_SIGN_LEN];
    BYTES_CLEANUP struct bytes mic = {0}, again = {0};
    exchange_begin(f, &client, &exchange);
    assert_int_equal(ntlm_package.make_mic(exchange.context, LIST, &mic), SEC_E_INVALID_HANDLE);
    assert_int_equal(ntlm_package.check_mic(exchange.context, LIST, LIST), SEC_E_INVALID_HANDLE);
    assert_int_equal(send(f, &exchange.context, &exchange.authenticate), SEC_E_OK);
    assert_true(ntlm_sign_init(&sign, &f->credential->crypto, exchange.exported, true));
    assert_true(ntlm_sign_make(&sign, &sign.client, LIST, signature));
    signature[6] ^= 1;
    struct sspi_view view = octets_of(signature, sizeof(signature));
    assert_int_equal(ntlm_package.check_mic(exchange.context, LIST, view), SEC_E_MESSAGE_ALTERED);
    signature[6] ^= 1;
    assert_int_equal(ntlm_package.check_mic(exchange.context, LIST, view), SEC_E_OK);
    assert_int_equal(ntlm_package.check_mic(exchange.context, LIST, view), SEC_E_MESSAGE_ALTERED);
    assert_int_equal(ntlm_package.make_mic(exchange.context, LIST, &mic), SEC_E_OK);
    assert_int_equal(ntlm_sign_check(&sign, &sign.server, LIST, bytes_as_view(&mic)),
                     NTLM_SIGN_RIGHT);
    /* MS-SPNG 3.3.5.1: after the mechListMIC both sides restart RC4. */
    assert_true(ntlm_sign_restart(&sign.server));
    assert_true(ntlm_sign_restart(&sign.client));
    assert_int_equal(ntlm_package.make_mic(exchange.context, LIST, &again), SEC_E_OK);
    assert_int_equal(ntlm_sign_check(&sign, &sign.server, LIST, bytes_as_view(&again)),
                     NTLM_SIGN_RIGHT);
    assert_true(ntlm_sign_make(&sign, &sign.client, LIST, signature));
    assert_int_equal(ntlm_package.check_mic(exchange.context, LIST, view), SEC_E_OK);
    ntlm_sign_clear(&sign);
    exchange_end(&exchange);
}

static void without_strong_keys_there_are_no_mics(void **state)
{
    struct fixture *f = *state;
    static const uint32_t missing[] = {NTLM_FLAG_128, NTLM_FLAG_EXTENDED_SECURITY};

    for (size_t i = 0; i < 2; i++) {
        struct client client = client_alice();
        struct exchange exchange;
        BYTES_CLEANUP struct bytes mic = {0};
        client.asked &= ~missing[i];
        assert_int_equal(login_with(f, &client, (struct package_input){0}, &exchange), SEC_E_OK);
        assert_int_equal(ntlm_package.make_mic(exchange.context, LIST, &mic),
                         SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(ntlm_package.check_mic(exchange.context, LIST, LIST),
                         SEC_E_UNSUPPORTED_FUNCTION);
        assert_int_equal(mic.len, 0);
        exchange_end(&exchange);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_right_password_logs_in),
        TEST(attributes_are_those_that_both_sides_agreed_on),
        TEST(challenges_name_the_server_and_never_repeat),
        TEST(an_answer_to_another_challenge_is_refused),
        TEST(an_exchange_that_ended_cannot_continue),
        TEST(each_leg_accepts_only_its_own_message),
        TEST(datagrams_are_refused),
        TEST(without_randomness_there_is_no_challenge),
        TEST(changed_users_count_from_the_next_answer_on),
        TEST(mics_are_made_and_checked_once_established),
        TEST(without_strong_keys_there_are_no_mics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
