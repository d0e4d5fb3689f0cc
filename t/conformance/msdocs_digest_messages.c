/* SPDX-License-Identifier: Apache-2.0 */
/* Later requests of a Digest context, by VerifySignature and MakeSignature, and the attributes of a
 * context. The pages number the buffers: 0 SECBUFFER_TOKEN, 1 method, 2 URL, 3 HEntity, and for
 * MakeSignature 4 SECBUFFER_PADDING, all other SECBUFFER_PKG_PARAMS. */
#include "msdocs_digest.h"

static SECURITY_STATUS verify_as(const struct client *client, CtxtHandle *context,
                                 const char *method, ULONG sequence_number,
                                 struct sspi_error_info *error_info)
{
    struct msdocs_call call = http_call();
    BYTES_CLEANUP struct bytes storage = {0};
    SecBuffer in[MSDOCS_BUFFERS];
    ULONG qop = 7;

    client_sends(client, &call);
    call.method = method;
    call.realm = NULL;
    SecBufferDesc message = {SECBUFFER_VERSION, (ULONG)msdocs_call_input(&call, in, &storage), in};
    in[4] = (SecBuffer){sizeof(*error_info), SECBUFFER_SSPI_ERROR_INFO, error_info};
    SECURITY_STATUS status = VerifySignature(context, &message, sequence_number, &qop);
    assert_int_equal(qop, status == SEC_E_OK ? 0 : 7);
    client_free(&call);
    return status;
}

static SECURITY_STATUS verify(const struct client *client, CtxtHandle *context)
{
    struct sspi_error_info error_info;

    return verify_as(client, context, "GET", 0, &error_info);
}

