/* SPDX-License-Identifier: Apache-2.0 */
/* The message functions of a context in SASL's form: signatures, buffer sizes and attributes. */
#include "digest_sasl_fixture.h"

static void too_small_buffers_change_nothing(void **state)
{
    struct fixture *f = *state;
    char text[8] = "message", padding[24];
    struct package_message_part part = {text, 7, true};
    struct pair p;

    for (size_t i = 0; i < N_CIPHERS; i++) {
        open_pair(f, ciphers[i], &p);
        size_t wanted = digest_cipher_block(p.layer->cipher) > 1 ? 16 + 7 : 16;
        for (size_t room = 0; room < wanted; room++) {
            struct package_message m = {
                .parts = &part, .n_parts = 1, .padding = {padding, room, room}};
            assert_int_equal(p.messages->seal(p.context, ciphers[i] != NULL, &m),
                             SEC_E_BUFFER_TOO_SMALL);
            assert_int_equal(m.padding.len, wanted);
            assert_int_equal(m.token.len, 0);
            assert_string_equal(text, "message");
        }
        for (size_t room = 0; room < 16; room++) {
            struct package_message m = {
                .parts = &part, .n_parts = 1, .token = {padding, room, room}};
            assert_int_equal(p.messages->sign(p.context, &m), SEC_E_BUFFER_TOO_SMALL);
            assert_int_equal(m.token.len, 16);
        }
        exchange(&p, text, 7);
        close_pair(&p);
    }
}

static void signatures_and_sealed_messages_share_their_numbers(void **state)
{
    struct fixture *f = *state;
    char text[] = "two parts", token[16];
    struct package_message_part parts[] = {{text, 4, true}, {text + 4, 5, true}};
    struct package_message m = {.parts = parts, .n_parts = 2, .token = {token, 16, 16}};
    uint8_t wanted[16];
    struct pair p;

    for (size_t i = 0; i < N_CIPHERS; i++) {
        open_pair(f, ciphers[i], &p);
        exchange(&p, text, 9);
        assert_int_equal(p.messages->sign(p.context, &m), SEC_E_OK);
        assert_int_equal(m.token.len, 16);
        sasl_signature(&p.to_client, p.to_client.number++, text, 9, wanted);
        assert_memory_equal(token, wanted, 16);
        exchange(&p, text, 9);
        assert_string_equal(text, "two parts");
        /* The other direction. */
        sasl_signature(&p.to_server, 1, text, 9, (uint8_t *)token);
        assert_int_equal(p.messages->verify(p.context, &m), SEC_E_OUT_OF_SEQUENCE);
        sasl_signature(&p.to_server, 0, text, 9, (uint8_t *)token);
        m.token.len = 15;
        assert_int_equal(p.messages->verify(p.context, &m), SEC_E_MESSAGE_ALTERED);
        m.token.len = 16;
        for (size_t at = 0; at < 16; at++) {
            token[at] ^= 1;
            assert_int_equal(p.messages->verify(p.context, &m), SEC_E_MESSAGE_ALTERED);
            token[at] ^= 1;
        }
        assert_int_equal(p.messages->verify(p.context, &m), SEC_E_OK);
        assert_int_equal(p.messages->verify(p.context, &m), SEC_E_OUT_OF_SEQUENCE);
        close_pair(&p);
    }
}

static void parts_in_clear_are_refused(void **state)
{
    struct fixture *f = *state;
    char text[] = "text", room[40];
    struct package_message_part parts[] = {{text, 4, true}, {text, 4, false}};
    struct package_message m = {.parts = parts,
                                .n_parts = 2,
                                .token = {room, 16, 16},
                                .padding = {room, 24, 24},
                                .whole = room,
                                .whole_len = 40};
    struct sspi_view plain;
    bool encrypted;
    struct pair p;

    for (size_t i = 0; i < 2; i++) {
        open_pair(f, ciphers[i], &p);
        assert_int_equal(p.messages->seal(p.context, i != 0, &m), SEC_E_INVALID_TOKEN);
        assert_int_equal(p.messages->sign(p.context, &m), SEC_E_INVALID_TOKEN);
        assert_int_equal(p.messages->verify(p.context, &m), SEC_E_INVALID_TOKEN);
        assert_int_equal(p.messages->unseal(p.context, &m, &plain, &encrypted),
                         SEC_E_INVALID_TOKEN);
        m.n_parts = 1;
        assert_int_equal(p.messages->seal(p.context, i == 0, &m), SEC_E_QOP_NOT_SUPPORTED);
        m.n_parts = 2;
        close_pair(&p);
    }
}

