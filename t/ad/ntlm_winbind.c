/* SPDX-License-Identifier: Apache-2.0 */
/* The NTLM package with winbind and a domain controller, which ntlm_winbind.t starts. The domain is
 * SSPIAD, and its users have the password "Password". */
#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ntlm_client.h"
#include "ntlm_context.h"

#define THREADS  8
#define LOGINS   6
#define CHILDREN 3

static struct ntlm_credential *credential;

static int acquire(void **state)
{
    void *acquired = NULL;
    struct sspi_error_info error_info = {0};
    const SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION};
    SECURITY_STATUS st = ntlm_package.acquire(&data, &acquired, &error_info);
    (void)state;
    if (st != SEC_E_OK)
        print_message("# acquire: %s\n", error_info.text);
    credential = acquired;
    return st == SEC_E_OK ? 0 : -1;
}

static int release(void **state)
{
    (void)state;
    ntlm_package.release(credential);
    return 0;
}

static struct client user(const char *name)
{
    struct client client = client_alice();
    client.user = name;
    client.domain = "SSPIAD";
    return client;
}

static SECURITY_STATUS send_token(void **context, const struct bytes *token,
                                  struct bytes *ret_answer, struct sspi_error_info *error_info)
{
    struct package_output out = {.error_info = error_info};
    const struct package_input in = {.token = bytes_as_view(token), .n_tokens = 1};
    SECURITY_STATUS st = ntlm_package.accept(credential, context, &in, &out);
    bytes_append_view(ret_answer, bytes_as_view(&out.tokens[0]));
    bytes_free(&out.tokens[0]);
    return st;
}

/* Runs all legs. The caller destroys *ret_context. */
static SECURITY_STATUS log_in(const struct client *client, void **ret_context,
                              struct sspi_error_info *error_info)
{
    BYTES_CLEANUP struct bytes negotiate = {0}, challenge = {0}, authenticate = {0}, nothing = {0};
    *ret_context = NULL;
    *error_info = (struct sspi_error_info){0};
    client_negotiate(client, &negotiate);
    assert_int_equal(send_token(ret_context, &negotiate, &challenge, error_info),
                     SEC_I_CONTINUE_NEEDED);
    assert_true(ntlm_package.may_wait(*ret_context));
    client_authenticate(client, &credential->crypto, bytes_as_view(&negotiate),
                        bytes_as_view(&challenge), &authenticate, NULL);
    SECURITY_STATUS st = send_token(ret_context, &authenticate, &nothing, error_info);
    assert_false(ntlm_package.may_wait(*ret_context));
    return st;
}

static void check_refused_for(struct client client, enum sspi_reason reason, const char *words)
{
    struct sspi_error_info error_info;
    void *context;
    SECURITY_STATUS st = log_in(&client, &context, &error_info);
    if (st != SEC_E_LOGON_DENIED || strstr(error_info.text, words) == NULL)
        print_message("# user %s: %08x: %s\n", client.user, (unsigned)st, error_info.text);
    assert_int_equal(st, SEC_E_LOGON_DENIED);
    assert_int_equal(error_info.reason, reason);
    assert_non_null(strstr(error_info.text, words));
    assert_null(ntlm_package.info(context));
    ntlm_package.destroy(context);
}

static void check_refused(struct client client, const char *words)
{
    check_refused_for(client, SSPI_REASON_WRONG_PASSWORD, words);
}

/* The MIC of the client is right as well. Only the domain can have returned its key. */
static void check_granted(struct client client, const char *name)
{
    struct sspi_error_info error_info;
    void *context;
    SECURITY_STATUS st = log_in(&client, &context, &error_info);
    if (st != SEC_E_OK)
        print_message("# %s, %s: %s\n", client.user, client.domain, error_info.text);
    assert_int_equal(st, SEC_E_OK);
    const struct package_info *info = ntlm_package.info(context);
    assert_string_equal(info->name, name);
    assert_string_equal(info->realm, "SSPIAD");
    char sid[SID_TEXT_SIZE];
    sid_write(&info->user_sid, sid);
    assert_int_equal(strncmp(sid, "S-1-5-21-", 9), 0);
    assert_true(sid_list_count(bytes_as_view(&info->groups)) >= 1);
    assert_false(sid_list_contains(bytes_as_view(&info->groups), &info->user_sid));
    ntlm_package.destroy(context);
}

