/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials, packages and attributes, in both string forms; layouts and names of sspi.h. */
#include "secur_credentials.h"
#include "sspi_fake.h"
#include "secur_query.h"
#include "sspi_peek.h"
#include "package_status.h"

#if UINTPTR_MAX == UINT64_MAX
_Static_assert(sizeof(ULONG) == 4 && sizeof(SECURITY_STATUS) == 4 && sizeof(SEC_WCHAR) == 2, "");
_Static_assert(sizeof(SecHandle) == 16 && offsetof(SecHandle, dwUpper) == 8, "");
_Static_assert(sizeof(TimeStamp) == 8 && offsetof(TimeStamp, HighPart) == 4, "");
_Static_assert(sizeof(SecBuffer) == 16 && offsetof(SecBuffer, pvBuffer) == 8, "");
_Static_assert(sizeof(SecBufferDesc) == 16 && offsetof(SecBufferDesc, pBuffers) == 8, "");
_Static_assert(sizeof(SEC_CHANNEL_BINDINGS) == 32, "");
_Static_assert(offsetof(SEC_CHANNEL_BINDINGS, cbApplicationDataLength) == 24, "");
_Static_assert(sizeof(SEC_CHANNEL_BINDINGS_EX) == 48, "");
_Static_assert(sizeof(SEC_CHANNEL_BINDINGS_RESULT) == 4, "");
_Static_assert(sizeof(SecPkgInfoA) == 32 && sizeof(SecPkgInfoW) == 32, "");
_Static_assert(offsetof(SecPkgInfoA, cbMaxToken) == 8 && offsetof(SecPkgInfoA, Name) == 16, "");
_Static_assert(sizeof(SecPkgContext_Sizes) == 16 && sizeof(SecPkgContext_StreamSizes) == 20, "");
_Static_assert(sizeof(SecPkgContext_Lifespan) == 16 && sizeof(SecPkgContext_Flags) == 4, "");
_Static_assert(sizeof(SecPkgContext_NegotiationInfoA) == 16, "");
_Static_assert(sizeof(SecPkgContext_KeyInfoA) == 32 && sizeof(SecPkgContext_Bindings) == 16, "");
#endif
_Static_assert((ULONG)SEC_E_INVALID_HANDLE == 0x80090301, "not the page's 0x80100003");
_Static_assert(SEC_E_BAD_BINDINGS<0 && SEC_I_CONTINUE_NEEDED> 0 && STATUS_LOGON_FAILURE < 0, "");
_Static_assert(ASC_REQ_HTTP == ASC_REQ_ALLOW_MISSING_BINDINGS, "");

static CredHandle credential;
static CtxtHandle context;

static int establish(void **unused)
{
    (void)unused;
    credential = fake_credential("Negotiate");
    return fake_say(&credential, NULL, "ok", &context) == SEC_E_OK ? 0 : -1;
}

static int release(void **unused)
{
    (void)unused;
    return DeleteSecurityContext(&context) == SEC_E_OK ? fake_end(&credential) : -1;
}

static void assert_wide(const SEC_WCHAR *text, const SEC_WCHAR *wanted, size_t n_units)
{
    assert_memory_equal(text, wanted, (n_units + 1) * sizeof(*text));
}

static SECURITY_STATUS acquire(const char *package, ULONG use, void *data)
{
    CredHandle handle = {1, 2};
    SECURITY_STATUS status =
        AcquireCredentialsHandleA(NULL, package, use, NULL, data, NULL, NULL, &handle, NULL);
    if (status == SEC_E_OK)
        assert_int_equal(FreeCredentialsHandle(&handle), SEC_E_OK);
    else
        assert_false(SecIsValidHandle(&handle));
    return status;
}

