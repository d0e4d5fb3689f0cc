/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_client.h"
#include "ntlm_sign.h"

static struct ntlm_crypto crypto;
static const uint8_t key[NTLM_KEY_LEN] = {0x55, 0x55};

static int open_crypto(void **state)
{
    return ntlm_crypto_init(&crypto) ? 0 : -1;
}

static int close_crypto(void **state)
{
    ntlm_crypto_clear(&crypto);
    return 0;
}

#define MESSAGE SSPI_VIEW("what is signed")

static struct sspi_view view_of(const uint8_t signature[NTLM_SIGN_LEN])
{
    return octets_of(signature, NTLM_SIGN_LEN);
}

/* Two ends of one session, with and without key exchange. */
static void signatures_are_right_only_in_their_order(void **state)
{
    for (int exchange = 0; exchange < 2; exchange++) {
        struct ntlm_sign here, there;
        uint8_t signatures[3][NTLM_SIGN_LEN];
        assert_true(ntlm_sign_init(&here, &crypto, key, exchange != 0));
        assert_true(ntlm_sign_init(&there, &crypto, key, exchange != 0));
        for (int i = 0; i < 3; i++)
            assert_true(ntlm_sign_make(&there, &there.client, MESSAGE, signatures[i]));
        assert_memory_not_equal(signatures[0], signatures[1], NTLM_SIGN_LEN);
        for (int i = 0; i < 3; i++)
            assert_int_equal(ntlm_sign_check(&here, &here.client, MESSAGE, view_of(signatures[i])),
                             NTLM_SIGN_RIGHT);
        assert_int_equal(ntlm_sign_check(&here, &here.client, MESSAGE, view_of(signatures[2])),
                         NTLM_SIGN_UNSEQUENCED);
        ntlm_sign_clear(&here);
        ntlm_sign_clear(&there);
    }
}

static void an_altered_message_is_wrong(void **state)
{
    struct ntlm_sign here, there;
    uint8_t signature[NTLM_SIGN_LEN + 1];
    assert_true(ntlm_sign_init(&here, &crypto, key, true));
    assert_true(ntlm_sign_init(&there, &crypto, key, true));
    assert_true(ntlm_sign_make(&there, &there.client, MESSAGE, signature));
    for (size_t i = 0; i < NTLM_SIGN_LEN; i++) {
        signature[i] ^= 0x10;
        assert_int_equal(ntlm_sign_check(&here, &here.client, MESSAGE, view_of(signature)),
                         NTLM_SIGN_WRONG);
        signature[i] ^= 0x10;
    }
    const struct sspi_view others[] = {
        octets_of(signature, 0), octets_of(signature, 15), octets_of(signature, 17), {NULL, 0}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ntlm_sign_check(&here, &here.client, MESSAGE, others[i]), NTLM_SIGN_WRONG);
    }
    assert_int_equal(
        ntlm_sign_check(&here, &here.client, SSPI_VIEW("what is Signed"), view_of(signature)),
        NTLM_SIGN_WRONG);
    /* A signature of one direction is wrong in the other one, so an attacker cannot send it back.
     */
    assert_int_equal(ntlm_sign_check(&here, &here.server, MESSAGE, view_of(signature)),
                     NTLM_SIGN_WRONG);
    /* The side still has its old state. */
    assert_int_equal(ntlm_sign_check(&here, &here.client, MESSAGE, view_of(signature)),
                     NTLM_SIGN_RIGHT);
    assert_int_equal(here.client.sequence, 1);
    ntlm_sign_clear(&here);
    ntlm_sign_clear(&there);
}

static void a_restart_keeps_the_sequence(void **state)
{
    struct ntlm_sign sign, fresh;
    uint8_t first[NTLM_SIGN_LEN], second[NTLM_SIGN_LEN], wanted[NTLM_SIGN_LEN];
    assert_true(ntlm_sign_init(&sign, &crypto, key, true));
    assert_true(ntlm_sign_init(&fresh, &crypto, key, true));
    assert_true(ntlm_sign_make(&sign, &sign.server, MESSAGE, first));
    assert_true(ntlm_sign_restart(&sign.server));
    assert_true(ntlm_sign_make(&sign, &sign.server, MESSAGE, second));
    /* The second signature is that of a new state with the sequence number 1. */
    fresh.server.sequence = 1;
    assert_true(ntlm_sign_make(&fresh, &fresh.server, MESSAGE, wanted));
    assert_memory_equal(second, wanted, NTLM_SIGN_LEN);
    ntlm_sign_clear(&sign);
    ntlm_sign_clear(&fresh);
}

