/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the NTLM package. The test makes the messages of the client itself, because
 * gss-ntlmssp never sends some of them. */
#include "ntlm_fixture.h"

#define CALLS (ntlm_package.messages)

/* An established context, and its client's keys. */
struct session {
    struct exchange exchange;
    struct ntlm_sign client;
};

static void begin(struct fixture *f, uint32_t taken, struct session *session)
{
    struct client client = client_alice();
    client.taken = taken;
    assert_int_equal(login_with(f, &client, (struct package_input){0}, &session->exchange),
                     SEC_E_OK);
    assert_true(
        ntlm_sign_init(&session->client, &f->credential->crypto, session->exchange.exported, true));
}

static void end(struct session *session)
{
    ntlm_sign_clear(&session->client);
    exchange_end(&session->exchange);
}

/* A message as DecryptMessage passes it to the package: token, head in clear, body, no padding. */
struct received {
    char whole[NTLM_SIGN_LEN + 4];
    char head[2];
    struct package_message_part parts[2];
    struct package_message message;
};

static void receive(struct session *session, bool encrypt, struct received *to)
{
    *to = (struct received){.head = {'H', 'D'}};
    memcpy(to->whole + NTLM_SIGN_LEN, "body", 4);
    to->parts[0] = (struct package_message_part){to->head, 2, false};
    to->parts[1] = (struct package_message_part){to->whole + NTLM_SIGN_LEN, 4, true};
    assert_true(ntlm_sign_seal(&session->client, &session->client.client, to->parts, 2, encrypt,
                               (uint8_t *)to->whole));
    to->message = (struct package_message){.parts = to->parts,
                                           .n_parts = 2,
                                           .token = {to->whole, NTLM_SIGN_LEN, NTLM_SIGN_LEN},
                                           .whole = to->whole,
                                           .whole_len = sizeof(to->whole)};
}

static SECURITY_STATUS unseal(struct session *session, const struct received *from,
                              bool *ret_encrypted)
{
    struct sspi_view plain = {NULL, 0};
    SECURITY_STATUS status =
        CALLS->unseal(session->exchange.context, &from->message, &plain, ret_encrypted);
    if (status == SEC_E_OK) {
        assert_ptr_equal(plain.data, from->whole + NTLM_SIGN_LEN);
        assert_int_equal(plain.len, 4);
        assert_memory_equal(plain.data, "body", 4);
    }
    return status;
}

static void the_signature_covers_parts_in_clear(void **state)
{
    struct session session;
    begin(*state, 0, &session);
    for (int encrypt = 0; encrypt < 2; encrypt++) {
        struct received received;
        bool encrypted;
        receive(&session, encrypt != 0, &received);
        received.head[1] ^= 1;
        assert_int_equal(unseal(&session, &received, &encrypted), SEC_E_MESSAGE_ALTERED);
        received.head[1] ^= 1;
        assert_int_equal(unseal(&session, &received, &encrypted), SEC_E_OK);
        assert_int_equal(encrypted, encrypt);
        assert_memory_equal(received.head, "HD", 2);
    }
    end(&session);
}

/* For sealed messages and for messages that are only signed. */
static void a_message_with_only_its_number_altered_is_not_out_of_order(void **state)
{
    struct session session;
    begin(*state, 0, &session);
    for (int encrypt = 0; encrypt < 2; encrypt++) {
        struct received first, second;
        bool encrypted;
        receive(&session, encrypt != 0, &first);
        receive(&session, encrypt != 0, &second);
        first.whole[NTLM_SIGN_LEN - 1] ^= 1;
        assert_int_equal(unseal(&session, &first, &encrypted), SEC_E_MESSAGE_ALTERED);
        first.whole[NTLM_SIGN_LEN - 1] ^= 1;
        assert_int_equal(unseal(&session, &second, &encrypted), SEC_E_OUT_OF_SEQUENCE);
        assert_int_equal(unseal(&session, &first, &encrypted), SEC_E_OK);
        assert_int_equal(unseal(&session, &second, &encrypted), SEC_E_OK);
    }
    end(&session);
}

