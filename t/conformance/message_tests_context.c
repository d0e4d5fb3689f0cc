/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts of several buffers, and the attributes of a context about its messages. */
#include <pthread.h>

#include "message_tests.h"

#define HEAD "in clear "
#define BODY "what is sealed"
#define TAIL " in clear too"

#define HEAD_LEN (sizeof HEAD - 1)
#define BODY_LEN (sizeof BODY - 1)
#define TAIL_LEN (sizeof TAIL - 1)

/* The result of MIT's iov calls for the same layout. */
struct peer_iov {
    char head[HEAD_LEN + 1], body[BODY_LEN + 1], tail[TAIL_LEN + 1], token[256], padding[64];
    gss_iov_buffer_desc iov[5];
};

static void peer_iov_fill(struct peer_iov *to)
{
    *to = (struct peer_iov){.head = HEAD, .body = BODY, .tail = TAIL};
    const gss_iov_buffer_desc iov[5] = {
        {GSS_IOV_BUFFER_TYPE_HEADER, {sizeof to->token, to->token}},
        {GSS_IOV_BUFFER_TYPE_SIGN_ONLY, {HEAD_LEN, to->head}},
        {GSS_IOV_BUFFER_TYPE_DATA, {BODY_LEN, to->body}},
        {GSS_IOV_BUFFER_TYPE_SIGN_ONLY, {TAIL_LEN, to->tail}},
        {GSS_IOV_BUFFER_TYPE_PADDING, {sizeof to->padding, to->padding}},
    };
    memcpy(to->iov, iov, sizeof iov);
}

/* Windows sends this layout, but without parts in clear. */
void windows_layout_is_decrypted_in_place(void **state)
{
    FOR_EACH_KIND(kind)
    if (!kind->ntlm) {
        struct pair pair;
        struct peer_iov peer;
        OM_uint32 minor;
        ULONG qop = 1;
        pair_open(&pair, kind, PAIR_FLAGS);
        for (int encrypt = 0; encrypt < 2; encrypt++) {
            peer_iov_fill(&peer);
            peer.iov[1].buffer.length = peer.iov[3].buffer.length = 0;
            peer.iov[1].type = peer.iov[3].type = GSS_IOV_BUFFER_TYPE_EMPTY;
            assert_int_equal(gss_wrap_iov(&minor, pair.gss, encrypt, 0, NULL, peer.iov, 5),
                             GSS_S_COMPLETE);
            SecBuffer buffers[] = {
                {(ULONG)peer.iov[0].buffer.length, SECBUFFER_TOKEN, peer.token},
                {BODY_LEN, SECBUFFER_DATA, peer.body},
                {(ULONG)peer.iov[4].buffer.length, SECBUFFER_PADDING, peer.padding}};
            SecBufferDesc desc = {SECBUFFER_VERSION, 3, buffers};
            assert_int_equal(DecryptMessage(&pair.context, &desc, 0, &qop), SEC_E_OK);
            assert_int_equal(qop, encrypt ? 0 : SECQOP_WRAP_NO_ENCRYPT);
            assert_int_equal(buffers[1].cbBuffer, BODY_LEN);
            assert_memory_equal(peer.body, BODY, BODY_LEN);
        }
        pair_close(&pair);
    }
}

static void our_buffers(struct peer_iov *peer, const struct pair *pair, SecBuffer buffers[5])
{
    const ULONG covered = SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM;
    buffers[0] = (SecBuffer){pair->sizes.cbSecurityTrailer, SECBUFFER_TOKEN, peer->token};
    buffers[1] = (SecBuffer){HEAD_LEN, covered, peer->head};
    buffers[2] = (SecBuffer){BODY_LEN, SECBUFFER_DATA, peer->body};
    buffers[3] = (SecBuffer){TAIL_LEN, covered, peer->tail};
    buffers[4] = (SecBuffer){pair->sizes.cbBlockSize, SECBUFFER_PADDING, peer->padding};
}

static void send_parts(struct pair *pair)
{
    struct peer_iov peer;
    SecBuffer buffers[5];
    SecBufferDesc desc = {SECBUFFER_VERSION, 5, buffers};
    OM_uint32 minor;
    int encrypted = 0;
    peer_iov_fill(&peer);
    our_buffers(&peer, pair, buffers);
    assert_int_equal(EncryptMessage(&pair->context, 0, &desc, 0), SEC_E_OK);
    assert_string_equal(peer.head, HEAD);
    assert_string_equal(peer.tail, TAIL);
    assert_memory_not_equal(peer.body, BODY, BODY_LEN);
    peer.iov[0].buffer.length = buffers[0].cbBuffer;
    peer.iov[4].buffer.length = buffers[4].cbBuffer;
    assert_int_equal(gss_unwrap_iov(&minor, pair->gss, &encrypted, NULL, peer.iov, 5),
                     GSS_S_COMPLETE);
    assert_true(encrypted);
    assert_string_equal(peer.body, BODY);
}

