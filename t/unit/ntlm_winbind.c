/* SPDX-License-Identifier: Apache-2.0 */
/* A machine without winbind, which a variable of libwbclient simulates. No client is accepted, and
 * the error text names the cause. t/ad tests the answers of winbind. */
#include "ntlm_fixture.h"
#include "ntlm_winbind_status.h"

static void names_are_asked_for_by_one_thread_once_a_second(void **state)
{
    char error[SSPI_ERROR_TEXT_SIZE] = "";
    struct ntlm_winbind_names names;
    struct sspi_winbind *winbind = ntlm_winbind_new();
    (void)state;
    assert_non_null(winbind);
    assert_false(ntlm_winbind_names(winbind, &names));
    assert_true(store_source_check_changed(ntlm_winbind_source(winbind), 5000));
    /* The caller that was told to reload is still asking winbind. */
    assert_false(store_source_check_changed(ntlm_winbind_source(winbind), 5000));
    assert_false(store_source_check_changed(ntlm_winbind_source(winbind), 60000));
    assert_int_equal(store_source_reload(ntlm_winbind_source(winbind), error, sizeof(error)),
                     STORE_SOURCE_UNREADABLE);
    assert_non_null(strstr(error, "winbindd"));
    assert_false(ntlm_winbind_names(winbind, &names));
    assert_false(store_source_check_changed(ntlm_winbind_source(winbind), 5999));
    assert_true(store_source_check_changed(ntlm_winbind_source(winbind), 6000));
    /* The reload is cancelled, so another one may begin a second later. */
    store_source_cancel_reload(ntlm_winbind_source(winbind));
    assert_false(store_source_check_changed(ntlm_winbind_source(winbind), 6500));
    assert_true(store_source_check_changed(ntlm_winbind_source(winbind), 7000));
    ntlm_winbind_unref(winbind);
    ntlm_winbind_unref(NULL);
}

static void the_last_owner_frees(void **state)
{
    struct sspi_winbind *winbind = ntlm_winbind_new();
    (void)state;
    assert_non_null(winbind);
    assert_ptr_equal(ntlm_winbind_ref(winbind), winbind);
    ntlm_winbind_unref(winbind);
    assert_true(store_source_check_changed(ntlm_winbind_source(winbind), 5000));
    ntlm_winbind_unref(winbind);
}

static enum ntlm_winbind_status check(struct ntlm_winbind_question question, char *text,
                                      size_t text_size)
{
    static const uint8_t challenge[NTLM_CHALLENGE_LEN] = {1, 2, 3};
    struct ntlm_winbind_answer answer = {0};
    struct sspi_winbind *winbind = ntlm_winbind_new();
    assert_non_null(winbind);
    question.challenge = challenge;
    text[0] = '\0';
    enum ntlm_winbind_status status =
        ntlm_winbind_check(winbind, &question, &answer, text, text_size);
    assert_true(text[0] != '\0');
    assert_null(answer.groups.data);
    ntlm_winbind_unref(winbind);
    return status;
}

static void no_client_is_accepted_without_winbind(void **state)
{
    char text[SSPI_ERROR_TEXT_SIZE];
    static const char response[60];
    (void)state;
    assert_int_equal(
        check((struct ntlm_winbind_question){.user = SSPI_VIEW("alice"),
                                             .domain = SSPI_VIEW("CORP"),
                                             .nt_response = {response, sizeof(response)}},
              text, sizeof(text)),
        NTLM_WINBIND_UNREACHABLE);
    assert_non_null(strstr(text, "winbindd"));
}

/* libwbclient would cut them, and the domain would check another user. */
static void names_that_libwbclient_would_cut_are_refused(void **state)
{
    char text[SSPI_ERROR_TEXT_SIZE], name[STORE_USERS_NAME_LIMIT + 1];
    (void)state;
    memset(name, 'a', sizeof(name));
    const struct sspi_view longest = {name, STORE_USERS_NAME_LIMIT};
    const struct sspi_view names[] = {{name, sizeof(name)}, SSPI_VIEW("alice\0bob")};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct ntlm_winbind_question questions[] = {
            {.user = names[i]},
            {.user = SSPI_VIEW("alice"), .domain = names[i]},
            {.user = SSPI_VIEW("alice"), .workstation = names[i]}};
        for (size_t j = 0; j < 3; j++)
            assert_int_equal(check(questions[j], text, sizeof(text)), NTLM_WINBIND_WRONG);
    }
    assert_int_equal(check((struct ntlm_winbind_question){.user = longest,
                                                          .domain = longest,
                                                          .workstation = longest},
                           text, sizeof(text)),
                     NTLM_WINBIND_UNREACHABLE);
}