/* nc must be the last one plus one, else SEC_E_OUT_OF_SEQUENCE. */
void digest_verify_signature_accepts_later_requests_in_sequence(void **unused)
{
    struct msdocs_nonce nonce = new_nonce();
    struct client c = alice(nonce.text, 1);
    struct sspi_error_info error_info;
    CtxtHandle context;

    assert_int_equal(msdocs_login(&c, &context), SEC_E_OK);
    for (c.count = 2; c.count < 5; c.count++)
        assert_int_equal(verify(&c, &context), SEC_E_OK);
    c.count = 4;
    assert_int_equal(verify(&c, &context), SEC_E_OUT_OF_SEQUENCE);
    c.count = 6;
    assert_int_equal(verify_as(&c, &context, "GET", 0, &error_info), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(error_info.reason, SSPI_REASON_REPLAY);
    c.count = 5;
    assert_int_equal(verify_as(&c, &context, "DELETE", 0, &error_info), SEC_E_MESSAGE_ALTERED);
    assert_int_equal(verify_as(&c, &context, "GET", 1, &error_info), SEC_E_INVALID_PARAMETER);
    assert_int_equal(verify(&c, &context), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(verify(&c, &context), SEC_E_INVALID_HANDLE);
}

void digest_verify_signature_refuses_other_messages(void **unused)
{
    struct msdocs_nonce nonce = new_nonce();
    struct client c = alice(nonce.text, 1);
    struct msdocs_call call = http_call();
    char data[] = "data";
    SecBuffer buffers[] = {{4, SECBUFFER_TOKEN, data}, {4, SECBUFFER_DATA, data}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    CtxtHandle context;

    assert_int_equal(msdocs_login(&c, &context), SEC_E_OK);
    /* The buffers have the form of SASL. */
    assert_int_equal(VerifySignature(&context, &message, 0, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(MakeSignature(&context, 0, &message, 0), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(EncryptMessage(&context, 0, &message, 0), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(DecryptMessage(&context, &message, 0, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    /* The form of HTTP, with an invalid token or one buffer too many. */
    BYTES_CLEANUP struct bytes storage = {0};
    SecBuffer in[MSDOCS_BUFFERS];
    call.token = SSPI_VIEW("nc=1");
    message = (SecBufferDesc){SECBUFFER_VERSION, (ULONG)msdocs_call_input(&call, in, &storage), in};
    assert_int_equal(VerifySignature(&context, &message, 0, NULL), SEC_E_INVALID_TOKEN);
    in[4].BufferType = SECBUFFER_PADDING;
    assert_int_equal(VerifySignature(&context, &message, 0, NULL), SEC_E_INVALID_TOKEN);
    assert_int_equal(VerifySignature(&context, NULL, 0, NULL), SEC_E_INVALID_TOKEN);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

/* MakeSignature with the page's five buffers; the value goes to `value`. */
static SECURITY_STATUS sign(CtxtHandle *context, ULONG qop, ULONG room, struct bytes *value)
{
    char space[1024], method[] = "GET";
    SecBuffer in[] = {{0, SECBUFFER_TOKEN, NULL},
                      {3, SECBUFFER_PKG_PARAMS, method},
                      {0, SECBUFFER_PKG_PARAMS, NULL},
                      {0, SECBUFFER_PKG_PARAMS, NULL},
                      {room, SECBUFFER_PADDING, room > 0 ? space : NULL}};
    SecBufferDesc message = {SECBUFFER_VERSION, 5, in};
    SECURITY_STATUS status = MakeSignature(context, qop, &message, 0);

    bytes_free(value);
    if (status == SEC_E_OK)
        bytes_append(value, space, in[4].cbBuffer);
    if (status == SEC_E_BUFFER_TOO_SMALL)
        assert_true(in[4].cbBuffer > room);
    return status;
}

void digest_make_signature_signs_the_answer(void **unused)
{
    struct msdocs_nonce nonce = new_nonce();
    struct client c = alice(nonce.text, 1);
    SecPkgContext_Sizes sizes;
    BYTES_CLEANUP struct bytes first = {0}, second = {0};
    CtxtHandle context;

    assert_int_equal(msdocs_login(&c, &context), SEC_E_OK);
    assert_int_equal(QueryContextAttributes(&context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    assert_int_equal(sign(&context, 0, 0, &first), SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(sign(&context, 0, sizes.cbMaxSignature, &first), SEC_E_OK);
    assert_non_null(memmem(first.data, first.len, "nc=00000001", 11));
    assert_int_equal(sign(&context, 1, sizes.cbMaxSignature, &second), SEC_E_QOP_NOT_SUPPORTED);
    c.count = 2;
    assert_int_equal(verify(&c, &context), SEC_E_OK);
    assert_int_equal(sign(&context, 0, sizes.cbMaxSignature, &second), SEC_E_OK);
    assert_non_null(memmem(second.data, second.len, "nc=00000002", 11));
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

/* SEC_E_NO_AUTHENTICATING_AUTHORITY: the context must be revalidated, because its nonce has
 * expired. */
void digest_make_signature_needs_a_valid_nonce(void **unused)
{
    SSPI_ACCEPTOR_DATA data = {.UserFile = user_file, .NonceLifetimeSeconds = 1};
    CredHandle credential = msdocs_credential("WDigest", &data), kept = digest;
    const struct timespec nap = {.tv_nsec = 20000000};
    SECURITY_STATUS status = SEC_E_OK;
    BYTES_CLEANUP struct bytes value = {0};
    CtxtHandle context;

    digest = credential; /* for new_nonce() and msdocs_login() */
    struct msdocs_nonce nonce = new_nonce();
    struct client c = alice(nonce.text, 1);
    SECURITY_STATUS login = msdocs_login(&c, &context);
    digest = kept;
    assert_int_equal(login, SEC_E_OK);
    for (int i = 0; i < 500 && status == SEC_E_OK; i++) {
        status = sign(&context, 0, 1024, &value);
        nanosleep(&nap, NULL);
    }
    assert_int_equal(status, SEC_E_NO_AUTHENTICATING_AUTHORITY);
    c.count = 2;
    assert_int_equal(verify(&c, &context), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}

/* The attributes that the pages name as useful for Digest, and the others. */
void digest_query_context_attributes(void **unused)
{
    struct msdocs_nonce nonce = new_nonce();
    struct client c = alice(nonce.text, 1);
    SecPkgContext_KeyInfoA key;
    SecPkgContext_KeyInfoW wide;
    SecPkgContext_PackageInfo package;
    SecPkgContext_Sizes sizes;
    SecPkgContext_StreamSizes stream;
    SecPkgContext_SessionKey session;
    SecPkgContext_NativeNames native;
    SecPkgContext_ClientSpecifiedTarget target;
    CtxtHandle context;

    assert_int_equal(msdocs_login(&c, &context), SEC_E_OK);
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_KEY_INFO, &key), SEC_E_OK);
    assert_string_equal(key.sSignatureAlgorithmName, "SHA-256");
    assert_string_equal(key.sEncryptAlgorithmName, "");
    assert_int_equal(key.KeySize, 256);
    assert_int_equal(key.SignatureAlgorithm, 0x800C);
    FreeContextBuffer(key.sSignatureAlgorithmName);
    FreeContextBuffer(key.sEncryptAlgorithmName);
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_KEY_INFO, &wide), SEC_E_OK);
    assert_int_equal(wide.sSignatureAlgorithmName[6], u'6');
    FreeContextBuffer(wide.sSignatureAlgorithmName);
    FreeContextBuffer(wide.sEncryptAlgorithmName);
    assert_int_equal(QueryContextAttributes(&context, SECPKG_ATTR_PACKAGE_INFO, &package),
                     SEC_E_OK);
    assert_string_equal(package.PackageInfo->Name, "WDigest");
    assert_int_equal(QueryContextAttributes(&context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    assert_int_equal(sizes.cbMaxToken, package.PackageInfo->cbMaxToken);
    assert_int_equal(sizes.cbBlockSize, 0);
    assert_int_equal(sizes.cbSecurityTrailer, 0);
    FreeContextBuffer(package.PackageInfo);
    assert_int_equal(QueryContextAttributes(&context, SECPKG_ATTR_NATIVE_NAMES, &native), SEC_E_OK);
    assert_string_equal(native.sClientName, "alice");
    assert_string_equal(native.sServerName, "");
    FreeContextBuffer(native.sClientName);
    FreeContextBuffer(native.sServerName);
    assert_int_equal(QueryContextAttributes(&context, SECPKG_ATTR_STREAM_SIZES, &stream),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(QueryContextAttributes(&context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target),
                     SEC_E_UNSUPPORTED_FUNCTION);
    /* Without -sess, H(A1) is the stored hash of the password, so there is no session key. */
    assert_int_equal(QueryContextAttributes(&context, SECPKG_ATTR_SESSION_KEY, &session),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

void digest_a_sess_login_has_a_session_key(void **unused)
{
    SSPI_ACCEPTOR_DATA data = {.UserFile = user_file, .Algorithms = {SSPI_DIGEST_MD5_SESS}};
    CredHandle credential = msdocs_credential("WDigest", &data), kept = digest;
    SecPkgContext_SessionKey session;
    CtxtHandle context;

    digest = credential;
    struct msdocs_nonce nonce = new_nonce();
    struct client c = alice(nonce.text, 1);
    c.algorithm = SSPI_DIGEST_MD5_SESS;
    SECURITY_STATUS login = msdocs_login(&c, &context);
    digest = kept;
    assert_int_equal(login, SEC_E_OK);
    assert_int_equal(QueryContextAttributes(&context, SECPKG_ATTR_SESSION_KEY, &session), SEC_E_OK);
    assert_int_equal(session.SessionKeyLength, 16);
    FreeContextBuffer(session.SessionKey);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
}