static void packages_are_found_without_case(void **unused)
{
    static const char *const found[] = {"Negotiate", "negotiate", "KERBEROS", "WDigest", "digest"};

    (void)unused;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(acquire(found[i], SECPKG_CRED_INBOUND, NULL), SEC_E_OK);
    assert_int_equal(acquire("Negotiate", SECPKG_CRED_BOTH, NULL), SEC_E_OK);
    assert_int_equal(acquire("Negotiate2", SECPKG_CRED_INBOUND, NULL), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(acquire("", SECPKG_CRED_INBOUND, NULL), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(acquire(NULL, SECPKG_CRED_INBOUND, NULL), SEC_E_SECPKG_NOT_FOUND);
}

static void a_credential_that_is_no_acceptors_is_refused(void **unused)
{
    struct sspi_view names[65] = {{NULL, 0}};
    SSPI_ACCEPTOR_DATA data = {.Version = 2};

    (void)unused;
    assert_int_equal(acquire("Kerberos", SECPKG_CRED_OUTBOUND, NULL), SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(acquire("Kerberos", 0x10000001, NULL), SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(acquire("Kerberos", 0, NULL), SEC_E_UNKNOWN_CREDENTIALS);
    assert_int_equal(acquire("Kerberos", SECPKG_CRED_INBOUND, &data), SEC_E_UNKNOWN_CREDENTIALS);
    data = (SSPI_ACCEPTOR_DATA){.Version = 1, .ServiceNames = names, .ServiceNameCount = 64};
    assert_int_equal(acquire("Kerberos", SECPKG_CRED_INBOUND, &data), SEC_E_OK);
    data.ServiceNameCount = 65;
    assert_int_equal(acquire("Kerberos", SECPKG_CRED_INBOUND, &data), SEC_E_UNKNOWN_CREDENTIALS);
    data = (SSPI_ACCEPTOR_DATA){.Version = 1, .ServiceNameCount = 1};
    assert_int_equal(acquire("Kerberos", SECPKG_CRED_INBOUND, &data), SEC_E_UNKNOWN_CREDENTIALS);
}

static void a_failed_acquire_says_why(void **unused)
{
    SSPI_ACCEPTOR_DATA data = {.Version = 1, .KeytabName = "missing"};
    struct sspi_error_info error_info;
    CredHandle handle;

    (void)unused;
    assert_int_equal(secur_credentials_acquire(NULL, "Kerberos", SECPKG_CRED_INBOUND, &data,
                                               &handle, &error_info),
                     SEC_E_NO_CREDENTIALS);
    assert_int_equal(error_info.reason, SSPI_REASON_NO_KEY);
}

static void a_principal_names_the_service(void **unused)
{
    CredHandle handle;
    TimeStamp expiry;

    (void)unused;
    assert_int_equal(AcquireCredentialsHandleW(u"HTTP/j\u00f6rg", u"kerberos", SECPKG_CRED_INBOUND,
                                               NULL, NULL, NULL, NULL, &handle, &expiry),
                     SEC_E_OK);
    assert_string_equal(fake_seen.service, "HTTP/j\xc3\xb6rg");
    assert_int_equal(expiry.HighPart, 0x7fffffff);
    assert_int_equal(FreeCredentialsHandle(&handle), SEC_E_OK);
    static const SEC_WCHAR lone[] = {0xd800, 0};
    assert_int_equal(AcquireCredentialsHandleW(lone, u"kerberos", SECPKG_CRED_INBOUND, NULL, NULL,
                                               NULL, NULL, &handle, NULL),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(AcquireCredentialsHandleW(NULL, NULL, SECPKG_CRED_INBOUND, NULL, NULL, NULL,
                                               NULL, &handle, NULL),
                     SEC_E_SECPKG_NOT_FOUND);
}

static void packages_are_described_in_one_block(void **unused)
{
    SecPkgInfoA *a;
    SecPkgInfoW *w;
    ULONG n;

    (void)unused;
    assert_int_equal(EnumerateSecurityPackagesA(&n, &a), SEC_E_OK);
    assert_int_equal(n, 4);
    assert_string_equal(a[0].Name, "Negotiate");
    assert_string_equal(a[2].Name, "NTLM");
    assert_string_equal(a[3].Comment, "fake WDigest");
    FreeContextBuffer(a);
    assert_int_equal(EnumerateSecurityPackagesW(&n, &w), SEC_E_OK);
    assert_int_equal(n, 4);
    assert_wide(w[1].Name, u"Kerberos", 8);
    assert_wide(w[3].Comment, u"fake WDigest", 12);
    FreeContextBuffer(w);
    assert_int_equal(QuerySecurityPackageInfoA("DIGEST", &a), SEC_E_OK);
    assert_string_equal(a->Name, "WDigest");
    assert_int_equal(a->cbMaxToken, 4096);
    FreeContextBuffer(a);
    assert_int_equal(QuerySecurityPackageInfoW(u"Kerberos", &w), SEC_E_OK);
    assert_wide(w->Name, u"Kerberos", 8);
    FreeContextBuffer(w);
    assert_int_equal(QuerySecurityPackageInfoW(u"Schannel", &w), SEC_E_SECPKG_NOT_FOUND);
    assert_null(w);
    assert_int_equal(QuerySecurityPackageInfoA(NULL, &a), SEC_E_SECPKG_NOT_FOUND);
    assert_int_equal(EnumerateSecurityPackagesA(NULL, &a), SEC_E_INVALID_PARAMETER);
}

static void an_established_context_names_client_and_mechanism(void **unused)
{
    SecPkgContext_NamesA a;
    SecPkgContext_NamesW w;
    SecPkgContext_PackageInfoA package;
    SecPkgContext_NegotiationInfoW negotiated;
    SecPkgContext_Flags flags;
    SecPkgContext_Lifespan lifespan;
    SecPkgContext_ClientSpecifiedTarget target;

    (void)unused;
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_NAMES, &a), SEC_E_OK);
    assert_string_equal(a.sUserName, "j\xc3\xb6rg@EXAMPLE.ORG");
    FreeContextBuffer(a.sUserName);
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_NAMES, &w), SEC_E_OK);
    assert_wide(w.sUserName, u"j\u00f6rg@EXAMPLE.ORG", 16);
    FreeContextBuffer(w.sUserName);
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_PACKAGE_INFO, &package),
                     SEC_E_OK);
    assert_string_equal(package.PackageInfo->Name, "Negotiate");
    FreeContextBuffer(package.PackageInfo);
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiated),
                     SEC_E_OK);
    assert_wide(negotiated.PackageInfo->Name, u"Kerberos", 8);
    assert_int_equal(negotiated.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
    FreeContextBuffer(negotiated.PackageInfo);
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_FLAGS, &flags), SEC_E_OK);
    assert_int_equal(flags.Flags, ASC_RET_MUTUAL_AUTH);
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_LIFESPAN, &lifespan), SEC_E_OK);
    assert_int_equal(lifespan.tsStart.HighPart, 0x019db1de); /* 1970-01-01 as a FILETIME */
    assert_int_equal(lifespan.tsStart.LowPart, 0xd53e8000);
    assert_int_equal(lifespan.tsExpiry.HighPart, 0x7fffffff);
    assert_int_equal(
        QueryContextAttributesA(&context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target), SEC_E_OK);
    assert_wide(target.sTargetName, u"HTTP/www.example.org", 20);
    FreeContextBuffer(target.sTargetName);
}