static void receive_parts(struct pair *pair)
{
    struct peer_iov peer;
    SecBuffer buffers[5];
    SecBufferDesc desc = {SECBUFFER_VERSION, 5, buffers};
    OM_uint32 minor;
    ULONG qop = 1;
    peer_iov_fill(&peer);
    assert_int_equal(gss_wrap_iov(&minor, pair->gss, 1, 0, NULL, peer.iov, 5), GSS_S_COMPLETE);
    our_buffers(&peer, pair, buffers);
    buffers[0].cbBuffer = (ULONG)peer.iov[0].buffer.length;
    buffers[4].cbBuffer = (ULONG)peer.iov[4].buffer.length;
    char *const covered[] = {peer.head, peer.tail};
    for (size_t i = 0; i < 2; i++) {
        covered[i][2] ^= 1;
        assert_int_equal(DecryptMessage(&pair->context, &desc, 0, &qop), SEC_E_MESSAGE_ALTERED);
        covered[i][2] ^= 1;
        assert_memory_not_equal(peer.body, BODY, BODY_LEN);
    }
    assert_int_equal(DecryptMessage(&pair->context, &desc, 0, &qop), SEC_E_OK);
    assert_int_equal(qop, 0);
    assert_string_equal(peer.body, BODY);
}

/* gss-ntlmssp has no iov calls; t/unit/ntlm_sign.c has NTLM's parts. */
void parts_in_clear_are_covered(void **state)
{
    FOR_EACH_KIND(kind)
    if (!kind->ntlm) {
        struct pair pair;
        pair_open(&pair, kind, PAIR_FLAGS);
        send_parts(&pair);
        receive_parts(&pair);
        pair_close(&pair);
    }
}

/* Several SECBUFFER_DATA, for sealing and for signing, beside a buffer that the library ignores. */
void several_buffers_are_one_message(void **state)
{
    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        char token[256], padding[64], first[] = HEAD, second[] = BODY, third[] = TAIL;
        char skipped[] = "nobody looks here";
        struct block whole = {(char[]){HEAD BODY TAIL}, HEAD_LEN + BODY_LEN + TAIL_LEN};
        SecBuffer buffers[] = {
            {HEAD_LEN, SECBUFFER_DATA, first},  {sizeof token, SECBUFFER_TOKEN, token},
            {BODY_LEN, SECBUFFER_DATA, second}, {sizeof padding, SECBUFFER_PADDING, padding},
            {0, SECBUFFER_EMPTY, NULL},         {17, SECBUFFER_DATA | SECBUFFER_READONLY, skipped},
            {TAIL_LEN, SECBUFFER_DATA, third},
        };
        SecBufferDesc desc = {SECBUFFER_VERSION, 7, buffers};
        pair_open(&pair, kind, PAIR_FLAGS);
        assert_int_equal(MakeSignature(&pair.context, 0, &desc, 0), SEC_E_OK);
        struct block mic = {token, buffers[1].cbBuffer};
        assert_int_equal(peer_check_mic(&pair, &whole, &mic), GSS_S_COMPLETE);
        assert_int_equal(buffers[3].cbBuffer, 0);
        mic = peer_mic(&pair, &whole);
        buffers[1] = (SecBuffer){(ULONG)mic.len, SECBUFFER_TOKEN | SECBUFFER_READONLY, mic.data};
        assert_int_equal(VerifySignature(&pair.context, &desc, 0, NULL), SEC_E_OK);
        block_free(&mic);
        struct block sealed = peer_wrap(&pair, 1, &whole), plain;
        ULONG qop;
        assert_int_equal(our_unseal(&pair, &sealed, &plain, &qop), SEC_E_OK);
        assert_block(&plain, &whole);
        block_free(&plain);
        block_free(&sealed);
        pair_close(&pair);
    }
}

/* ---- what a context can do ---- */

/* MIT's Kerberos always gives integrity and confidentiality, so only NTLM can test this. */
void without_confidentiality_nothing_is_encrypted(void **state)
{
    FOR_EACH_KIND(kind)
    if (kind->ntlm) {
        struct pair pair;
        struct block message = block_text(20, 1), token, plain;
        ULONG qop = 1;
        pair_open(&pair, kind, GSS_C_INTEG_FLAG);
        assert_int_equal(pair.attributes & ASC_RET_CONFIDENTIALITY, 0);
        assert_int_equal(our_seal(&pair, 0, &message, &token), SEC_E_QOP_NOT_SUPPORTED);
        assert_int_equal(our_seal(&pair, SECQOP_WRAP_NO_ENCRYPT, &message, &token), SEC_E_OK);
        struct block mic = {token.data, pair.sizes.cbSecurityTrailer};
        assert_int_equal(peer_check_mic(&pair, &message, &mic), GSS_S_COMPLETE);
        block_free(&token);
        token = peer_wrap_signed(&pair, &message);
        assert_int_equal(our_unseal(&pair, &token, &plain, &qop), SEC_E_OK);
        assert_int_equal(qop, SECQOP_WRAP_NO_ENCRYPT);
        assert_block(&plain, &message);
        block_free(&plain);
        block_free(&token);
        block_free(&message);
        pair_close(&pair);
    }
}