static void the_domain_returns_the_user(void **state)
{
    (void)state;
    check_granted(user("alice"), "SSPIAD\\alice");
    check_granted(user("AlIcE"), "SSPIAD\\alice");
    check_granted(user("j\xc3\xa4s\xc3\xb8n"), "SSPIAD\\j\xc3\xa4s\xc3\xb8n");
    /* The response covers the domain's name in the client's spelling. */
    struct client client = user("alice");
    client.domain = "sspiad";
    check_granted(client, "SSPIAD\\alice");
    client.domain = "ad.sspi.test";
    check_granted(client, "SSPIAD\\alice");
    client.domain = "";
    check_granted(client, "SSPIAD\\alice");
    client.user = "alice@ad.sspi.test";
    check_granted(client, "SSPIAD\\alice");
    /* LDAP ignores blanks at the end of a name. */
    check_granted(user("alice "), "SSPIAD\\alice");
}

static void all_refusals_look_the_same(void **state)
{
    (void)state;
    struct client client = user("alice");
    client.nt_hash = HASH_OF_OTHER;
    check_refused(client, "WRONG_PASSWORD");
    check_refused(user("mallory"), "NO_SUCH_USER");
    check_refused(user("carol"), "ACCOUNT_DISABLED");
    check_refused(user("dave"), "PASSWORD_MUST_CHANGE");
    client = user("alice");
    client.domain = "ELSEWHERE";
    check_refused(client, "NO_SUCH_USER");
}