static void names_in_both_forms(void **unused)
{
    SecPkgContext_AuthorityA authority;
    SecPkgContext_NativeNamesA a;
    SecPkgContext_NativeNamesW w;

    (void)unused;
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_NATIVE_NAMES, &a), SEC_E_OK);
    assert_string_equal(a.sClientName, "j\xc3\xb6rg@EXAMPLE.ORG");
    assert_string_equal(a.sServerName, "HTTP/www.example.org");
    FreeContextBuffer(a.sClientName);
    FreeContextBuffer(a.sServerName);
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_NATIVE_NAMES, &w), SEC_E_OK);
    assert_wide(w.sClientName, u"j\u00f6rg@EXAMPLE.ORG", 16);
    assert_wide(w.sServerName, u"HTTP/www.example.org", 20);
    FreeContextBuffer(w.sClientName);
    FreeContextBuffer(w.sServerName);
    /* The fake package's clients have no realm. */
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_AUTHORITY, &authority),
                     SEC_E_UNSUPPORTED_FUNCTION);
}

static SECPKG_ATTR_LCT_STATUS last_token(CtxtHandle *of)
{
    SecPkgContext_LastClientTokenStatus status;

    assert_int_equal(QueryContextAttributesA(of, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &status),
                     SEC_E_OK);
    return status.LastClientTokenStatus;
}

static void the_caller_can_always_ask_whether_a_token_is_expected(void **unused)
{
    SecPkgContext_LastClientTokenStatus status;
    CredHandle digest = fake_credential("WDigest");
    CtxtHandle other;

    (void)unused;
    assert_int_equal(last_token(&context), SecPkgAttrLastClientTokenYes);
    assert_int_equal(fake_say(&credential, NULL, "more", &other), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(last_token(&other), SecPkgAttrLastClientTokenNo);
    assert_int_equal(fake_say(&credential, &other, "wrong", &other), SEC_E_LOGON_DENIED);
    assert_int_equal(QueryContextAttributesA(&other, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &status),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&other), SEC_E_OK);
    assert_int_equal(fake_say(&digest, NULL, "complete", &other), SEC_I_COMPLETE_NEEDED);
    assert_int_equal(last_token(&other), SecPkgAttrLastClientTokenYes);
    assert_int_equal(DeleteSecurityContext(&other), SEC_E_OK);
    /* An answer that waits for a larger buffer. */
    char token[] = "more";
    SecBuffer in = {4, SECBUFFER_TOKEN, token};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in};
    assert_int_equal(
        AcceptSecurityContext(&credential, NULL, &input, 0, 0, &other, NULL, NULL, NULL),
        SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(last_token(&other), SecPkgAttrLastClientTokenMaybe);
    assert_int_equal(DeleteSecurityContext(&other), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&digest), SEC_E_OK);
}

