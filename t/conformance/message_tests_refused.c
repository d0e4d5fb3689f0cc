/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that were altered, came in another order, or do not fit. */
#include "message_tests.h"

/* RFC 4121 4.2.5: a header says by how many octets the rest is rotated. A rotation by a multiple of
 * the length of the rest changes nothing, and no alteration of this length makes one. */
#define MESSAGE_LEN 41

static SECURITY_STATUS unseal_quietly(struct pair *pair, const struct block *token)
{
    struct block plain;
    ULONG qop = 7;
    SECURITY_STATUS status = our_unseal(pair, token, &plain, &qop);
    assert_int_equal(qop, status == SEC_E_OK ? 0 : 7);
    block_free(&plain);
    return status;
}

/* RFC 4757 7: signatures of RC4 do not cover the sequence number before them. A message
 * with an altered number may count as another one that came early. Then the right message is late.
 */
static void assert_altered(const struct pair *pair, bool sealed, SECURITY_STATUS status)
{
    if (pair->kind->enctype != RC4 || sealed || status != SEC_E_OUT_OF_SEQUENCE)
        assert_int_equal(status, SEC_E_MESSAGE_ALTERED);
}

/* Alters each octet of a sealed or only signed message. After each refusal the right message is
 * still accepted. */
static void alter_wrapped(struct pair *pair, bool signed_only)
{
    struct block message = block_text(MESSAGE_LEN, 1), plain;
    struct block token =
        signed_only ? peer_wrap_signed(pair, &message) : peer_wrap(pair, 1, &message);
    ULONG qop;
    for (size_t i = 0; i < token.len; i++) {
        token.data[i] ^= 0x10;
        assert_altered(pair, !signed_only, unseal_quietly(pair, &token));
        assert_altered(pair, !signed_only, our_unseal_split(pair, &token, SHORTEST, &plain, &qop));
        token.data[i] ^= 0x10;
    }
    if (pair->kind->enctype != RC4 || !signed_only) {
        assert_int_equal(our_unseal(pair, &token, &plain, &qop), SEC_E_OK);
        assert_block(&plain, &message);
        block_free(&plain);
    }
    block_free(&token);
    block_free(&message);
}

void any_altered_octet_of_a_sealed_message_is_detected(void **state)
{
    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        pair_open(&pair, kind, PAIR_FLAGS);
        alter_wrapped(&pair, false);
        alter_wrapped(&pair, true);
        pair_close(&pair);
    }
}

void any_altered_octet_of_a_signed_message_is_detected(void **state)
{
    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        pair_open(&pair, kind, PAIR_FLAGS);
        struct block message = block_text(MESSAGE_LEN, 2);
        struct block mic = peer_mic(&pair, &message);
        struct block *const both[] = {&message, &mic};
        for (size_t i = 0; i < 2; i++) {
            for (size_t j = 0; j < both[i]->len; j++) {
                both[i]->data[j] ^= 0x10;
                assert_altered(&pair, false, our_verify(&pair, &message, &mic));
                both[i]->data[j] ^= 0x10;
            }
            for (size_t len = 0; len < both[i]->len; len++) {
                struct block message_cut = message, mic_cut = mic;
                *(i == 0 ? &message_cut.len : &mic_cut.len) = len;
                assert_int_equal(our_verify(&pair, &message_cut, &mic_cut), SEC_E_MESSAGE_ALTERED);
            }
        }
        if (kind->enctype != RC4)
            assert_int_equal(our_verify(&pair, &message, &mic), SEC_E_OK);
        block_free(&mic);
        block_free(&message);
        pair_close(&pair);
    }
}

void a_message_cut_off_is_refused(void **state)
{
    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        pair_open(&pair, kind, PAIR_FLAGS);
        struct block message = block_text(MESSAGE_LEN, 3);
        struct block token = peer_wrap(&pair, 1, &message), longer;
        for (size_t len = 0; len < token.len; len++) {
            struct block cut = block_copy(token.data, len);
            assert_int_equal(unseal_quietly(&pair, &cut),
                             len < SHORTEST ? SEC_E_INCOMPLETE_MESSAGE : SEC_E_MESSAGE_ALTERED);
            block_free(&cut);
        }
        longer = block_text(token.len + 1, 0);
        memcpy(longer.data, token.data, token.len);
        assert_int_equal(unseal_quietly(&pair, &longer), SEC_E_MESSAGE_ALTERED);
        assert_int_equal(unseal_quietly(&pair, &token), SEC_E_OK);
        block_free(&longer);
        block_free(&token);
        block_free(&message);
        pair_close(&pair);
    }
}

/* ---- order ---- */

#define N_MESSAGES 5

typedef SECURITY_STATUS take_fn(struct pair *pair, const struct block *message,
                                const struct block *token);

static SECURITY_STATUS take_sealed(struct pair *pair, const struct block *message,
                                   const struct block *token)
{
    (void)message;
    return unseal_quietly(pair, token);
}

/* Sends five messages, and receives them in the order 0, 2, 1, 2, 0, 3, 4. */
static void check_order(const struct pair_kind *kind, OM_uint32 flags, bool sealed,
                        const SECURITY_STATUS wanted[7])
{
    static const size_t order[7] = {0, 2, 1, 2, 0, 3, 4};
    take_fn *take = sealed ? take_sealed : our_verify;
    struct block messages[N_MESSAGES], tokens[N_MESSAGES];
    struct pair pair;
    pair_open(&pair, kind, flags);
    for (unsigned i = 0; i < N_MESSAGES; i++) {
        messages[i] = block_text(MESSAGE_LEN, i);
        tokens[i] = sealed ? peer_wrap(&pair, 1, &messages[i]) : peer_mic(&pair, &messages[i]);
    }
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(take(&pair, &messages[order[i]], &tokens[order[i]]), wanted[i]);
    for (size_t i = 0; i < N_MESSAGES; i++) {
        block_free(&messages[i]);
        block_free(&tokens[i]);
    }
    pair_close(&pair);
}

