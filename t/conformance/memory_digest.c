/* SPDX-License-Identifier: Apache-2.0 */
/* A whole Digest exchange with every single allocation of the library failing in turn: it says
 * SEC_E_INSUFFICIENT_MEMORY, loses nothing, and never lets in who has not proven himself. */
#include "page_call.h"

#include "digest_world.h"
#include "page_memory.h"

static struct world users; /* for its file */

/* One run: what was made so far, and what went wrong first. */
struct run {
    CredHandle credential;
    CtxtHandle context, second;
    bool has_context, has_second;
};

/* AcceptSecurityContext for GET /x?y with `header`; the answer's nonce goes to `nonce`. */
static SECURITY_STATUS accept(struct run *run, const struct bytes *header, CtxtHandle *to,
                              char nonce[256])
{
    struct page_call call = {.http = true, .method = "GET", .uri = "/x?y", .realm = REALM};
    BYTES_CLEANUP struct bytes storage = {0};
    SecBuffer in[PAGE_BUFFERS], out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc input = {SECBUFFER_VERSION, 0, in}, output = {SECBUFFER_VERSION, 1, &out};

    page_memory_pause();
    call.token = bytes_as_view(header);
    input.cBuffers = (ULONG)page_call_input(&call, in, &storage);
    page_memory_resume();
    SECURITY_STATUS status = AcceptSecurityContext(
        &run->credential, NULL, &input, ASC_REQ_ALLOCATE_MEMORY, 0, to, &output, NULL, NULL);
    if (nonce != NULL && out.pvBuffer != NULL) {
        const char *at = memmem(out.pvBuffer, out.cbBuffer, "nonce=\"", 7);
        if (at != NULL)
            snprintf(nonce, 256, "%.*s", (int)strcspn(at + 7, "\""), at + 7);
    }
    FreeContextBuffer(out.pvBuffer);
    page_memory_pause();
    bytes_free(&storage);
    page_memory_resume();
    return status;
}

static void header_of(const struct client *client, struct bytes *header)
{
    page_memory_pause();
    bytes_free(header);
    answer(client, header);
    page_memory_resume();
}

static void drop(struct bytes *header)
{
    page_memory_pause();
    bytes_free(header);
    page_memory_resume();
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
    struct page_call call = {.http = true, .method = "GET", .uri = "/x?y"};
    BYTES_CLEANUP struct bytes storage = {0};
    SecBuffer in[PAGE_BUFFERS];
    struct bytes header = {0};

    client->count++;
    header_of(client, &header);
    SECURITY_STATUS status = accept(run, &header, &run->second, NULL);
    run->has_second = status >= 0;
    if (status == SEC_I_COMPLETE_NEEDED) {
        page_memory_pause();
        call.token = bytes_as_view(&header);
        SecBufferDesc input = {SECBUFFER_VERSION, (ULONG)page_call_input(&call, in, &storage), in};
        page_memory_resume();
        status = CompleteAuthToken(&run->second, &input);
    }
    drop(&header);
    drop(&storage);
    return status;
}

static SECURITY_STATUS messages(struct run *run, struct client *client)
{
    struct page_call call = {.http = true, .method = "GET", .uri = "/x?y"};
    BYTES_CLEANUP struct bytes storage = {0};
    SecBuffer in[PAGE_BUFFERS];
    char space[1024];
    struct bytes header = {0};

    client->count++;
    header_of(client, &header);
    page_memory_pause();
    call.token = bytes_as_view(&header);
    SecBufferDesc message = {SECBUFFER_VERSION, (ULONG)page_call_input(&call, in, &storage), in};
    page_memory_resume();
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
    page_memory_check(exchange);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
    };
    write_users(&users);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(users.path);
    return failed;
}