static void statuses_distinguish_users_from_controllers(void **state)
{
    const struct {
        uint32_t nt_status;
        enum ntlm_winbind_status status;
        const char *text;
    } all[] = {
        {0xC000006A, NTLM_WINBIND_WRONG, "WRONG_PASSWORD"},
        {0xC0000064, NTLM_WINBIND_WRONG, "NO_SUCH_USER"},
        {0xC0000072, NTLM_WINBIND_LOCKED, "ACCOUNT_DISABLED"},
        {0xC0000234, NTLM_WINBIND_LOCKED, "ACCOUNT_LOCKED_OUT"},
        {0xC0000193, NTLM_WINBIND_LOCKED, "ACCOUNT_EXPIRED"},
        {0xC0000071, NTLM_WINBIND_EXPIRED, "PASSWORD_EXPIRED"},
        {0xC0000224, NTLM_WINBIND_EXPIRED, "PASSWORD_MUST_CHANGE"},
        {0xC00000DF, NTLM_WINBIND_WRONG, "NO_SUCH_DOMAIN"},
        {0xC000005E, NTLM_WINBIND_UNREACHABLE, "NO_LOGON_SERVERS"},
        {0xC0000022, NTLM_WINBIND_UNREACHABLE, "ACCESS_DENIED"},
        {0xC0000017, NTLM_WINBIND_FAILED, "does not say"},
        {0, NTLM_WINBIND_FAILED, "does not say"},
        {UINT32_MAX, NTLM_WINBIND_FAILED, "does not say"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const char *text = NULL;
        assert_int_equal(ntlm_winbind_status(all[i].nt_status, &text), all[i].status);
        assert_non_null(strstr(text, all[i].text));
    }
}

/* ---- passwords ---- */

static void check_password(struct fixture *f, struct sspi_view user, struct sspi_view password,
                           SECURITY_STATUS status, enum sspi_reason reason, const char *words)
{
    struct sspi_winbind *winbind = ntlm_winbind_new();
    const struct package_password in = {.user = user, .password = password};
    struct package_info info = {0};
    assert_non_null(winbind);
    f->error_info = (struct sspi_error_info){0};
    CHECK_REFUSED(f, ntlm_winbind_verify_password(winbind, &in, &info, &f->error_info), status,
                  reason, words);
    assert_null(info.name);
    assert_null(strstr(f->error_info.text, "secret"));
    ntlm_winbind_unref(winbind);
}

static void no_password_is_right_without_winbind(void **state)
{
    static const char *const names[] = {"alice", "CORP\\alice", "alice@corp.example"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        check_password(*state, bytes_view(names[i]), SSPI_VIEW("secret"),
                       SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_UNREACHABLE, "winbindd");
}

static void names_that_no_account_has_are_refused(void **state)
{
    const struct sspi_view names[] = {SSPI_VIEW(""),         SSPI_VIEW("\\alice"),
                                      SSPI_VIEW("CORP\\"),   SSPI_VIEW("A\\B\\alice"),
                                      SSPI_VIEW("alice\0x"), SSPI_VIEW("CO\0\\alice")};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        check_password(*state, names[i], SSPI_VIEW("secret"), SEC_E_LOGON_DENIED,
                       SSPI_REASON_WRONG_PASSWORD, "no account has such a name");
}

/* libwbclient would cut it, and the domain would check a shorter one. */
static void names_and_passwords_have_a_limit(void **state)
{
    char text[NTLM_WINBIND_PASSWORD_LIMIT + 1];
    memset(text, 'a', sizeof(text));
    memcpy(text, "CORP\\", 5);
    const struct sspi_view longest = {text, NTLM_WINBIND_PASSWORD_LIMIT};
    const struct sspi_view longer = {text, NTLM_WINBIND_PASSWORD_LIMIT + 1};
    check_password(*state, SSPI_VIEW("CORP\\alice"), longest, SEC_E_NO_AUTHENTICATING_AUTHORITY,
                   SSPI_REASON_UNREACHABLE, "winbindd");
    check_password(*state, SSPI_VIEW("CORP\\alice"), longer, SEC_E_LOGON_DENIED,
                   SSPI_REASON_WRONG_PASSWORD, "too long for winbind");
    check_password(*state, SSPI_VIEW("CORP\\alice"), SSPI_VIEW(""), SEC_E_LOGON_DENIED,
                   SSPI_REASON_WRONG_PASSWORD, "is empty");
    check_password(*state, (struct sspi_view){text, 254}, SSPI_VIEW("secret"),
                   SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_UNREACHABLE, "winbindd");
    check_password(*state, longest, SSPI_VIEW("secret"), SEC_E_LOGON_DENIED,
                   SSPI_REASON_WRONG_PASSWORD, "no account has such a name");
}

/* ---- credentials and contexts ---- */

static SECURITY_STATUS acquire(struct fixture *f, struct sspi_winbind *winbind,
                               struct sspi_users *users, void **ret_credential)
{
    const SSPI_ACCEPTOR_DATA data = {
        .Version = SSPI_ACCEPTOR_DATA_VERSION, .Winbind = winbind, .Users = users};
    f->error_info = (struct sspi_error_info){0};
    return ntlm_package.acquire(&data, ret_credential, &f->error_info);
}

static void a_credential_asks_winbind_if_no_file_is_named(void **state)
{
    struct fixture *f = *state;
    void *credential = NULL;
    CHECK_REFUSED(f, acquire(f, NULL, NULL, &credential), SEC_E_NO_CREDENTIALS,
                  SSPI_REASON_CONFIGURATION, "winbindd");
    assert_null(credential);
}

static void a_challenge_needs_the_names_of_winbind(void **state)
{
    struct fixture *f = *state;
    struct ntlm_credential *of_the_file = f->credential;
    const struct client client = client_alice();
    BYTES_CLEANUP struct bytes token = {0};
    void *credential = NULL, *context = NULL;
    struct sspi_winbind *winbind = ntlm_winbind_new();
    /* Winbind takes precedence over a file, and the credential owns a reference. */
    assert_int_equal(acquire(f, winbind, f->users, &credential), SEC_E_OK);
    ntlm_winbind_unref(winbind);
    f->credential = credential;
    client_negotiate(&client, &token);
    CHECK_REFUSED(f, send(f, &context, &token), SEC_E_NO_AUTHENTICATING_AUTHORITY,
                  SSPI_REASON_UNREACHABLE, "winbindd");
    assert_false(ntlm_package.may_wait(context));
    ntlm_package.destroy(context);
    ntlm_package.release(credential);
    f->credential = of_the_file;
}

static void a_response_that_winbind_cannot_check_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct client client = client_alice();
    struct exchange exchange;
    exchange_begin(f, &client, &exchange);
    assert_false(ntlm_package.may_wait(exchange.context));
    f->credential->winbind = ntlm_winbind_new();
    CHECK_REFUSED(f, send(f, &exchange.context, &exchange.authenticate),
                  SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_UNREACHABLE,
                  "user \"alice\", domain \"CORP\"");
    exchange_end(&exchange);
}

static void the_users_of_a_caller_outlive_it(void **state)
{
    struct fixture *f = *state;
    const struct client client = client_alice();
    store_users_unref(f->users);
    f->users = NULL;
    assert_int_equal(login(f, &client), SEC_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_asked_for_by_one_thread_once_a_second),
        cmocka_unit_test(the_last_owner_frees),
        cmocka_unit_test(no_client_is_accepted_without_winbind),
        cmocka_unit_test(names_that_libwbclient_would_cut_are_refused),
        cmocka_unit_test(statuses_distinguish_users_from_controllers),
        TEST(no_password_is_right_without_winbind),
        TEST(names_that_no_account_has_are_refused),
        TEST(names_and_passwords_have_a_limit),
        TEST(a_credential_asks_winbind_if_no_file_is_named),
        TEST(a_challenge_needs_the_names_of_winbind),
        TEST(a_response_that_winbind_cannot_check_is_refused),
        TEST(the_users_of_a_caller_outlive_it),
    };
    /* With this variable of libwbclient there is no winbind. */
    if (setenv("_NO_WINBINDD", "1", 1) != 0 || unsetenv("SSPI_USER_FILE") != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