void without_integrity_there_are_no_messages(void **state)
{
    FOR_EACH_KIND(kind)
    if (kind->ntlm && !kind->spnego) {
        struct pair pair;
        struct block message = block_text(20, 1), token;
        ULONG qop;
        pair_open(&pair, kind, 0);
        assert_int_equal(pair.sizes.cbMaxSignature, 0);
        assert_int_equal(pair.sizes.cbSecurityTrailer, 0);
        assert_int_equal(our_sign(&pair, &message, &token), SEC_E_QOP_NOT_SUPPORTED);
        block_free(&token);
        assert_int_equal(our_verify(&pair, &message, &message), SEC_E_QOP_NOT_SUPPORTED);
        assert_int_equal(our_seal(&pair, 0, &message, &token), SEC_E_QOP_NOT_SUPPORTED);
        assert_int_equal(our_seal(&pair, SECQOP_WRAP_NO_ENCRYPT, &message, &token),
                         SEC_E_QOP_NOT_SUPPORTED);
        assert_int_equal(our_unseal(&pair, &message, &token, &qop), SEC_E_QOP_NOT_SUPPORTED);
        block_free(&message);
        pair_close(&pair);
    }
}

void sizes_are_those_of_messages(void **state)
{
    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        SecPkgContext_StreamSizes stream;
        pair_open(&pair, kind, PAIR_FLAGS);
        SECURITY_STATUS status =
            QueryContextAttributesW(&pair.context, SECPKG_ATTR_STREAM_SIZES, &stream);
        if (kind->ntlm) {
            /* The values of Windows. */
            const SecPkgContext_Sizes wanted = {2888, 16, 0, 16};
            assert_memory_equal(&pair.sizes, &wanted, sizeof wanted);
            assert_int_equal(status, SEC_E_UNSUPPORTED_FUNCTION);
        } else {
            struct block message = block_text(1000, 1), token;
            assert_int_equal(status, SEC_E_OK);
            assert_int_equal(pair.sizes.cbMaxToken, 48000);
            assert_int_equal(pair.sizes.cbBlockSize, 1);
            assert_int_equal(stream.cbHeader, pair.sizes.cbSecurityTrailer);
            assert_int_equal(stream.cbTrailer, 1);
            assert_int_equal(stream.cbMaximumMessage, 1 << 24);
            assert_int_equal(stream.cBuffers, 3);
            assert_int_equal(our_sign(&pair, &message, &token), SEC_E_OK);
            /* MIT counts 8 octets of a confounder, which a signature of RC4 does not have. */
            assert_true(pair.sizes.cbMaxSignature >= token.len);
            assert_true(pair.sizes.cbMaxSignature <= token.len + 8);
            block_free(&token);
            assert_int_equal(our_seal(&pair, 0, &message, &token), SEC_E_OK);
            assert_true(pair.sizes.cbSecurityTrailer >= token.len - 1001);
            assert_true(pair.sizes.cbSecurityTrailer <= token.len - 1000 + 2);
            block_free(&token);
            block_free(&message);
        }
        pair_close(&pair);
    }
}

void both_sides_have_the_same_session_key(void **state)
{
    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        SecPkgContext_SessionKey key;
        gss_buffer_set_t theirs = GSS_C_NO_BUFFER_SET;
        OM_uint32 minor;
        pair_open(&pair, kind, PAIR_FLAGS);
        assert_int_equal(QueryContextAttributesA(&pair.context, SECPKG_ATTR_SESSION_KEY, &key),
                         SEC_E_OK);
        assert_int_equal(
            gss_inquire_sec_context_by_oid(&minor, pair.gss, GSS_C_INQ_SSPI_SESSION_KEY, &theirs),
            GSS_S_COMPLETE);
        assert_int_equal(key.SessionKeyLength, theirs->elements[0].length);
        assert_memory_equal(key.SessionKey, theirs->elements[0].value, key.SessionKeyLength);
        gss_release_buffer_set(&minor, &theirs);
        FreeContextBuffer(key.SessionKey);
        pair_close(&pair);
    }
}

