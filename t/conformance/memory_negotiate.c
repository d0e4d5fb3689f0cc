/* SPDX-License-Identifier: Apache-2.0 */
/* A complete Negotiate exchange by Kerberos in which each allocation of the library fails in turn.
 * The library returns SEC_E_INSUFFICIENT_MEMORY, leaks nothing, and never accepts a client that it
 * did not verify. msdocs_negotiate.t makes the realm. */
#include "msdocs_call.h"

#include "negotiate_client.h"
#include "msdocs_memory.h"

static char keytab[512];

struct run {
    CredHandle credential;
    CtxtHandle context;
    bool has_context;
};

static SECURITY_STATUS leg(struct run *run, struct sspi_view token)
{
    char copy[8192];
    SecBuffer in = {(ULONG)token.len, SECBUFFER_TOKEN, copy}, out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};

    assert_true(token.len <= sizeof(copy));
    if (token.len > 0)
        memcpy(copy, token.data, token.len);
    SECURITY_STATUS status = AcceptSecurityContext(
        &run->credential, run->has_context ? &run->context : NULL, &input,
        ASC_REQ_ALLOCATE_MEMORY | ASC_REQ_DELEGATE, 0, &run->context, &output, NULL, NULL);
    FreeContextBuffer(out.pvBuffer);
    run->has_context = run->has_context || status >= 0;
    return status;
}

static SECURITY_STATUS second_leg(struct run *run)
{
    struct bytes token = {0};

    msdocs_memory_pause();
    client_token(&spnego_mechanism, "HTTP@localhost", NULL,
                 GSS_C_MUTUAL_FLAG | GSS_C_DELEG_FLAG | GSS_C_REPLAY_FLAG, &token);
    msdocs_memory_resume();
    SECURITY_STATUS status = leg(run, bytes_as_view(&token));
    msdocs_memory_pause();
    bytes_free(&token);
    msdocs_memory_resume();
    return status;
}

static SECURITY_STATUS ask(struct run *run)
{
    SecPkgContext_NamesW names;
    SecPkgContext_NativeNamesA native;
    SecPkgContext_NegotiationInfoA negotiation;
    SecPkgContext_SessionKey key;
    void *token;
    SECURITY_STATUS status = QueryContextAttributesW(&run->context, SECPKG_ATTR_NAMES, &names);

    if (status != SEC_E_OK)
        return status;
    FreeContextBuffer(names.sUserName);
    status = QueryContextAttributesA(&run->context, SECPKG_ATTR_NATIVE_NAMES, &native);
    if (status != SEC_E_OK)
        return status;
    FreeContextBuffer(native.sClientName);
    FreeContextBuffer(native.sServerName);
    status = QueryContextAttributesA(&run->context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation);
    if (status != SEC_E_OK)
        return status;
    FreeContextBuffer(negotiation.PackageInfo);
    status = QueryContextAttributesA(&run->context, SECPKG_ATTR_SESSION_KEY, &key);
    if (status != SEC_E_OK)
        return status;
    FreeContextBuffer(key.SessionKey);
    status = QuerySecurityContextToken(&run->context, &token);
    if (status == SEC_E_OK)
        sspi_token_close(token);
    return status;
}

static SECURITY_STATUS seal(struct run *run)
{
    SecPkgContext_Sizes sizes;
    char header[256], padding[64], text[] = "a message";
    SecBuffer buffers[] = {{sizeof(header), SECBUFFER_TOKEN, header},
                           {sizeof(text), SECBUFFER_DATA, text},
                           {sizeof(padding), SECBUFFER_PADDING, padding}};
    SecBufferDesc message = {SECBUFFER_VERSION, 3, buffers};
    SECURITY_STATUS status = QueryContextAttributes(&run->context, SECPKG_ATTR_SIZES, &sizes);

    if (status != SEC_E_OK)
        return status;
    assert_true(sizes.cbSecurityTrailer <= sizeof(header) && sizes.cbBlockSize <= sizeof(padding));
    return EncryptMessage(&run->context, 0, &message, 0);
}

static SECURITY_STATUS exchange(void)
{
    struct run run = {0};
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION, .KeytabName = keytab};
    SECURITY_STATUS status =
        AcquireCredentialsHandleA("HTTP/localhost", "Negotiate", SECPKG_CRED_INBOUND, NULL, &data,
                                  NULL, NULL, &run.credential, NULL);

    if (status != SEC_E_OK)
        return status;
    status = leg(&run, (struct sspi_view){"", 0});
    if (status == SEC_I_CONTINUE_NEEDED)
        status = second_leg(&run);
    if (status == SEC_E_OK)
        status = ask(&run);
    if (status == SEC_E_OK)
        status = seal(&run);
    if (run.has_context)
        assert_int_equal(DeleteSecurityContext(&run.context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&run.credential), SEC_E_OK);
    return status;
}

static void every_allocation_fails_once(void **unused)
{
    msdocs_memory_check(exchange);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_fails_once),
    };
    if (getenv("SSPI_TEST_REALM") == NULL)
        return 1;
    snprintf(keytab, sizeof(keytab), "%s/http.keytab", getenv("SSPI_TEST_REALM"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
