/* SPDX-License-Identifier: Apache-2.0 */
/* The message functions against GSSAPI peers: MIT's Kerberos (message_kerberos.t) and gss-ntlmssp
 * (message_ntlm.t), by themselves and in SPNEGO. */
#include "message_tests.h"

static const size_t lengths[] = {0, 1, 15, 16, 17, 1000, 65536, 1 << 20};

#define N_LENGTHS (sizeof lengths / sizeof lengths[0])

/* gss-ntlmssp does not accept an empty message for signing or encryption. */
static size_t first_length(const struct pair_kind *kind)
{
    return kind->ntlm ? 1 : 0;
}

void assert_block(const struct block *got, const struct block *wanted)
{
    assert_int_equal(got->len, wanted->len);
    assert_memory_equal(got->data, wanted->data, wanted->len);
}

struct block peer_wrap_signed(struct pair *pair, const struct block *message)
{
    if (!pair->kind->ntlm)
        return peer_wrap(pair, 0, message);
    struct block mic = peer_mic(pair, message);
    struct block both = block_text(mic.len + message->len, 0);
    memcpy(both.data, mic.data, mic.len);
    memcpy(both.data + mic.len, message->data, message->len);
    block_free(&mic);
    return both;
}

static void signatures_go_both_ways(void **state)
{
    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        pair_open(&pair, kind, PAIR_FLAGS);
        for (size_t i = first_length(kind); i < N_LENGTHS; i++) {
            struct block message = block_text(lengths[i], 1), mic;
            assert_int_equal(our_sign(&pair, &message, &mic), SEC_E_OK);
            assert_true(mic.len > 0 && mic.len <= pair.sizes.cbMaxSignature);
            assert_int_equal(peer_check_mic(&pair, &message, &mic), GSS_S_COMPLETE);
            block_free(&mic);
            mic = peer_mic(&pair, &message);
            assert_int_equal(our_verify(&pair, &message, &mic), SEC_E_OK);
            block_free(&mic);
            block_free(&message);
        }
        pair_close(&pair);
    }
}

static void a_peer_unwraps_sealed_messages(void **state)
{
    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        pair_open(&pair, kind, PAIR_FLAGS);
        for (size_t i = 0; i < N_LENGTHS; i++) {
            struct block message = block_text(lengths[i], 2), token, plain;
            int encrypted = 0;
            assert_int_equal(our_seal(&pair, 0, &message, &token), SEC_E_OK);
            assert_true(token.len >= message.len + SHORTEST);
            assert_int_equal(peer_unwrap(&pair, &token, &plain, &encrypted), GSS_S_COMPLETE);
            assert_int_equal(encrypted != 0, !kind->ntlm || encrypted != 0);
            assert_block(&plain, &message);
            block_free(&plain);
            block_free(&token);
            block_free(&message);
        }
        pair_close(&pair);
    }
}

/* The message comes as one SECBUFFER_STREAM, and divided into SECBUFFER_TOKEN and SECBUFFER_DATA.
 */
static void messages_of_a_peer_are_decrypted(void **state)
{
    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        pair_open(&pair, kind, PAIR_FLAGS);
        for (size_t i = 2 * first_length(kind); i < 2 * N_LENGTHS; i++) {
            struct block message = block_text(lengths[i / 2], 3), plain;
            struct block token = peer_wrap(&pair, 1, &message);
            ULONG qop = 1;
            if (i % 2 == 0)
                assert_int_equal(our_unseal(&pair, &token, &plain, &qop), SEC_E_OK);
            else
                assert_int_equal(our_unseal_split(&pair, &token, SHORTEST, &plain, &qop), SEC_E_OK);
            assert_int_equal(qop, 0);
            assert_block(&plain, &message);
            block_free(&plain);
            block_free(&token);
            block_free(&message);
        }
        pair_close(&pair);
    }
}

/* With NTLM that is the signature of gss_get_mic() in front of the message (MS-NLMP 3.4.4). */
static void check_signed_only(struct pair *pair, const struct block *message,
                              const struct block *token)
{
    struct block plain;
    int encrypted = 1;
    assert_memory_equal(token->data + token->len - message->len, message->data,
                        pair->kind->ntlm ? message->len : 0);
    if (pair->kind->ntlm) {
        struct block mic = {token->data, token->len - message->len};
        assert_int_equal(peer_check_mic(pair, message, &mic), GSS_S_COMPLETE);
        return;
    }
    assert_int_equal(peer_unwrap(pair, token, &plain, &encrypted), GSS_S_COMPLETE);
    assert_false(encrypted);
    assert_block(&plain, message);
    block_free(&plain);
}

static void unencrypted_messages_are_reported_as_such(void **state)
{
    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        pair_open(&pair, kind, PAIR_FLAGS);
        for (size_t i = first_length(kind); i < N_LENGTHS; i++) {
            struct block message = block_text(lengths[i], 4), token, plain;
            ULONG qop = 1;
            assert_int_equal(our_seal(&pair, SECQOP_WRAP_NO_ENCRYPT, &message, &token), SEC_E_OK);
            check_signed_only(&pair, &message, &token);
            block_free(&token);
            token = peer_wrap_signed(&pair, &message);
            assert_int_equal(our_unseal(&pair, &token, &plain, &qop), SEC_E_OK);
            assert_int_equal(qop, SECQOP_WRAP_NO_ENCRYPT);
            assert_block(&plain, &message);
            block_free(&plain);
            block_free(&token);
            /* The next message is encrypted again. */
            token = peer_wrap(&pair, 1, &message);
            assert_int_equal(our_unseal(&pair, &token, &plain, &qop), SEC_E_OK);
            assert_int_equal(qop, 0);
            assert_block(&plain, &message);
            block_free(&plain);
            block_free(&token);
            block_free(&message);
        }
        pair_close(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_go_both_ways),
        cmocka_unit_test(a_peer_unwraps_sealed_messages),
        cmocka_unit_test(messages_of_a_peer_are_decrypted),
        cmocka_unit_test(unencrypted_messages_are_reported_as_such),
        cmocka_unit_test(any_altered_octet_of_a_sealed_message_is_detected),
        cmocka_unit_test(any_altered_octet_of_a_signed_message_is_detected),
        cmocka_unit_test(a_message_cut_off_is_refused),
        cmocka_unit_test(sealed_messages_have_their_order),
        cmocka_unit_test(signed_messages_have_their_order),
        cmocka_unit_test(without_its_flags_kerberos_accepts_any_order),
        cmocka_unit_test(with_only_replay_detection_any_order_is_accepted),
        cmocka_unit_test(our_own_messages_are_not_taken_back),
        cmocka_unit_test(a_failed_call_uses_up_no_sequence_number),
        cmocka_unit_test(windows_layout_is_decrypted_in_place),
        cmocka_unit_test(parts_in_clear_are_covered),
        cmocka_unit_test(several_buffers_are_one_message),
        cmocka_unit_test(without_confidentiality_nothing_is_encrypted),
        cmocka_unit_test(without_integrity_there_are_no_messages),
        cmocka_unit_test(sizes_are_those_of_messages),
        cmocka_unit_test(both_sides_have_the_same_session_key),
        cmocka_unit_test(key_info_names_the_algorithms),
        cmocka_unit_test(one_thread_encrypts_while_another_decrypts),
        cmocka_unit_test(an_established_context_accepts_no_further_call),
        cmocka_unit_test(a_failed_context_accepts_no_call),
    };
    return cmocka_run_group_tests(tests, pair_start, NULL);
}
