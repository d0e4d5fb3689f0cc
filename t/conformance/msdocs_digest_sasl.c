/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the Digest pages about SASL: AcceptSecurityContext, EncryptMessage, DecryptMessage,
 * MakeSignature, VerifySignature. */
#include "msdocs_digest.h"

#include "digest_sasl_client.h"

#define ANYTHING (ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY)

/* Both ends of a session. */
struct session {
    CredHandle credential;
    CtxtHandle context;
    ULONG attributes;
    struct sasl_side to_server, to_client;
};

/* "SASL requires only buffer zero." */
static void open_session(struct session *s, const char *qop, const char *cipher)
{
    SSPI_ACCEPTOR_DATA data = {
        .Version = SSPI_ACCEPTOR_DATA_VERSION, .UserFile = user_file, .DefaultRealm = REALM};
    struct msdocs_call call = {.flags = ANYTHING};
    BYTES_CLEANUP struct bytes token = {0};
    struct sasl_session session;
    char nonce[DIGEST_NONCE_LEN + 1];

    s->credential = msdocs_credential("WDigest", &data);
    call.credential = &s->credential;
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &s->context), SEC_I_CONTINUE_NEEDED);
    bytes_append(&call.answer, "", 1);
    const char *at = strstr(call.answer.data, "nonce=\"");
    assert_non_null(at);
    snprintf(nonce, sizeof(nonce), "%s", at + 7);
    struct sasl_client c = sasl_alice(nonce);
    c.qop = qop;
    c.cipher = cipher;
    sasl_answer(&c, &token, &session);
    msdocs_call_end(&call);
    call.token = bytes_as_view(&token);
    MSDOCS_CHECK(&call, msdocs_call(&call, &s->context, &s->context), SEC_E_OK);
    assert_int_equal(call.answer.len, 40);
    assert_memory_equal(call.answer.data, "rspauth=", 8);
    assert_memory_equal(call.answer.data + 8, session.rspauth, 32);
    s->attributes = call.attributes;
    MSDOCS_CHECK(&call, msdocs_call(&call, &s->context, &s->context), STATUS_LOGON_FAILURE);
    msdocs_call_end(&call);
    sasl_side_begin(&s->to_server, &session, cipher, true);
    sasl_side_begin(&s->to_client, &session, cipher, false);
}

static void close_session(struct session *s)
{
    assert_int_equal(DeleteSecurityContext(&s->context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&s->credential), SEC_E_OK);
}

/* EncryptMessage's two buffers over "message" and the room after it. */
struct message {
    uint8_t octets[64];
    SecBuffer buffers[2];
    SecBufferDesc desc;
};

static SecBufferDesc *make_message(struct message *m, ULONG room)
{
    memcpy(m->octets, "message", 7);
    m->buffers[0] = (SecBuffer){7, SECBUFFER_DATA, m->octets};
    m->buffers[1] = (SecBuffer){room, SECBUFFER_PADDING, m->octets + 7};
    m->desc = (SecBufferDesc){SECBUFFER_VERSION, 2, m->buffers};
    return &m->desc;
}