static void a_token_of_another_length_is_altered(void **state)
{
    struct session session;
    struct received received;
    bool encrypted;
    begin(*state, 0, &session);
    receive(&session, true, &received);
    received.message.token.len = NTLM_SIGN_LEN - 1;
    assert_int_equal(unseal(&session, &received, &encrypted), SEC_E_MESSAGE_ALTERED);
    received.message.token.len = NTLM_SIGN_LEN + 1;
    assert_int_equal(unseal(&session, &received, &encrypted), SEC_E_MESSAGE_ALTERED);
    received.message.token.len = NTLM_SIGN_LEN;
    received.message.padding.len = 1;
    assert_int_equal(unseal(&session, &received, &encrypted), SEC_E_MESSAGE_ALTERED);
    received.message.padding.len = 0;
    received.message.whole_len = NTLM_SIGN_LEN - 1;
    assert_int_equal(unseal(&session, &received, &encrypted), SEC_E_INCOMPLETE_MESSAGE);
    received.message.whole_len = sizeof(received.whole);
    assert_int_equal(unseal(&session, &received, &encrypted), SEC_E_OK);
    end(&session);
}

/* Without SIGN, a message that is not sealed is not accepted. */
static void without_integrity_only_sealed_messages_are_accepted(void **state)
{
    static const uint32_t sealing = NTLM_FLAG_UNICODE | NTLM_FLAG_EXTENDED_SECURITY |
                                    NTLM_FLAG_128 | NTLM_FLAG_KEY_EXCHANGE | NTLM_FLAG_SEAL;
    struct session session;
    struct received received;
    bool encrypted;
    begin(*state, sealing, &session);
    receive(&session, true, &received);
    assert_int_equal(unseal(&session, &received, &encrypted), SEC_E_OK);
    assert_true(encrypted);
    receive(&session, false, &received);
    assert_int_equal(unseal(&session, &received, &encrypted), SEC_E_MESSAGE_ALTERED);
    end(&session);
}

static void sizes_follow_the_flags(void **state)
{
    static const uint32_t strong = NTLM_FLAG_UNICODE | NTLM_FLAG_EXTENDED_SECURITY | NTLM_FLAG_128;
    static const struct {
        uint32_t taken;
        SecPkgContext_Sizes sizes;
    } all[] = {
        {0, {2888, 16, 0, 16}},
        {strong | NTLM_FLAG_SIGN, {2888, 16, 0, 16}},
        {strong | NTLM_FLAG_SEAL, {2888, 0, 0, 16}},
        {strong, {2888, 0, 0, 0}},
        {NTLM_FLAG_UNICODE | NTLM_FLAG_SIGN | NTLM_FLAG_SEAL, {2888, 0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct session session;
        SecPkgContext_Sizes sizes;
        begin(*state, all[i].taken, &session);
        assert_int_equal(CALLS->sizes(session.exchange.context, &sizes), SEC_E_OK);
        assert_memory_equal(&sizes, &all[i].sizes, sizeof(sizes));
        end(&session);
    }
    assert_null(CALLS->stream_sizes);
}

static void the_session_key_can_be_queried(void **state)
{
    struct session session;
    struct package_key_info info;
    BYTES_CLEANUP struct bytes key = {0};
    begin(*state, 0, &session);
    assert_int_equal(CALLS->session_key(session.exchange.context, &key), SEC_E_OK);
    assert_int_equal(key.len, NTLM_KEY_LEN);
    assert_memory_equal(key.data, session.exchange.exported, NTLM_KEY_LEN);
    assert_int_equal(CALLS->key_info(session.exchange.context, &info), SEC_E_OK);
    assert_string_equal(info.signature, "HMAC-MD5");
    assert_int_equal(info.key_bits, 128);
    end(&session);
    /* The login has a session key even without any protection of messages. */
    begin(*state, NTLM_FLAG_UNICODE, &session);
    bytes_free(&key);
    assert_int_equal(CALLS->session_key(session.exchange.context, &key), SEC_E_OK);
    assert_memory_equal(key.data, session.exchange.exported, NTLM_KEY_LEN);
    assert_int_equal(CALLS->key_info(session.exchange.context, &info), SEC_E_UNSUPPORTED_FUNCTION);
    end(&session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_signature_covers_parts_in_clear),
        TEST(a_message_with_only_its_number_altered_is_not_out_of_order),
        TEST(a_token_of_another_length_is_altered),
        TEST(without_integrity_only_sealed_messages_are_accepted),
        TEST(sizes_follow_the_flags),
        TEST(the_session_key_can_be_queried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
