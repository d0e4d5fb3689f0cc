/* SPDX-License-Identifier: Apache-2.0 */
/* A complete Digest exchange in which each allocation of the library fails in turn. The library
 * returns SEC_E_INSUFFICIENT_MEMORY, leaks nothing, and never accepts a client that it did not
 * verify. */
#include "msdocs_call.h"

#include "digest_sasl_client.h"
#include "msdocs_memory.h"

static struct fixture users; /* only its user file is used */

/* The handles that one run has made and must free. */
struct run {
    CredHandle credential;
    CtxtHandle context, second;
    bool has_context, has_second;
};

/* AcceptSecurityContext for GET /x?y with `header`; the answer's nonce goes to `nonce`. */
static SECURITY_STATUS accept(struct run *run, const struct bytes *header, CtxtHandle *to,
                              char nonce[256])
{
    struct msdocs_call call = {.http = true, .method = "GET", .uri = "/x?y", .realm = REALM};
    BYTES_CLEANUP struct bytes storage = {0};
    SecBuffer in[MSDOCS_BUFFERS], out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc input = {SECBUFFER_VERSION, 0, in}, output = {SECBUFFER_VERSION, 1, &out};

    msdocs_memory_pause();
    call.token = bytes_as_view(header);
    input.cBuffers = (ULONG)msdocs_call_input(&call, in, &storage);
    msdocs_memory_resume();
    SECURITY_STATUS status = AcceptSecurityContext(
        &run->credential, NULL, &input, ASC_REQ_ALLOCATE_MEMORY, 0, to, &output, NULL, NULL);
    if (nonce != NULL && out.pvBuffer != NULL) {
        const char *at = memmem(out.pvBuffer, out.cbBuffer, "nonce=\"", 7);
        if (at != NULL)
            snprintf(nonce, 256, "%.*s", (int)strcspn(at + 7, "\""), at + 7);
    }
    FreeContextBuffer(out.pvBuffer);
    msdocs_memory_pause();
    bytes_free(&storage);
    msdocs_memory_resume();
    return status;
}

static void header_of(const struct client *client, struct bytes *header)
{
    msdocs_memory_pause();
    bytes_free(header);
    answer(client, header);
    msdocs_memory_resume();
}

static void drop(struct bytes *header)
{
    msdocs_memory_pause();
    bytes_free(header);
    msdocs_memory_resume();
}

static SECURITY_STATUS get_nonce_for(struct run *run, char nonce[256])
{
    struct bytes nothing = {0};
    CtxtHandle context;
    SECURITY_STATUS status = accept(run, &nothing, &context, nonce);

    if (status >= 0)
        assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    return status == SEC_I_CONTINUE_NEEDED ? SEC_E_OK : status;
}

static SECURITY_STATUS log_in(struct run *run, const struct client *client)
{
    struct bytes header = {0};

    header_of(client, &header);
    SECURITY_STATUS status = accept(run, &header, &run->context, NULL);
    run->has_context = status >= 0;
    drop(&header);
    return status;
}

static SECURITY_STATUS complete(struct run *run, struct client *client)
{
    struct msdocs_call call = {.http = true, .method = "GET", .uri = "/x?y"};
    BYTES_CLEANUP struct bytes storage = {0};
    SecBuffer in[MSDOCS_BUFFERS];
    struct bytes header = {0};

    client->count++;
    header_of(client, &header);
    SECURITY_STATUS status = accept(run, &header, &run->second, NULL);
    run->has_second = status >= 0;
    if (status == SEC_I_COMPLETE_NEEDED) {
        msdocs_memory_pause();
        call.token = bytes_as_view(&header);
        SecBufferDesc input = {SECBUFFER_VERSION, (ULONG)msdocs_call_input(&call, in, &storage),
                               in};
        msdocs_memory_resume();
        status = CompleteAuthToken(&run->second, &input);
    }
    drop(&header);
    drop(&storage);
    return status;
}

static SECURITY_STATUS messages(struct run *run, struct client *client)
{
    struct msdocs_call call = {.http = true, .method = "GET", .uri = "/x?y"};
    BYTES_CLEANUP struct bytes storage = {0};
    SecBuffer in[MSDOCS_BUFFERS];
    char space[1024];
    struct bytes header = {0};

    client->count++;
    header_of(client, &header);
    msdocs_memory_pause();
    call.token = bytes_as_view(&header);
    SecBufferDesc message = {SECBUFFER_VERSION, (ULONG)msdocs_call_input(&call, in, &storage), in};
    msdocs_memory_resume();
    SECURITY_STATUS status = VerifySignature(&run->context, &message, 0, NULL);
    in[4] = (SecBuffer){sizeof(space), SECBUFFER_PADDING, space};
    if (status == SEC_E_OK)
        status = MakeSignature(&run->context, 0, &message, 0);
    drop(&header);
    drop(&storage);
    return status;
}

static SECURITY_STATUS ask(struct run *run)
{
    SecPkgContext_NativeNamesA native;
    SecPkgContext_NamesW names;
    SecPkgContext_KeyInfoW key;
    SecPkgInfoA *packages;
    ULONG n;
    void *token;
    SECURITY_STATUS status =
        QueryContextAttributesA(&run->context, SECPKG_ATTR_NATIVE_NAMES, &native);

    if (status != SEC_E_OK)
        return status;
    FreeContextBuffer(native.sClientName);
    FreeContextBuffer(native.sServerName);
    status = QueryContextAttributesW(&run->context, SECPKG_ATTR_NAMES, &names);
    if (status != SEC_E_OK)
        return status;
    FreeContextBuffer(names.sUserName);
    status = QueryContextAttributesW(&run->context, SECPKG_ATTR_KEY_INFO, &key);
    if (status != SEC_E_OK)
        return status;
    FreeContextBuffer(key.sSignatureAlgorithmName);
    FreeContextBuffer(key.sEncryptAlgorithmName);
    status = EnumerateSecurityPackagesA(&n, &packages);
    if (status != SEC_E_OK)
        return status;
    FreeContextBuffer(packages);
    status = QuerySecurityContextToken(&run->context, &token);
    if (status == SEC_E_OK)
        sspi_token_close(token);
    return status;
}