/* ---- sealed messages ---- */

/* MS-NLMP 4.2.4.4: "Plaintext" in UTF-16LE under a key of 0x55. */
static void sealing_gives_the_published_octets(void **state)
{
    static const uint8_t session[NTLM_KEY_LEN] = {0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
                                                  0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55};
    static const uint8_t sealed[] = {0x54, 0xe5, 0x01, 0x65, 0xbf, 0x19, 0x36, 0xdc, 0x99,
                                     0x60, 0x20, 0xc1, 0x81, 0x1b, 0x0f, 0x06, 0xfb, 0x5f};
    static const uint8_t signature[] = {0x01, 0,    0,    0,    0x7f, 0xb3, 0x8e, 0xc5,
                                        0xc5, 0x5d, 0x49, 0x76, 0,    0,    0,    0};
    char message[18] = "P\0l\0a\0i\0n\0t\0e\0x\0t";
    const struct package_message_part part = {message, sizeof(message), true};
    struct ntlm_sign here, there;
    uint8_t made[NTLM_SIGN_LEN];
    assert_true(ntlm_sign_init(&there, &crypto, session, true));
    assert_true(ntlm_sign_init(&here, &crypto, session, true));
    assert_true(ntlm_sign_seal(&there, &there.client, &part, 1, true, made));
    assert_memory_equal(message, sealed, sizeof(sealed));
    assert_memory_equal(made, signature, sizeof(signature));
    assert_int_equal(ntlm_sign_unseal(&here, &here.client, &part, 1, true, view_of(made)),
                     NTLM_SIGN_RIGHT);
    assert_memory_equal(message, "P\0l\0a\0i\0n\0t\0e\0x\0t", sizeof(message));
    ntlm_sign_clear(&here);
    ntlm_sign_clear(&there);
}

#define N_MESSAGES 4

struct sealed {
    char head[4]; /* signed but not encrypted */
    char body[9];
    uint8_t signature[NTLM_SIGN_LEN];
};

static void parts_of(struct sealed *message, struct package_message_part parts[2])
{
    parts[0] = (struct package_message_part){message->head, sizeof(message->head), false};
    parts[1] = (struct package_message_part){message->body, sizeof(message->body), true};
}

static enum ntlm_sign_status open_sealed(struct ntlm_sign *sign, struct sealed *message)
{
    struct package_message_part parts[2];
    parts_of(message, parts);
    return ntlm_sign_unseal(sign, &sign->client, parts, 2, true, view_of(message->signature));
}

static void seal_all(struct ntlm_sign *sign, struct sealed messages[N_MESSAGES])
{
    for (int i = 0; i < N_MESSAGES; i++) {
        struct package_message_part parts[2];
        memcpy(messages[i].head, "head", 4);
        snprintf(messages[i].body, sizeof(messages[i].body), "body %d..", i);
        parts_of(&messages[i], parts);
        assert_true(ntlm_sign_seal(sign, &sign->client, parts, 2, true, messages[i].signature));
        assert_memory_equal(messages[i].head, "head", 4);
        assert_memory_not_equal(messages[i].body, "body", 4);
    }
}

static void sealed_messages_open_only_in_their_order(void **state)
{
    for (int exchange = 0; exchange < 2; exchange++) {
        struct ntlm_sign here, there;
        struct sealed messages[N_MESSAGES], copy;
        assert_true(ntlm_sign_init(&here, &crypto, key, exchange != 0));
        assert_true(ntlm_sign_init(&there, &crypto, key, exchange != 0));
        seal_all(&there, messages);
        for (int i = 0; i < N_MESSAGES; i++) {
            /* A message that comes too early changes neither the state nor itself. */
            for (int early = i + 1; early < N_MESSAGES; early++) {
                copy = messages[early];
                assert_int_equal(open_sealed(&here, &messages[early]), NTLM_SIGN_UNSEQUENCED);
                assert_memory_equal(&copy, &messages[early], sizeof(copy));
            }
            copy = messages[i];
            assert_int_equal(open_sealed(&here, &messages[i]), NTLM_SIGN_RIGHT);
            assert_memory_equal(messages[i].body, "body", 4);
            assert_int_equal(open_sealed(&here, &copy), NTLM_SIGN_UNSEQUENCED);
        }
        ntlm_sign_clear(&here);
        ntlm_sign_clear(&there);
    }
}