#define LATE SEC_E_OUT_OF_SEQUENCE

/* After an early message, Kerberos refuses the ones before it as late. NTLM waits for them. */
static void check_sequences(bool sealed)
{
    static const SECURITY_STATUS kerberos[7] = {0, LATE, LATE, LATE, LATE, 0, 0};
    static const SECURITY_STATUS ntlm[7] = {0, LATE, 0, 0, LATE, 0, 0};
    FOR_EACH_KIND(kind)
    check_order(kind, PAIR_FLAGS, sealed, kind->ntlm ? ntlm : kerberos);
}

void sealed_messages_have_their_order(void **state)
{
    check_sequences(true);
}

void signed_messages_have_their_order(void **state)
{
    check_sequences(false);
}

void without_its_flags_kerberos_accepts_any_order(void **state)
{
    static const SECURITY_STATUS any[7] = {0};
    FOR_EACH_KIND(kind)
    if (!kind->ntlm) {
        check_order(kind, GSS_C_MUTUAL_FLAG, true, any);
        check_order(kind, GSS_C_MUTUAL_FLAG, false, any);
    }
}

void with_only_replay_detection_any_order_is_accepted(void **state)
{
    static const SECURITY_STATUS wanted[7] = {0, 0, 0, LATE, LATE, 0, 0};
    FOR_EACH_KIND(kind)
    if (!kind->ntlm)
        check_order(kind, GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG, true, wanted);
}

void our_own_messages_are_not_taken_back(void **state)
{
    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        struct block message = block_text(MESSAGE_LEN, 5), token, mic;
        pair_open(&pair, kind, PAIR_FLAGS);
        assert_int_equal(our_seal(&pair, 0, &message, &token), SEC_E_OK);
        assert_int_equal(our_sign(&pair, &message, &mic), SEC_E_OK);
        assert_int_equal(unseal_quietly(&pair, &token), SEC_E_MESSAGE_ALTERED);
        SECURITY_STATUS status = our_verify(&pair, &message, &mic);
        /* NTLM's second message has number 1, but the peer expects number 0. */
        assert_int_equal(status, kind->ntlm ? SEC_E_OUT_OF_SEQUENCE : SEC_E_MESSAGE_ALTERED);
        block_free(&mic);
        block_free(&token);
        block_free(&message);
        pair_close(&pair);
    }
}

/* ---- room ---- */

static void check_signature_room(struct pair *pair)
{
    char message[] = "what is signed", token[256];
    SecBuffer buffers[] = {{0, SECBUFFER_TOKEN, token}, {14, SECBUFFER_DATA, message}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    assert_int_equal(MakeSignature(&pair->context, 0, &desc, 0), SEC_E_BUFFER_TOO_SMALL);
    ULONG needed = buffers[0].cbBuffer;
    assert_true(needed > 0 && needed <= pair->sizes.cbMaxSignature);
    buffers[0].cbBuffer = needed - 1;
    assert_int_equal(MakeSignature(&pair->context, 0, &desc, 0), SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(buffers[0].cbBuffer, needed);
    assert_int_equal(MakeSignature(&pair->context, 0, &desc, 0), SEC_E_OK);
    struct block text = {message, 14}, mic = {token, buffers[0].cbBuffer};
    assert_int_equal(peer_check_mic(pair, &text, &mic), GSS_S_COMPLETE);
}

static void check_seal_room(struct pair *pair)
{
    char whole[512], text[] = "what is sealed";
    SecBuffer buffers[] = {
        {0, SECBUFFER_TOKEN, NULL}, {14, SECBUFFER_DATA, text}, {0, SECBUFFER_PADDING, NULL}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 3, buffers};
    struct block plain;
    int encrypted;
    assert_int_equal(EncryptMessage(&pair->context, 0, &desc, 0), SEC_E_BUFFER_TOO_SMALL);
    ULONG token = buffers[0].cbBuffer, padding = buffers[2].cbBuffer;
    assert_true(token > 0 && token <= pair->sizes.cbSecurityTrailer);
    assert_true(padding <= pair->sizes.cbBlockSize);
    buffers[0].pvBuffer = whole;
    buffers[0].cbBuffer = token - 1;
    buffers[2].pvBuffer = whole + token + 14;
    assert_int_equal(EncryptMessage(&pair->context, 0, &desc, 0), SEC_E_BUFFER_TOO_SMALL);
    assert_string_equal(text, "what is sealed");
    buffers[1].pvBuffer = memcpy(whole + token, text, 14);
    assert_int_equal(EncryptMessage(&pair->context, 0, &desc, 0), SEC_E_OK);
    assert_int_equal(buffers[0].cbBuffer, token);
    assert_int_equal(buffers[2].cbBuffer, padding);
    struct block sent = {whole, token + 14 + padding};
    assert_int_equal(peer_unwrap(pair, &sent, &plain, &encrypted), GSS_S_COMPLETE);
    assert_memory_equal(plain.data, text, 14);
    block_free(&plain);
}

/* The peer demands every message in order, so a failed call must not use up a sequence number. */
void a_failed_call_uses_up_no_sequence_number(void **state)
{
    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        pair_open(&pair, kind, PAIR_FLAGS);
        check_signature_room(&pair);
        check_seal_room(&pair);
        check_signature_room(&pair);
        pair_close(&pair);
    }
}