/* ---- the same in SASL ---- */

#define SASL_REQUIREMENTS (ASC_REQ_ALLOCATE_MEMORY | ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY)

static SECURITY_STATUS sasl_step(struct run *run, const struct bytes *token, struct bytes *answer)
{
    SecBuffer in = {(ULONG)token->len, SECBUFFER_TOKEN, token->data};
    SecBuffer out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
    SECURITY_STATUS status =
        AcceptSecurityContext(&run->credential, run->has_context ? &run->context : NULL, &input,
                              SASL_REQUIREMENTS, 0, &run->context, &output, NULL, NULL);

    run->has_context = run->has_context || status >= 0;
    msdocs_memory_pause();
    bytes_append(answer, out.pvBuffer, out.cbBuffer);
    msdocs_memory_resume();
    FreeContextBuffer(out.pvBuffer);
    return status;
}

static SECURITY_STATUS sasl_messages(struct run *run, struct sasl_side *to_server)
{
    uint8_t octets[64] = "message";
    SecBuffer buffers[] = {{7, SECBUFFER_DATA, octets}, {24, SECBUFFER_PADDING, octets + 7}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS status = EncryptMessage(&run->context, 0, &message, 0);

    if (status != SEC_E_OK)
        return status;
    memcpy(octets, "message", 7);
    msdocs_memory_pause();
    size_t len = sasl_seal(to_server, octets, 7);
    msdocs_memory_resume();
    buffers[0].cbBuffer = 7;
    buffers[1].cbBuffer = (ULONG)len - 7;
    return DecryptMessage(&run->context, &message, 0, NULL);
}

static SECURITY_STATUS sasl_log_in(struct run *run)
{
    struct bytes token = {0}, challenge = {0};
    struct sasl_session session;
    struct sasl_side to_server = {0};
    char nonce[DIGEST_NONCE_LEN + 1];
    SECURITY_STATUS status = sasl_step(run, &token, &challenge);

    msdocs_memory_pause();
    if (status == SEC_I_CONTINUE_NEEDED) {
        bytes_append(&challenge, "", 1);
        snprintf(nonce, sizeof(nonce), "%s", strstr(challenge.data, "nonce=\"") + 7);
        struct sasl_client c = sasl_alice(nonce);
        c.qop = "auth-conf";
        c.cipher = "3des";
        c.authzid = "bob";
        c.user = "\\alice"; /* the package unescapes the name in memory of its own */
        c.hashed_user = "alice";
        sasl_answer(&c, &token, &session);
        sasl_side_begin(&to_server, &session, "3des", true);
        msdocs_memory_resume();
        status = sasl_step(run, &token, &challenge);
        msdocs_memory_pause();
    }
    bytes_free(&token);
    bytes_free(&challenge);
    msdocs_memory_resume();
    return status == SEC_E_OK ? sasl_messages(run, &to_server) : status;
}

static SECURITY_STATUS sasl_exchange(void)
{
    struct run run = {0};
    SSPI_ACCEPTOR_DATA data = {
        .Version = SSPI_ACCEPTOR_DATA_VERSION, .UserFile = users.path, .DefaultRealm = REALM};
    SECURITY_STATUS status = AcquireCredentialsHandleA(NULL, "WDigest", SECPKG_CRED_INBOUND, NULL,
                                                       &data, NULL, NULL, &run.credential, NULL);

    if (status != SEC_E_OK)
        return status;
    status = sasl_log_in(&run);
    if (run.has_context)
        assert_int_equal(DeleteSecurityContext(&run.context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&run.credential), SEC_E_OK);
    return status;
}

static SECURITY_STATUS exchange(void)
{
    struct run run = {0};
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION,
                               .UserFile = users.path,
                               .DefaultRealm = REALM,
                               .Domain = "/"};
    char nonce[256] = "";
    SECURITY_STATUS status = AcquireCredentialsHandleA(NULL, "WDigest", SECPKG_CRED_INBOUND, NULL,
                                                       &data, NULL, NULL, &run.credential, NULL);

    if (status != SEC_E_OK)
        return status;
    status = get_nonce_for(&run, nonce);
    struct client client = alice(nonce, 1);
    if (status == SEC_E_OK)
        status = log_in(&run, &client);
    if (status == SEC_E_OK)
        status = complete(&run, &client);
    if (status == SEC_E_OK)
        status = messages(&run, &client);
    if (status == SEC_E_OK)
        status = ask(&run);
    if (run.has_context)
        assert_int_equal(DeleteSecurityContext(&run.context), SEC_E_OK);
    if (run.has_second)
        assert_int_equal(DeleteSecurityContext(&run.second), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&run.credential), SEC_E_OK);
    return status;
}

static void every_allocation_fails_once(void **unused)
{
    (void)unused;
    msdocs_memory_check(exchange);
}

static void every_allocation_of_sasl_fails_once(void **unused)
{
    (void)unused;
    msdocs_memory_check(sasl_exchange);
}

static int end_des(void **unused)
{
    (void)unused;
    sasl_des_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(every_allocation_of_sasl_fails_once),
    };
    write_users(&users);
    int failed = cmocka_run_group_tests(tests, NULL, end_des);
    unlink(users.path);
    return failed;
}