static void strange_names_are_refused(void **state)
{
    static const char *const names[] = {"alice\\bob", "*", "ali?e", "../alice", "(|(a=b))", "DC$"};
    /* No package accepts control characters in a name, so the domain is not asked. */
    static const char *const controls[] = {"alice\n", "\x01"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        check_refused(user(names[i]), "NT status");
    for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
        check_refused_for(user(controls[i]), SSPI_REASON_BAD_NAME, "control character");
    struct client client = user("alice");
    char longest[STORE_USERS_NAME_LIMIT + 1];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    client.user = longest;
    check_refused(client, "NT status");
    client = user("alice");
    client.domain = longest;
    check_refused(client, "NT status");
}

/* A controller refuses a response that was made for another computer, for example for a relay. */
static void our_own_names_are_those_of_the_domain(void **state)
{
    struct ntlm_winbind_names names;
    (void)state;
    assert_true(ntlm_winbind_names(credential->winbind, &names));
    assert_string_equal(names.nb_computer, "DC");
    assert_string_equal(names.nb_domain, "SSPIAD");
    assert_string_equal(names.dns_domain, "ad.sspi.test");
    /* S-1-5-21-…: the domain, without a relative id. */
    assert_int_equal(names.domain_sid.n_sub, 4);
    assert_int_equal(names.domain_sid.sub[0], 21);
}

/* ---- passwords of Basic ---- */

static SECURITY_STATUS verify(const char *name, const char *password, struct package_info *ret_info,
                              struct sspi_error_info *error_info)
{
    const struct package_password in = {.user = bytes_view(name), .password = bytes_view(password)};
    *error_info = (struct sspi_error_info){0};
    return ntlm_winbind_verify_password(credential->winbind, &in, ret_info, error_info);
}

static void check_verified(const char *name, const char *found)
{
    struct sspi_error_info error_info;
    struct package_info info = {0};
    SECURITY_STATUS st = verify(name, "Password", &info, &error_info);
    if (st != SEC_E_OK)
        print_message("# %s: %s\n", name, error_info.text);
    assert_int_equal(st, SEC_E_OK);
    assert_string_equal(info.name, found);
    assert_string_equal(info.realm, "SSPIAD");
    assert_ptr_equal(info.mechanism, &ntlm_package);
    assert_int_equal(info.user_sid.sub[0], 21);
    assert_true(sid_list_count(bytes_as_view(&info.groups)) >= 1);
    assert_false(sid_list_contains(bytes_as_view(&info.groups), &info.user_sid));
    package_info_clear(&info);
}

static void check_not_verified(const char *name, const char *password, enum sspi_reason reason,
                               const char *words)
{
    struct sspi_error_info error_info;
    struct package_info info = {0};
    SECURITY_STATUS st = verify(name, password, &info, &error_info);
    if (st != SEC_E_LOGON_DENIED || strstr(error_info.text, words) == NULL)
        print_message("# %s: %08x: %s\n", name, (unsigned)st, error_info.text);
    assert_int_equal(st, SEC_E_LOGON_DENIED);
    assert_int_equal(error_info.reason, reason);
    assert_non_null(strstr(error_info.text, words));
    assert_null(info.name);
}

static void a_right_password_gives_the_user_of_the_domain(void **state)
{
    (void)state;
    check_verified("SSPIAD\\alice", "SSPIAD\\alice");
    check_verified("sspiad\\AlIcE", "SSPIAD\\alice");
    check_verified("ad.sspi.test\\alice", "SSPIAD\\alice");
    check_verified("alice", "SSPIAD\\alice");
    check_verified("alice@ad.sspi.test", "SSPIAD\\alice");
    check_verified("alice@AD.SSPI.TEST", "SSPIAD\\alice");
    /* An explicit UPN, which is not the name of the account. */
    check_verified("robert.b@ad.sspi.test", "SSPIAD\\bob");
    check_verified("SSPIAD\\j\xc3\xa4s\xc3\xb8n", "SSPIAD\\j\xc3\xa4s\xc3\xb8n");
}

static void each_refusal_of_a_password_has_its_reason(void **state)
{
    (void)state;
    check_not_verified("alice", "wrong", SSPI_REASON_WRONG_PASSWORD, "NT status");
    check_not_verified("mallory", "Password", SSPI_REASON_WRONG_PASSWORD, "NT status");
    check_not_verified("SSPIAD\\mallory", "Password", SSPI_REASON_WRONG_PASSWORD, "NT status");
    check_not_verified("ELSEWHERE\\alice", "Password", SSPI_REASON_WRONG_PASSWORD, "NT status");
    check_not_verified("alice@elsewhere.test", "Password", SSPI_REASON_WRONG_PASSWORD, "NT status");
    /* The KDC does not say whether an account is disabled or locked. */
    check_not_verified("carol", "Password", SSPI_REASON_ACCOUNT_LOCKED, "ACCOUNT_");
    check_not_verified("carol@ad.sspi.test", "Password", SSPI_REASON_ACCOUNT_LOCKED, "ACCOUNT_");
    check_not_verified("dave", "Password", SSPI_REASON_PASSWORD_EXPIRED, "PASSWORD");
    check_not_verified("alice", "", SSPI_REASON_WRONG_PASSWORD, "empty");
}

/* The domain refuses NTLM to this group, so winbind must have asked the KDC. */
static void users_without_ntlm_log_in_by_their_password(void **state)
{
    struct client client = user("erin");
    (void)state;
    check_refused(client, "NT status");
    check_verified("SSPIAD\\erin", "SSPIAD\\erin");
    check_verified("erin", "SSPIAD\\erin");
    check_verified("erin@ad.sspi.test", "SSPIAD\\erin");
}

/* ---- several logins at the same time ---- */

static void *log_in_often(void *argument)
{
    struct sspi_error_info error_info;
    size_t *n_right = argument;
    for (size_t i = 0; i < LOGINS; i++) {
        void *context;
        struct client client = user(i % 2 == 0 ? "alice" : "bob");
        bool is_wrong = i % 3 == 2;
        client.nt_hash = is_wrong ? HASH_OF_OTHER : HASH_OF_PASSWORD;
        SECURITY_STATUS st = log_in(&client, &context, &error_info);
        const struct package_info *info = ntlm_package.info(context);
        if (is_wrong ? st == SEC_E_LOGON_DENIED
                     : st == SEC_E_OK && strcmp(info->name + 7, client.user) == 0)
            ++*n_right;
        else
            print_message("# %08x: %s\n", (unsigned)st, error_info.text);
        ntlm_package.destroy(context);
    }
    return NULL;
}

static void threads_do_not_mix_their_answers_up(void **state)
{
    pthread_t threads[THREADS];
    size_t n_right[THREADS] = {0};
    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_in_often, &n_right[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(n_right[i], LOGINS);
    }
}

/* A child process must not use the connection of its parent. */
static void processes_do_not_mix_their_answers_up(void **state)
{
    pid_t children[CHILDREN];
    (void)state;
    check_granted(user("alice"), "SSPIAD\\alice");
    for (size_t i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            size_t n_right = 0;
            log_in_often(&n_right);
            _exit(n_right == LOGINS ? 0 : 1);
        }
    }
    check_granted(user("bob"), "SSPIAD\\bob");
    for (size_t i = 0; i < CHILDREN; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    check_granted(user("alice"), "SSPIAD\\alice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_names_are_those_of_the_domain),
        cmocka_unit_test(the_domain_returns_the_user),
        cmocka_unit_test(all_refusals_look_the_same),
        cmocka_unit_test(strange_names_are_refused),
        cmocka_unit_test(a_right_password_gives_the_user_of_the_domain),
        cmocka_unit_test(each_refusal_of_a_password_has_its_reason),
        cmocka_unit_test(users_without_ntlm_log_in_by_their_password),
        cmocka_unit_test(threads_do_not_mix_their_answers_up),
        cmocka_unit_test(processes_do_not_mix_their_answers_up),
    };
    return cmocka_run_group_tests(tests, acquire, release);
}
