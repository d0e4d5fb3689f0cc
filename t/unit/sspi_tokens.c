/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens, and clients as which no thread can act. */
#include "sspi_token_fixture.h"

#include <grp.h>
#include <sys/wait.h>

static void a_token_has_the_account_of_the_client(void **unused)
{
    const struct passwd *account = getpwnam(ACCOUNT);
    CtxtHandle context = context_of("as " ACCOUNT);
    const struct sspi_token *read;
    void *token;
    size_t n;

    (void)unused;
    assert_non_null(account);
    assert_int_equal(QuerySecurityContextToken(&context, &token), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    read = token; /* the token stays valid without its context */
    assert_string_equal(sspi_token_name(read), ACCOUNT);
    assert_string_equal(sspi_token_account(read), ACCOUNT);
    assert_int_equal(sspi_token_uid(read), account->pw_uid);
    assert_int_equal(sspi_token_gid(read), account->pw_gid);
    const uint32_t *groups = sspi_token_groups(read, &n);
    assert_true(n >= 1);
    assert_int_equal(groups[0], account->pw_gid);
    assert_null(sspi_token_sids(read, &n));
    assert_int_equal(n, 0);
    assert_null(sspi_token_credential_cache(read));
    sspi_token_close(token);
    sspi_token_close(NULL);
    assert_int_equal(fake_contexts, 0);
}

static void a_client_without_an_account_has_a_token_all_the_same(void **unused)
{
    CtxtHandle context = context_of("ok, quietly");
    SecPkgContext_AccessToken access;
    size_t n;

    (void)unused;
    assert_int_equal(QueryContextAttributesW(&context, SECPKG_ATTR_ACCESS_TOKEN, &access),
                     SEC_E_OK);
    const struct sspi_token *token = access.AccessToken;
    assert_string_equal(sspi_token_name(token), "j\xc3\xb6rg@EXAMPLE.ORG");
    assert_null(sspi_token_account(token));
    assert_int_equal(sspi_token_uid(token), SSPI_TOKEN_NO_ID);
    assert_int_equal(sspi_token_gid(token), SSPI_TOKEN_NO_ID);
    assert_null(sspi_token_groups(token, &n));
    assert_int_equal(n, 0);
    assert_int_equal(ImpersonateSecurityContext(&context), SEC_E_NO_IMPERSONATION);
    sspi_token_close(access.AccessToken);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

static void a_context_that_is_not_established_has_no_access_token(void **unused)
{
    CtxtHandle context;
    void *token = &context;

    (void)unused;
    assert_int_equal(fake_say(&credential, NULL, "more", &context), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(QuerySecurityContextToken(&context, NULL), SEC_E_INVALID_PARAMETER);
    assert_int_equal(QuerySecurityContextToken(&context, &token), SEC_E_INVALID_HANDLE);
    assert_null(token);
    assert_int_equal(QuerySecurityContextToken(NULL, &token), SEC_E_INVALID_HANDLE);
    assert_int_equal(ImpersonateSecurityContext(&context), SEC_E_INVALID_HANDLE);
    assert_int_equal(RevertSecurityContext(&context), SEC_E_NO_IMPERSONATION);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(ImpersonateSecurityContext(&context), SEC_E_INVALID_HANDLE);
    assert_int_equal(RevertSecurityContext(&context), SEC_E_INVALID_HANDLE);
}

/* ---- impersonation ---- */

static void root_and_identify_logins_cannot_be_impersonated(void **unused)
{
    char token[] = "as " ACCOUNT;
    SecBuffer in = {sizeof(token) - 1, SECBUFFER_TOKEN, token};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in};
    ULONG attributes;
    void *made;

    (void)unused;
    CtxtHandle context = context_of("as root");
    assert_int_equal(ImpersonateSecurityContext(&context), SEC_E_NO_IMPERSONATION);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(AcceptSecurityContext(&credential, NULL, &input, ASC_REQ_IDENTIFY, 0, &context,
                                           NULL, &attributes, NULL),
                     SEC_E_OK);
    assert_int_equal(attributes, ASC_RET_MUTUAL_AUTH | ASC_RET_IDENTIFY);
    assert_int_equal(ImpersonateSecurityContext(&context), SEC_E_NO_IMPERSONATION);
    assert_int_equal(QuerySecurityContextToken(&context, &made), SEC_E_OK);
    sspi_token_close(made);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

/* In a child, whose exit status is 0 if all results were right. */
static int without_privilege(void)
{
    struct ids before;
    CtxtHandle context;

    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
        return 1;
    before = ids_now();
    if (fake_say(&credential, NULL, "as daemon", &context) != SEC_E_OK)
        return 2;
    if (ImpersonateSecurityContext(&context) != SEC_E_NO_IMPERSONATION)
        return 3;
    struct ids after = ids_now();
    if (after.uid != before.uid || after.gid != before.gid || after.n_groups != before.n_groups)
        return 4;
    if (RevertSecurityContext(&context) != SEC_E_NO_IMPERSONATION)
        return 5;
    return 0;
}

static void without_the_privilege_nothing_changes(void **unused)
{
    int status;

    (void)unused;
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(without_privilege());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_has_the_account_of_the_client),
        cmocka_unit_test(a_client_without_an_account_has_a_token_all_the_same),
        cmocka_unit_test(a_context_that_is_not_established_has_no_access_token),
        cmocka_unit_test(root_and_identify_logins_cannot_be_impersonated),
        cmocka_unit_test(without_the_privilege_nothing_changes),
    };
    return cmocka_run_group_tests(tests, acquire, release);
}
