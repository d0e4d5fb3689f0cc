/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed messages of a context in SASL's form, tested with the client of digest_sasl_client.h. */
#include "digest_sasl_fixture.h"

#define LONG 5000

static void messages_pass_in_both_directions(void **state)
{
    struct fixture *f = *state;
    uint8_t message[LONG + 24];
    char text[LONG];
    struct pair p;

    for (size_t i = 0; i < LONG; i++)
        text[i] = (char)(i * 7 % 251);
    for (size_t i = 0; i < N_CIPHERS; i++) {
        open_pair(f, ciphers[i], &p);
        for (size_t len = 0; len < 20; len++) {
            exchange(&p, text, len);
            size_t whole = client_message(&p, text, len, message);
            assert_int_equal(unseal(&p, message, whole, text, len), SEC_E_OK);
        }
        for (size_t len = 1005; len < 1030; len++)
            exchange(&p, text, len);
        exchange(&p, text, LONG);
        size_t whole = client_message(&p, text, LONG, message);
        assert_int_equal(unseal(&p, message, whole, text, LONG), SEC_E_OK);
        close_pair(&p);
    }
}

static void parts_may_end_inside_a_block(void **state)
{
    static const size_t lens[] = {0, 3, 0, 1021, 1, 8, 15, 1025, 0};
    struct fixture *f = *state;
    char text[3000];
    struct pair p;

    memset(text, 'p', sizeof(text));
    for (size_t i = 0; i < N_CIPHERS; i++) {
        open_pair(f, ciphers[i], &p);
        for (size_t n = 1; n <= sizeof(lens) / sizeof(lens[0]); n++)
            exchange_parts(&p, text, lens, n);
        size_t many[PACKAGE_MESSAGE_PARTS_LIMIT];
        for (size_t n = 0; n < PACKAGE_MESSAGE_PARTS_LIMIT; n++)
            many[n] = n;
        exchange_parts(&p, text, many, PACKAGE_MESSAGE_PARTS_LIMIT);
        close_pair(&p);
    }
}

static void altered_messages_are_refused_and_do_not_count(void **state)
{
    static const char text[] = "fourteen octet";
    struct fixture *f = *state;
    uint8_t message[64];
    struct pair p;

    for (size_t i = 0; i < N_CIPHERS; i++) {
        open_pair(f, ciphers[i], &p);
        for (int round = 0; round < 2; round++) {
            size_t len = client_message(&p, text, 14, message);
            for (size_t at = 0; at < len; at++) {
                message[at] ^= 0x10;
                assert_int_equal(unseal(&p, message, len, NULL, 0), SEC_E_MESSAGE_ALTERED);
                message[at] ^= 0x10;
            }
            for (size_t cut = 1; cut < len; cut++) {
                bool short_of_any =
                    len - cut < (digest_cipher_block(p.layer->cipher) > 1 ? 22 : 16);
                assert_int_equal(unseal(&p, message, len - cut, NULL, 0),
                                 short_of_any ? SEC_E_INCOMPLETE_MESSAGE : SEC_E_MESSAGE_ALTERED);
            }
            assert_int_equal(unseal(&p, message, 0, NULL, 0), SEC_E_INCOMPLETE_MESSAGE);
            message[len] = 0;
            assert_int_equal(unseal(&p, message, len + 1, NULL, 0), SEC_E_MESSAGE_ALTERED);
            memset(message + len, 0, 8);
            assert_int_equal(unseal(&p, message, len + 8, NULL, 0), SEC_E_MESSAGE_ALTERED);
            assert_int_equal(unseal(&p, message, len, text, 14), SEC_E_OK);
        }
        close_pair(&p);
    }
}

/* With a cipher, a message out of order cannot be decrypted, because the cipher's state continues
 * from message to message. Without a cipher, its number is wrong. */
static void messages_out_of_order_are_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t first[64], second[64], third[64];
    struct pair p;

    for (size_t i = 0; i < N_CIPHERS; i++) {
        SECURITY_STATUS refusal =
            ciphers[i] == NULL ? SEC_E_OUT_OF_SEQUENCE : SEC_E_MESSAGE_ALTERED;
        open_pair(f, ciphers[i], &p);
        size_t first_len = client_message(&p, "one", 3, first);
        size_t second_len = client_message(&p, "second one", 10, second);
        size_t third_len = client_message(&p, "the third", 9, third);
        assert_int_equal(unseal(&p, second, second_len, NULL, 0), refusal);
        assert_int_equal(unseal(&p, first, first_len, "one", 3), SEC_E_OK);
        assert_int_equal(unseal(&p, first, first_len, NULL, 0), refusal);
        assert_int_equal(unseal(&p, third, third_len, NULL, 0), refusal);
        assert_int_equal(unseal(&p, second, second_len, "second one", 10), SEC_E_OK);
        assert_int_equal(unseal(&p, third, third_len, "the third", 9), SEC_E_OK);
        /* The client sends a wrong number. */
        p.to_server.number = 7;
        third_len = client_message(&p, "eighth", 6, third);
        assert_int_equal(unseal(&p, third, third_len, NULL, 0), SEC_E_OUT_OF_SEQUENCE);
        close_pair(&p);
    }
}