void key_info_names_the_algorithms(void **state)
{
    static const struct {
        bool ntlm;
        int32_t enctype;
        const char *signature, *encryption;
        ULONG bits, signature_number, encryption_number;
    } all[] = {
        {true, 0, "HMAC-MD5", "RSADSI RC4", 128, 0xFFFFFF76, 0x6801},
        {false, 0, "HMAC-SHA1-96-AES256", "AES256-CTS-HMAC-SHA1-96", 256, 16, 18},
        {false, 20, "HMAC-SHA384-192-AES256", "AES256-CTS-HMAC-SHA384-192", 256, 20, 20},
        {false, RC4, "HMAC-MD5", "RC4-HMAC", 128, 0xFFFFFF76, 23},
    };

    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        SecPkgContext_KeyInfoA a;
        SecPkgContext_KeyInfoW w;
        size_t i = 0;
        while (all[i].ntlm != kind->ntlm || all[i].enctype != kind->enctype)
            i++;
        pair_open(&pair, kind, PAIR_FLAGS);
        assert_int_equal(QueryContextAttributesA(&pair.context, SECPKG_ATTR_KEY_INFO, &a),
                         SEC_E_OK);
        assert_string_equal(a.sSignatureAlgorithmName, all[i].signature);
        assert_string_equal(a.sEncryptAlgorithmName, all[i].encryption);
        assert_int_equal(a.KeySize, all[i].bits);
        assert_int_equal(a.SignatureAlgorithm, all[i].signature_number);
        assert_int_equal(a.EncryptAlgorithm, all[i].encryption_number);
        assert_int_equal(QueryContextAttributesW(&pair.context, SECPKG_ATTR_KEY_INFO, &w),
                         SEC_E_OK);
        for (size_t j = 0; j <= strlen(a.sEncryptAlgorithmName); j++)
            assert_int_equal(w.sEncryptAlgorithmName[j], a.sEncryptAlgorithmName[j]);
        assert_int_equal(w.EncryptAlgorithm, a.EncryptAlgorithm);
        FreeContextBuffer(a.sSignatureAlgorithmName);
        FreeContextBuffer(a.sEncryptAlgorithmName);
        FreeContextBuffer(w.sSignatureAlgorithmName);
        FreeContextBuffer(w.sEncryptAlgorithmName);
        pair_close(&pair);
    }
}

/* ---- threads ---- */

#define N_ROUNDS 500

struct worker {
    struct pair *pair;
    struct block tokens[N_ROUNDS];
    SECURITY_STATUS status; /* the first status that is not SEC_E_OK */
};

/* No assertions here: cmocka allows them only in its own thread. */
static void *encrypt_all(void *argument)
{
    struct worker *worker = argument;
    for (unsigned i = 0; i < N_ROUNDS && worker->status == SEC_E_OK; i++) {
        struct block message = block_text(i + 1, i);
        worker->status = our_seal(worker->pair, 0, &message, &worker->tokens[i]);
        block_free(&message);
    }
    return NULL;
}

static void *decrypt_all(void *argument)
{
    struct worker *worker = argument;
    for (unsigned i = 0; i < N_ROUNDS && worker->status == SEC_E_OK; i++) {
        const struct block *token = &worker->tokens[i];
        SecBuffer buffers[] = {{(ULONG)token->len, SECBUFFER_STREAM, token->data},
                               {0, SECBUFFER_DATA, NULL}};
        SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
        worker->status = DecryptMessage(&worker->pair->context, &desc, 0, NULL);
    }
    return NULL;
}

void one_thread_encrypts_while_another_decrypts(void **state)
{
    FOR_EACH_KIND(kind)
    {
        struct pair pair;
        struct worker out = {.pair = &pair}, in = {.pair = &pair};
        pthread_t threads[2];
        pair_open(&pair, kind, PAIR_FLAGS);
        for (unsigned i = 0; i < N_ROUNDS; i++) {
            struct block message = block_text(i + 1, i);
            in.tokens[i] = peer_wrap(&pair, 1, &message);
            block_free(&message);
        }
        assert_int_equal(pthread_create(&threads[0], NULL, encrypt_all, &out), 0);
        assert_int_equal(pthread_create(&threads[1], NULL, decrypt_all, &in), 0);
        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(in.status, SEC_E_OK);
        assert_int_equal(out.status, SEC_E_OK);
        for (unsigned i = 0; i < N_ROUNDS; i++) {
            struct block message = block_text(i + 1, i), plain;
            assert_int_equal(peer_unwrap(&pair, &out.tokens[i], &plain, NULL), GSS_S_COMPLETE);
            assert_block(&plain, &message);
            block_free(&plain);
            block_free(&message);
            block_free(&in.tokens[i]);
            block_free(&out.tokens[i]);
        }
        pair_close(&pair);
    }
}