/* "The size must be cbMaxSignature + cbBlockSize", of SECBUFFER_PADDING. */
void digest_encrypt_message_has_data_and_padding(void **unused)
{
    struct session s;
    struct message m;
    SecPkgContext_Sizes sizes;

    (void)unused;
    open_session(&s, "auth-conf", "3des");
    assert_int_equal(s.attributes & (ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY),
                     ASC_RET_CONFIDENTIALITY | ASC_RET_INTEGRITY);
    assert_int_equal(QueryContextAttributesA(&s.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    assert_int_equal(sizes.cbMaxSignature + sizes.cbBlockSize, 24);
    assert_int_equal(EncryptMessage(&s.context, 0, make_message(&m, 22), 0),
                     SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(m.buffers[1].cbBuffer, 23);
    assert_memory_equal(m.octets, "message", 7);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(EncryptMessage(&s.context, 0, make_message(&m, 24), 0), SEC_E_OK);
        assert_memory_not_equal(m.octets, "message", 7);
        assert_int_equal(sasl_unseal(&s.to_client, m.octets, 7 + m.buffers[1].cbBuffer), 7);
        assert_memory_equal(m.octets, "message", 7);
    }
    /* The context allows only the protection that was agreed on. */
    assert_int_equal(EncryptMessage(&s.context, SECQOP_WRAP_NO_ENCRYPT, make_message(&m, 24), 0),
                     SEC_E_QOP_NOT_SUPPORTED);
    /* Without a padding buffer. */
    make_message(&m, 24)->cBuffers = 1;
    assert_int_equal(EncryptMessage(&s.context, 0, &m.desc, 0), SEC_E_BUFFER_TOO_SMALL);
    close_session(&s);
    open_session(&s, "auth-int", NULL);
    for (int i = 0; i < 2; i++) {
        /* Both values mean integrity, which was agreed on. */
        ULONG qop = i == 0 ? 0 : SECQOP_WRAP_NO_ENCRYPT;
        assert_int_equal(EncryptMessage(&s.context, qop, make_message(&m, 17), 0), SEC_E_OK);
        assert_int_equal(m.buffers[1].cbBuffer, 16);
        assert_memory_equal(m.octets, "message", 7);
        assert_int_equal(sasl_unseal(&s.to_client, m.octets, 23), 7);
    }
    close_session(&s);
}

/* A message of the client, decrypted from a stream or from its parts. */
static SECURITY_STATUS decrypt(struct session *s, bool stream, uint8_t *octets, size_t len,
                               ULONG *qop)
{
    SecBuffer buffers[] = {{(ULONG)len, SECBUFFER_STREAM, octets}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};

    if (!stream) {
        buffers[0] = (SecBuffer){7, SECBUFFER_DATA, octets};
        buffers[1] = (SecBuffer){(ULONG)len - 7, SECBUFFER_PADDING, octets + 7};
    }
    SECURITY_STATUS status = DecryptMessage(&s->context, &desc, 0, qop);
    if (status == SEC_E_OK) {
        assert_int_equal(buffers[stream].cbBuffer, 7);
        assert_memory_equal(buffers[stream].pvBuffer, "message", 7);
    }
    return status;
}

void digest_decrypt_message_takes_a_stream_or_parts(void **unused)
{
    static const char *const ciphers[] = {NULL, "3des", "rc4"};
    uint8_t octets[64], sent[64];
    struct session s;
    ULONG qop;

    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        open_session(&s, i == 0 ? "auth-int" : "auth-conf", ciphers[i]);
        for (int stream = 0; stream < 2; stream++) {
            memcpy(octets, "message", 7);
            size_t len = sasl_seal(&s.to_server, octets, 7);
            memcpy(sent, octets, len);
            octets[3] ^= 1;
            qop = 99;
            assert_int_equal(decrypt(&s, stream, octets, len, &qop), SEC_E_MESSAGE_ALTERED);
            assert_int_equal(qop, 99);
            octets[3] ^= 1;
            assert_memory_equal(octets, sent, len); /* nothing was written */
            assert_int_equal(decrypt(&s, true, octets, 15, &qop), SEC_E_INCOMPLETE_MESSAGE);
            assert_int_equal(decrypt(&s, stream, octets, len, &qop), SEC_E_OK);
            assert_int_equal(qop, i == 0 ? SECQOP_WRAP_NO_ENCRYPT : 0);
            assert_int_equal(decrypt(&s, stream, sent, len, &qop),
                             i == 0 ? SEC_E_OUT_OF_SEQUENCE : SEC_E_MESSAGE_ALTERED);
        }
        close_session(&s);
    }
}

/* Buffers 0 and 1. Buffer 2 stays empty. */
void digest_signatures_have_token_and_data(void **unused)
{
    char token[16], text[] = "message", none[1];
    SecBuffer buffers[] = {
        {16, SECBUFFER_TOKEN, token}, {7, SECBUFFER_DATA, text}, {1, SECBUFFER_PADDING, none}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 3, buffers};
    uint8_t wanted[16];
    ULONG qop = 99;
    struct session s;

    (void)unused;
    open_session(&s, "auth-int", NULL);
    assert_int_equal(MakeSignature(&s.context, 0, &desc, 0), SEC_E_OK);
    assert_int_equal(buffers[0].cbBuffer, 16);
    assert_int_equal(buffers[2].cbBuffer, 0);
    sasl_signature(&s.to_client, 0, text, 7, wanted);
    assert_memory_equal(token, wanted, 16);
    assert_int_equal(VerifySignature(&s.context, &desc, 0, &qop), SEC_E_MESSAGE_ALTERED);
    sasl_signature(&s.to_server, 0, text, 7, (uint8_t *)token);
    assert_int_equal(VerifySignature(&s.context, &desc, 0, &qop), SEC_E_OK);
    assert_int_equal(qop, 0);
    assert_int_equal(VerifySignature(&s.context, &desc, 0, &qop), SEC_E_OUT_OF_SEQUENCE);
    desc.cBuffers = 2;
    desc.pBuffers = buffers + 1;
    assert_int_equal(MakeSignature(&s.context, 0, &desc, 0), SEC_E_INVALID_TOKEN);
    close_session(&s);
    desc.pBuffers = buffers;
    open_session(&s, "auth", NULL);
    assert_int_equal(MakeSignature(&s.context, 0, &desc, 0), SEC_E_QOP_NOT_SUPPORTED);
    assert_int_equal(VerifySignature(&s.context, &desc, 0, &qop), SEC_E_QOP_NOT_SUPPORTED);
    assert_int_equal(EncryptMessage(&s.context, 0, &desc, 0), SEC_E_QOP_NOT_SUPPORTED);
    assert_int_equal(DecryptMessage(&s.context, &desc, 0, &qop), SEC_E_QOP_NOT_SUPPORTED);
    close_session(&s);
}

/* HTTP's calls find no request in a session of SASL. */
void digest_sasl_has_no_requests(void **unused)
{
    struct msdocs_call call = http_call();
    BYTES_CLEANUP struct bytes storage = {0};
    SecBuffer in[MSDOCS_BUFFERS];
    struct session s;

    (void)unused;
    call.token = SSPI_VIEW("anything");
    open_session(&s, "auth-int", NULL);
    SecBufferDesc desc = {SECBUFFER_VERSION, (ULONG)msdocs_call_input(&call, in, &storage), in};
    assert_int_equal(VerifySignature(&s.context, &desc, 0, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(CompleteAuthToken(&s.context, &desc), SEC_E_INVALID_HANDLE);
    in[4] = (SecBuffer){sizeof(in), SECBUFFER_PADDING, in};
    assert_int_equal(MakeSignature(&s.context, 0, &desc, 0), SEC_E_UNSUPPORTED_FUNCTION);
    /* The two refused calls did not change the session. */
    struct message m;
    assert_int_equal(EncryptMessage(&s.context, 0, make_message(&m, 24), 0), SEC_E_OK);
    assert_int_equal(sasl_unseal(&s.to_client, m.octets, 23), 7);
    close_session(&s);
}

void digest_sasl_attributes_can_be_asked_for(void **unused)
{
    SecPkgContext_StreamSizes sizes;
    SecPkgContext_KeyInfoW key;
    SecPkgContext_SessionKey session_key;
    SecPkgContext_NegotiationInfoA negotiation;
    SecPkgContext_ClientSpecifiedTarget target;
    struct session s;

    (void)unused;
    open_session(&s, "auth-conf", "rc4");
    assert_int_equal(QueryContextAttributesA(&s.context, SECPKG_ATTR_STREAM_SIZES, &sizes),
                     SEC_E_OK);
    assert_int_equal(sizes.cbHeader, 0);
    assert_int_equal(sizes.cbTrailer, 17);
    assert_int_equal(QueryContextAttributesW(&s.context, SECPKG_ATTR_KEY_INFO, &key), SEC_E_OK);
    assert_int_equal(key.KeySize, 128);
    assert_int_equal(key.EncryptAlgorithm, 0x6801);
    FreeContextBuffer(key.sSignatureAlgorithmName);
    FreeContextBuffer(key.sEncryptAlgorithmName);
    assert_int_equal(QueryContextAttributesA(&s.context, SECPKG_ATTR_SESSION_KEY, &session_key),
                     SEC_E_OK);
    assert_int_equal(session_key.SessionKeyLength, 16);
    FreeContextBuffer(session_key.SessionKey);
    assert_int_equal(
        QueryContextAttributesA(&s.context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation), SEC_E_OK);
    assert_string_equal(negotiation.PackageInfo->Name, "WDigest");
    FreeContextBuffer(negotiation.PackageInfo);
    assert_int_equal(
        QueryContextAttributesW(&s.context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target),
        SEC_E_OK);
    assert_int_equal(target.sTargetName[0], 'i');
    FreeContextBuffer(target.sTargetName);
    close_session(&s);
}

void digest_sasl_needs_md5(void **unused)
{
    SSPI_ACCEPTOR_DATA data = {
        .Version = SSPI_ACCEPTOR_DATA_VERSION, .UserFile = user_file, .DefaultRealm = REALM};
    struct msdocs_call call = {.flags = ANYTHING};
    CtxtHandle context;

    (void)unused;
    msdocs_md5(true);
    CredHandle credential = msdocs_credential("WDigest", &data);
    msdocs_md5(false);
    call.credential = &credential;
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_E_NO_CREDENTIALS);
    assert_int_equal(call.error_info.reason, SSPI_REASON_CONFIGURATION);
    assert_false(SecIsValidHandle(&context));
    msdocs_call_end(&call);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}