static void each_changed_octet_is_detected(void **state)
{
    struct ntlm_sign here, there;
    struct sealed messages[N_MESSAGES];
    assert_true(ntlm_sign_init(&here, &crypto, key, true));
    assert_true(ntlm_sign_init(&there, &crypto, key, true));
    seal_all(&there, messages);
    for (size_t i = 0; i < sizeof(messages[0]); i++) {
        struct sealed copy = messages[0], before;
        ((uint8_t *)&copy)[i] ^= 0x20;
        before = copy;
        assert_int_equal(open_sealed(&here, &copy), NTLM_SIGN_WRONG);
        assert_memory_equal(&copy, &before, sizeof(copy));
    }
    assert_int_equal(open_sealed(&here, &messages[0]), NTLM_SIGN_RIGHT);
    /* A message that is only signed is not accepted as a sealed one. */
    const struct package_message_part part = {messages[1].body, sizeof(messages[1].body), true};
    assert_int_equal(
        ntlm_sign_unseal(&here, &here.client, &part, 1, false, view_of(messages[1].signature)),
        NTLM_SIGN_WRONG);
    ntlm_sign_clear(&here);
    ntlm_sign_clear(&there);
}

static void signed_and_sealed_messages_share_one_stream(void **state)
{
    struct ntlm_sign here, there;
    char body[] = "what is sealed";
    const struct package_message_part part = {body, sizeof(body) - 1, true};
    uint8_t signature[NTLM_SIGN_LEN];
    assert_true(ntlm_sign_init(&here, &crypto, key, true));
    assert_true(ntlm_sign_init(&there, &crypto, key, true));
    for (int i = 0; i < 3; i++) {
        assert_true(ntlm_sign_make(&there, &there.server, MESSAGE, signature));
        assert_int_equal(ntlm_sign_check(&here, &here.server, MESSAGE, view_of(signature)),
                         NTLM_SIGN_RIGHT);
        assert_true(ntlm_sign_seal(&there, &there.server, &part, 1, true, signature));
        assert_int_equal(ntlm_sign_unseal(&here, &here.server, &part, 1, true, view_of(signature)),
                         NTLM_SIGN_RIGHT);
        assert_string_equal(body, "what is sealed");
    }
    /* An empty message also uses octets of the RC4 stream, for its checksum. */
    assert_true(ntlm_sign_seal(&there, &there.server, NULL, 0, true, signature));
    assert_int_equal(ntlm_sign_unseal(&here, &here.server, NULL, 0, true, view_of(signature)),
                     NTLM_SIGN_RIGHT);
    ntlm_sign_clear(&here);
    ntlm_sign_clear(&there);
}

static void more_parts_than_the_limit_are_refused(void **state)
{
    static const struct package_message_part parts[PACKAGE_MESSAGE_PARTS_LIMIT + 1];
    struct ntlm_sign sign;
    uint8_t signature[NTLM_SIGN_LEN];
    assert_true(ntlm_sign_init(&sign, &crypto, key, true));
    assert_true(
        ntlm_sign_seal(&sign, &sign.client, parts, PACKAGE_MESSAGE_PARTS_LIMIT, true, signature));
    assert_false(ntlm_sign_seal(&sign, &sign.client, parts, PACKAGE_MESSAGE_PARTS_LIMIT + 1, true,
                                signature));
    ntlm_sign_clear(&sign);
}

static void clear_wipes_the_keys(void **state)
{
    struct ntlm_sign sign;
    static const struct ntlm_sign zero;
    assert_true(ntlm_sign_init(&sign, &crypto, key, false));
    ntlm_sign_clear(&sign);
    assert_memory_equal(&sign, &zero, sizeof(sign));
    ntlm_sign_clear(&sign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_right_only_in_their_order),
        cmocka_unit_test(an_altered_message_is_wrong),
        cmocka_unit_test(a_restart_keeps_the_sequence),
        cmocka_unit_test(sealing_gives_the_published_octets),
        cmocka_unit_test(sealed_messages_open_only_in_their_order),
        cmocka_unit_test(each_changed_octet_is_detected),
        cmocka_unit_test(signed_and_sealed_messages_share_one_stream),
        cmocka_unit_test(more_parts_than_the_limit_are_refused),
        cmocka_unit_test(clear_wipes_the_keys),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