static void an_attribute_that_is_unknown_is_refused(void **unused)
{
    SecPkgContext_Flags flags;
    SecPkgContext_Sizes sizes;
    CtxtHandle partial;

    (void)unused;
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_SIZES, &sizes),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(QueryContextAttributesW(&context, 0xffffffff, &sizes),
                     SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_FLAGS, NULL),
                     SEC_E_INVALID_PARAMETER);
    assert_int_equal(fake_say(&credential, NULL, "more", &partial), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(QueryContextAttributesA(&partial, SECPKG_ATTR_FLAGS, &flags),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&partial), SEC_E_OK);
}

static void a_context_shows_whether_its_next_step_waits(void **unused)
{
    CtxtHandle partial;

    (void)unused;
    assert_false(peek_may_wait(&context));
    assert_int_equal(fake_say(&credential, NULL, "more", &partial), SEC_I_CONTINUE_NEEDED);
    assert_false(peek_may_wait(&partial));
    assert_int_equal(fake_say(&credential, &partial, "more, slowly", &partial),
                     SEC_I_CONTINUE_NEEDED);
    assert_true(peek_may_wait(&partial));
    assert_int_equal(fake_say(&credential, &partial, "no", &partial), SEC_E_LOGON_DENIED);
    assert_false(peek_may_wait(&partial));
    assert_int_equal(DeleteSecurityContext(&partial), SEC_E_OK);
    assert_false(peek_may_wait(&partial));
    assert_false(peek_may_wait(NULL));
}

static void a_time_that_no_filetime_holds_is_the_maximum(void **unused)
{
    const uint64_t last_ms = INT64_MAX / 10000 - UINT64_C(11644473600000);

    (void)unused;
    assert_int_equal(secur_query_timestamp(last_ms).LowPart, 0xffffffff);
    assert_int_equal(secur_query_timestamp(last_ms - 1).HighPart, 0x7fffffff);
    assert_int_not_equal(secur_query_timestamp(last_ms - 1).LowPart, 0xffffffff);
    assert_int_equal(secur_query_timestamp(UINT64_MAX).LowPart, 0xffffffff);
}

static void statuses_have_their_names(void **unused)
{
    (void)unused;
    assert_string_equal(package_status_name(SEC_E_OK), "SEC_E_OK");
    assert_string_equal(package_status_name(SEC_E_LOGON_DENIED), "SEC_E_LOGON_DENIED");
    assert_string_equal(package_status_name(SEC_I_CONTINUE_NEEDED), "SEC_I_CONTINUE_NEEDED");
    assert_string_equal(package_status_name(STATUS_LOGON_FAILURE), "STATUS_LOGON_FAILURE");
    assert_string_equal(package_status_name(SEC_E_MUTUAL_AUTH_FAILED), "SEC_E_MUTUAL_AUTH_FAILED");
    assert_string_equal(package_status_name(12345), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packages_are_found_without_case),
        cmocka_unit_test(a_credential_that_is_no_acceptors_is_refused),
        cmocka_unit_test(a_failed_acquire_says_why),
        cmocka_unit_test(a_principal_names_the_service),
        cmocka_unit_test(packages_are_described_in_one_block),
        cmocka_unit_test(an_established_context_names_client_and_mechanism),
        cmocka_unit_test(names_in_both_forms),
        cmocka_unit_test(the_caller_can_always_ask_whether_a_token_is_expected),
        cmocka_unit_test(an_attribute_that_is_unknown_is_refused),
        cmocka_unit_test(a_context_shows_whether_its_next_step_waits),
        cmocka_unit_test(a_time_that_no_filetime_holds_is_the_maximum),
        cmocka_unit_test(statuses_have_their_names),
    };
    return cmocka_run_group_tests(tests, establish, release);
}
