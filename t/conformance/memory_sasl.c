/* SPDX-License-Identifier: Apache-2.0 */
/* As memory_negotiate.c, SASL's profiles and a whole exchange of its GSSAPI, with both cookies and
 * an authorization identity. msdocs_negotiate.t makes the realm. */
#include "msdocs_memory.h"
#include "msdocs_sasl.h"

CredHandle gssapi, spnego;
static char keytab[512];

static SECURITY_STATUS say(CtxtHandle *from, CtxtHandle *to, const struct bytes *token,
                           struct bytes *ret_answer)
{
    SecBuffer in = {(ULONG)token->len, SECBUFFER_TOKEN, token->data},
              out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};

    SECURITY_STATUS status = SaslAcceptSecurityContext(
        &gssapi, from, &input, SERVER_FLAGS | ASC_REQ_ALLOCATE_MEMORY, 0, to, &output, NULL, NULL);
    msdocs_memory_pause();
    bytes_free(ret_answer);
    bytes_append(ret_answer, out.pvBuffer, out.cbBuffer);
    msdocs_memory_resume();
    FreeContextBuffer(out.pvBuffer);
    return status;
}

/* Makes the client's next message. These allocations are not counted. */
static void next(struct exchange *e, int turn, struct bytes *token, const struct bytes *answer)
{
    bool encrypted;

    msdocs_memory_pause();
    if (turn < 2)
        client_step(&e->client, bytes_as_view(answer), token);
    if (turn == 2) {
        assert_true(exchange_unwrap(e, bytes_as_view(answer), token, &encrypted));
        exchange_wrap(e, false,
                      SSPI_VIEW("\x02\x01\x02\x03"
                                "root"),
                      token);
    }
    msdocs_memory_resume();
}

static SECURITY_STATUS talk(struct exchange *e, struct bytes *token, struct bytes *answer)
{
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    char authzid[8];

    for (int turn = 0; turn < 3 && status == SEC_I_CONTINUE_NEEDED; turn++) {
        next(e, turn, token, answer);
        status = say(e->begun ? &e->context : NULL, &e->context, token, answer);
        e->begun = e->begun || status >= 0;
    }
    if (status == SEC_E_OK) {
        assert_int_equal(SaslGetContextOption(&e->context, SASL_OPTION_AUTHZ_STRING, authzid,
                                              sizeof authzid, NULL),
                         SEC_E_OK);
        assert_memory_equal(authzid, "root", 4);
    }
    return status;
}

static SECURITY_STATUS profiles(void)
{
    char text[] = "GSSAPI";
    SecBuffer buffer = {sizeof text - 1, SECBUFFER_TOKEN, text};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &buffer};
    SEC_CHAR *list;
    SEC_WCHAR *wide_list;
    PSecPkgInfoA info;
    PSecPkgInfoW wide_info;
    ULONG n;

    SECURITY_STATUS status = SaslEnumerateProfilesA(&list, &n);
    if (status != SEC_E_OK)
        return status;
    FreeContextBuffer(list);
    status = SaslEnumerateProfilesW(&wide_list, &n);
    if (status != SEC_E_OK)
        return status;
    FreeContextBuffer(wide_list);
    status = SaslGetProfilePackageW(u"NTLM", &wide_info);
    if (status != SEC_E_OK)
        return status;
    FreeContextBuffer(wide_info);
    status = SaslIdentifyPackageA(&input, &info);
    if (status == SEC_E_OK)
        FreeContextBuffer(info);
    return status;
}

static SECURITY_STATUS exchange(void)
{
    struct exchange e = {
        .client = {.mechanism = &krb5_mechanism, .service = SERVICE, .flags = CLIENT_FLAGS}};
    struct bytes token = {0}, answer = {0};
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION, .KeytabName = keytab};
    SECURITY_STATUS status = profiles();

    if (status == SEC_E_OK)
        status = AcquireCredentialsHandleA(NULL, "Kerberos", SECPKG_CRED_INBOUND, NULL, &data, NULL,
                                           NULL, &gssapi, NULL);
    if (status != SEC_E_OK)
        return status;
    status = talk(&e, &token, &answer);
    if (e.begun)
        assert_int_equal(DeleteSecurityContext(&e.context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&gssapi), SEC_E_OK);
    msdocs_memory_pause();
    bytes_free(&token);
    bytes_free(&answer);
    client_end(&e.client);
    msdocs_memory_resume();
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