static void attributes_contain_sizes_and_keys(void **state)
{
    static const struct {
        ULONG block, key_bits, number;
        const char *name;
    } wanted[N_CIPHERS] = {{1, 128, 0, ""},         {8, 112, 0x6609, "3DES TWO KEY"},
                           {1, 128, 0x6801, "RC4"}, {8, 56, 0x6601, "DES"},
                           {1, 56, 0x6801, "RC4"},  {1, 40, 0x6801, "RC4"}};
    struct fixture *f = *state;
    SecPkgContext_Sizes sizes;
    SecPkgContext_StreamSizes stream;
    struct package_key_info info;
    struct pair p;

    for (size_t i = 0; i < N_CIPHERS; i++) {
        BYTES_CLEANUP struct bytes key = {0};
        open_pair(f, ciphers[i], &p);
        assert_true(p.messages->has_trailer && p.messages->negotiates_qop);
        assert_int_equal(p.messages->sizes(p.context, &sizes), SEC_E_OK);
        assert_int_equal(sizes.cbMaxToken, 4096);
        assert_int_equal(sizes.cbMaxSignature, 16);
        assert_int_equal(sizes.cbSecurityTrailer, 0);
        assert_int_equal(sizes.cbBlockSize, wanted[i].block);
        assert_int_equal(p.messages->stream_sizes(p.context, &stream), SEC_E_OK);
        assert_int_equal(stream.cbHeader, 0);
        assert_int_equal(stream.cbTrailer, 16 + wanted[i].block);
        assert_int_equal(stream.cbMaximumMessage, PACKAGE_MESSAGE_LIMIT);
        assert_int_equal(stream.cbBlockSize, wanted[i].block);
        assert_int_equal(p.messages->session_key(p.context, &key), SEC_E_OK);
        assert_int_equal(key.len, 16);
        assert_memory_equal(key.data, p.session.key, 16);
        assert_int_equal(p.messages->key_info(p.context, &info), SEC_E_OK);
        assert_string_equal(info.signature, "HMAC-MD5");
        assert_int_equal(info.signature_number, 0x8009);
        assert_string_equal(info.encryption, wanted[i].name);
        assert_int_equal(info.encryption_number, wanted[i].number);
        assert_int_equal(info.key_bits, wanted[i].key_bits);
        close_pair(&p);
    }
}

static void qop_auth_protects_nothing(void **state)
{
    struct fixture *f = *state;
    char nonce[DIGEST_NONCE_LEN + 1], text[] = "text", room[24];
    struct sasl_session session;
    struct package_message_part part = {text, 4, true};
    struct package_message m = {.parts = &part,
                                .n_parts = 1,
                                .token = {room, 16, 16},
                                .padding = {room, 24, 24},
                                .whole = room,
                                .whole_len = 24};
    BYTES_CLEANUP struct bytes key = {0};
    struct sspi_view plain;
    struct package_key_info info;
    SecPkgContext_Sizes sizes;
    SecPkgContext_StreamSizes stream;
    bool encrypted;

    acquire(f, (SSPI_ACCEPTOR_DATA){0});
    void *context = sasl_begin(f, ANYTHING, nonce);
    struct sasl_client c = sasl_alice(nonce);
    assert_int_equal(sasl_end(f, context, ANYTHING, &c, &session), SEC_E_OK);
    const struct package_messages *messages = digest_package.info(context)->mechanism->messages;
    assert_int_equal(messages->seal(context, false, &m), SEC_E_QOP_NOT_SUPPORTED);
    assert_int_equal(messages->sign(context, &m), SEC_E_QOP_NOT_SUPPORTED);
    assert_int_equal(messages->verify(context, &m), SEC_E_QOP_NOT_SUPPORTED);
    assert_int_equal(messages->unseal(context, &m, &plain, &encrypted), SEC_E_QOP_NOT_SUPPORTED);
    assert_int_equal(messages->sizes(context, &sizes), SEC_E_OK);
    assert_int_equal(sizes.cbMaxSignature, 0);
    assert_int_equal(sizes.cbBlockSize, 0);
    assert_int_equal(messages->stream_sizes(context, &stream), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(messages->session_key(context, &key), SEC_E_OK);
    assert_memory_equal(key.data, session.key, 16);
    assert_int_equal(messages->key_info(context, &info), SEC_E_OK);
    assert_string_equal(info.signature, "MD5-sess");
    assert_string_equal(info.encryption, "");
    digest_package.destroy(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(too_small_buffers_change_nothing),
        TEST(signatures_and_sealed_messages_share_their_numbers),
        TEST(parts_in_clear_are_refused),
        TEST(attributes_contain_sizes_and_keys),
        TEST(qop_auth_protects_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, end_des);
}