/* Each side receives its own messages back. */
static void messages_of_the_other_direction_are_refused(void **state)
{
    struct fixture *f = *state;
    char text[] = "text", padding[24];
    struct package_message_part part = {text, 4, true};
    struct package_message m = {.parts = &part, .n_parts = 1, .padding = {padding, 24, 0}};
    uint8_t whole[32];
    struct pair p;

    for (size_t i = 0; i < N_CIPHERS; i++) {
        memcpy(text, "text", 4);
        open_pair(f, ciphers[i], &p);
        assert_int_equal(p.messages->seal(p.context, ciphers[i] != NULL, &m), SEC_E_OK);
        memcpy(whole, text, 4);
        memcpy(whole + 4, padding, m.padding.len);
        assert_int_equal(unseal(&p, whole, 4 + m.padding.len, NULL, 0), SEC_E_MESSAGE_ALTERED);
        close_pair(&p);
    }
}

/* The message is right except for its padding, which the MAC does not cover. */
static void padding_is_checked(void **state)
{
    static const uint8_t wrong[][8] = {{0, 0, 0, 0, 0, 0, 0, 0}, {9, 9, 9, 9, 9, 9, 9, 9},
                                       {7, 7, 7, 7, 7, 7, 7, 8}, {9, 8, 8, 8, 8, 8, 8, 8},
                                       {8, 8, 8, 8, 8, 8, 8, 0}, {8, 8, 8, 8, 8, 8, 8, 255},
                                       {8, 8, 8, 9, 8, 8, 8, 8}};
    struct fixture *f = *state;
    uint8_t message[64];
    struct pair p;

    open_pair(f, "des", &p);
    for (size_t i = 0; i <= sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct sasl_side before = p.to_server;
        memcpy(message, "exactly fourteen.!", 14);
        sasl_signature(&p.to_server, 0, message, 14, message + 22);
        memset(message + 14, 8, 8);
        bool right = i == sizeof(wrong) / sizeof(wrong[0]);
        if (!right)
            memcpy(message + 14, wrong[i], 8);
        sasl_cipher(&p.to_server, message, 32, 1);
        assert_int_equal(unseal(&p, message, 38, "exactly fourteen.!", 14),
                         right ? SEC_E_OK : SEC_E_MESSAGE_ALTERED);
        if (!right)
            p.to_server = before;
    }
    close_pair(&p);
    /* The message is only padding, and the padding is longer than the message. */
    open_pair(f, "3des", &p);
    memset(message, 7, 6);
    sasl_signature(&p.to_server, 0, message, 0, message + 6);
    sasl_cipher(&p.to_server, message, 16, 1);
    assert_int_equal(unseal(&p, message, 22, NULL, 0), SEC_E_MESSAGE_ALTERED);
    close_pair(&p);
}

static void message_numbers_are_never_used_again(void **state)
{
    struct fixture *f = *state;
    char text[] = "text", room[24];
    struct package_message_part part = {text, 4, true};
    struct package_message m = {
        .parts = &part, .n_parts = 1, .token = {room, 16, 16}, .padding = {room, 24, 24}};
    uint8_t message[32];
    struct pair p;

    for (size_t i = 0; i < N_CIPHERS; i++) {
        open_pair(f, ciphers[i], &p);
        p.layer->server.number = p.layer->client.number = UINT32_MAX;
        p.to_client.number = p.to_server.number = UINT32_MAX;
        exchange(&p, text, 4);
        size_t len = client_message(&p, text, 4, message);
        assert_int_equal(unseal(&p, message, len, text, 4), SEC_E_OK);
        assert_int_equal(p.messages->seal(p.context, ciphers[i] != NULL, &m),
                         SEC_E_CONTEXT_EXPIRED);
        assert_int_equal(p.messages->sign(p.context, &m), SEC_E_CONTEXT_EXPIRED);
        assert_int_equal(p.messages->verify(p.context, &m), SEC_E_CONTEXT_EXPIRED);
        len = client_message(&p, text, 4, message);
        assert_int_equal(unseal(&p, message, len, NULL, 0), SEC_E_CONTEXT_EXPIRED);
        assert_string_equal(text, "text");
        close_pair(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_pass_in_both_directions),
        TEST(parts_may_end_inside_a_block),
        TEST(altered_messages_are_refused_and_do_not_count),
        TEST(messages_out_of_order_are_refused),
        TEST(messages_of_the_other_direction_are_refused),
        TEST(padding_is_checked),
        TEST(message_numbers_are_never_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, end_des);
}
