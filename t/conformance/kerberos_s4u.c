/* SPDX-License-Identifier: Apache-2.0 */
/* The service as a client of a real KDC: its own ticket, and delegation. kerberos_s4u.t makes the
 * realm. MIT's KDC allows S4U2Proxy only with a database in LDAP, so t/ad tests what that grants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <krb5/krb5.h>
#include <pthread.h>
#include <time.h>

#include "kerberos_delegation.h"
#include "kerberos_initiate.h"
#include "kerberos_s4u.h"

#define THREADS 8

#define ALICE "alice@SSPI.TEST"
#define BOB   "bob@SSPI.TEST"
#define HTTP  "HTTP/localhost@SSPI.TEST"

#define BACKEND "HTTP/backend@SSPI.TEST"

static struct sspi_error_info error_info;

/* ---- the clocks of this program; libkrb5 uses the machine's clock ---- */

static time_t step_s;

int __real_clock_gettime(clockid_t id, struct timespec *ret_now);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret_now);

int __wrap_clock_gettime(clockid_t id, struct timespec *ret_now)
{
    int failed = __real_clock_gettime(id, ret_now);
    ret_now->tv_sec += step_s;
    return failed;
}

/* ---- the realm ---- */

static const char *in_realm(const char *name)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/%s", getenv("SSPI_TEST_REALM"), name);
    return path;
}

static void use_conf(const char *name)
{
    assert_int_equal(setenv("KRB5_CONFIG", in_realm(name), 1), 0);
}

static int back_to_the_realm(void **state)
{
    step_s = 0;
    use_conf("krb5.conf");
    return 0;
}

/* The number of tickets that the KDC was asked for in this way so far. */
static size_t n_asked(const char *kind)
{
    char line[2048];
    size_t n = 0;
    FILE *log = fopen(in_realm("kdc.log"), "r");
    assert_non_null(log);
    while (fgets(line, sizeof(line), log) != NULL)
        n += strstr(line, kind) != NULL;
    fclose(log);
    return n;
}

static struct kerberos_service_credential *service_of(const char *keytab_name, const char *client)
{
    char error[SSPI_ERROR_TEXT_SIZE] = "";
    struct sspi_view services[] = {SSPI_VIEW("HTTP/")};
    struct sspi_keytab *keytab = kerberos_keytab_open(in_realm(keytab_name), error, sizeof(error));
    if (keytab == NULL)
        fail_msg("%s", error);
    struct kerberos_service_credential *service =
        kerberos_service_credential_new(keytab, client, services, 1, error, sizeof(error));
    kerberos_keytab_unref(keytab);
    if (service == NULL)
        fail_msg("%s", error);
    return service;
}

static struct kerberos_service_ticket *acquired(struct kerberos_service_credential *service)
{
    struct kerberos_service_ticket *ticket = NULL;
    SECURITY_STATUS status = kerberos_service_credential_acquire(service, &ticket, &error_info);
    if (status != SEC_E_OK)
        fail_msg("%s", error_info.text);
    return ticket;
}

static void expect_client(const char *keytab_name, const char *client, const char *principal)
{
    struct kerberos_service_credential *service = service_of(keytab_name, client);
    struct kerberos_service_ticket *ticket = acquired(service);
    assert_string_equal(ticket->principal, principal);
    kerberos_service_ticket_unref(ticket);
    kerberos_service_credential_unref(service);
}

static void expect_failure(SECURITY_STATUS status, SECURITY_STATUS wanted, enum sspi_reason reason,
                           const char *text)
{
    if (status != wanted || error_info.reason != reason || strstr(error_info.text, text) == NULL)
        fail_msg("status %x, reason %d: %s", (unsigned)status, (int)error_info.reason,
                 error_info.text);
}

static SECURITY_STATUS try_acquire(struct kerberos_service_credential *service)
{
    struct kerberos_service_ticket *ticket = NULL;
    error_info = (struct sspi_error_info){0};
    SECURITY_STATUS status = kerberos_service_credential_acquire(service, &ticket, &error_info);
    kerberos_service_ticket_unref(ticket);
    return status;
}

/* ---- the service's own ticket ---- */

static void the_machine_comes_before_the_service(void **state)
{
    expect_client("machine.keytab", NULL, "WEB$@SSPI.TEST");
    expect_client("http.keytab", NULL, HTTP);
}

static void a_principal_that_the_kdc_refuses_is_passed_over(void **state)
{
    expect_client("ghost.keytab", NULL, HTTP);
}

static void the_named_principal_is_used(void **state)
{
    expect_client("machine.keytab", HTTP, HTTP);
    expect_client("machine.keytab", "HTTP/localhost", HTTP);
}

static void a_principal_without_a_key_is_an_error(void **state)
{
    char error[SSPI_ERROR_TEXT_SIZE] = "";
    struct sspi_keytab *keytab =
        kerberos_keytab_open(in_realm("http.keytab"), error, sizeof(error));
    assert_non_null(keytab);
    assert_null(kerberos_service_credential_new(keytab, "WEB$", NULL, 0, error, sizeof(error)));
    assert_non_null(strstr(error, "has no key for WEB$@SSPI.TEST; it has keys for " HTTP));
    assert_null(kerberos_service_credential_new(keytab, "a@b@c", NULL, 0, error, sizeof(error)));
    assert_non_null(strstr(error, "a@b@c: not the name of a principal"));
    kerberos_keytab_unref(keytab);
}

static void a_refusal_is_remembered_for_a_minute(void **state)
{
    struct kerberos_service_credential *service = service_of("ghost.keytab", "GHOST$");
    size_t before = n_asked("GHOST$");
    for (int i = 0; i < 3; i++)
        expect_failure(try_acquire(service), SEC_E_LOGON_DENIED, SSPI_REASON_NO_DELEGATION,
                       "GHOST$@SSPI.TEST (Client ");
    size_t of_one_try = n_asked("GHOST$") - before;
    assert_true(of_one_try > 0);
    step_s = 61;
    expect_failure(try_acquire(service), SEC_E_LOGON_DENIED, SSPI_REASON_NO_DELEGATION, "GHOST$");
    assert_int_equal(n_asked("GHOST$") - before, 2 * of_one_try);
    kerberos_service_credential_unref(service);
}

static void a_kdc_that_is_away_is_asked_again_after_ten_seconds(void **state)
{
    struct kerberos_service_credential *service = service_of("http.keytab", NULL);
    use_conf("away.conf");
    expect_failure(try_acquire(service), SEC_E_NO_AUTHENTICATING_AUTHORITY,
                   SSPI_REASON_KDC_UNREACHABLE, "the KDC does not answer");
    use_conf("krb5.conf");
    expect_failure(try_acquire(service), SEC_E_NO_AUTHENTICATING_AUTHORITY,
                   SSPI_REASON_KDC_UNREACHABLE, "the KDC does not answer");
    step_s = 11;
    assert_int_equal(try_acquire(service), SEC_E_OK);
    kerberos_service_credential_unref(service);
}

static void a_ticket_is_refreshed_before_its_end(void **state)
{
    struct kerberos_service_credential *service = service_of("http.keytab", NULL);
    struct kerberos_service_ticket *first = acquired(service);
    struct kerberos_service_ticket *second = acquired(service);
    assert_ptr_equal(first, second);
    kerberos_service_ticket_unref(second);

    step_s = 8 * 3600; /* of ten hours */
    use_conf("away.conf");
    second = acquired(service);
    assert_ptr_equal(first, second);
    kerberos_service_ticket_unref(second);

    step_s += 11;
    use_conf("krb5.conf");
    second = acquired(service);
    assert_ptr_not_equal(first, second);
    kerberos_service_ticket_unref(second);
    kerberos_service_ticket_unref(first);

    step_s = 11 * 3600;
    expect_failure(try_acquire(service), SEC_E_TIME_SKEW, SSPI_REASON_KDC_CLOCK, "check NTP");
    kerberos_service_credential_unref(service);
}

static void *acquire_in_thread(void *service)
{
    return acquired(service);
}

static void threads_share_one_ticket(void **state)
{
    struct kerberos_service_credential *service = service_of("http.keytab", NULL);
    pthread_t threads[THREADS];
    void *tickets[THREADS];
    size_t before = n_asked("AS_REQ");
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, acquire_in_thread, service), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], &tickets[i]);
    /* MIT's client is first told to preauthenticate. */
    assert_true(n_asked("AS_REQ") - before <= 2);
    for (size_t i = 0; i < THREADS; i++) {
        assert_ptr_equal(tickets[i], tickets[0]);
        kerberos_service_ticket_unref(tickets[i]);
    }
    kerberos_service_credential_unref(service);
}

/* ---- S4U2Self ---- */

struct evidence {
    struct bytes der;
    uint64_t end_ms;
};

static SECURITY_STATUS self(const char *keytab, const char *user, struct evidence *ret)
{
    struct kerberos_service_credential *service = service_of(keytab, NULL);
    error_info = (struct sspi_error_info){0};
    *ret = (struct evidence){.end_ms = 0};
    SECURITY_STATUS status = kerberos_s4u_self(service, user, &ret->der, &ret->end_ms, &error_info);
    kerberos_service_credential_unref(service);
    return status;
}

/* Decrypts the evidence with the keytab. */
static void expect_evidence(const char *keytab_name, const struct evidence *evidence,
                            const char *client, bool is_forwardable)
{
    krb5_context context;
    krb5_ticket *ticket;
    krb5_keytab keytab;
    char *name;
    krb5_data der = {0, (unsigned)evidence->der.len, evidence->der.data};
    assert_int_equal(krb5_init_context(&context), 0);
    assert_int_equal(krb5_kt_resolve(context, in_realm(keytab_name), &keytab), 0);
    assert_int_equal(krb5_decode_ticket(&der, &ticket), 0);
    assert_int_equal(krb5_server_decrypt_ticket_keytab(context, keytab, ticket), 0);
    assert_int_equal(krb5_unparse_name(context, ticket->enc_part2->client, &name), 0);
    assert_string_equal(name, client);
    assert_int_equal((ticket->enc_part2->flags & TKT_FLG_FORWARDABLE) != 0, is_forwardable);
    assert_int_equal(evidence->end_ms / 1000, (uint32_t)ticket->enc_part2->times.endtime);
    krb5_free_unparsed_name(context, name);
    krb5_free_ticket(context, ticket);
    krb5_kt_close(context, keytab);
    krb5_free_context(context);
}

static void the_evidence_is_a_ticket_of_the_user(void **state)
{
    struct evidence evidence;
    assert_int_equal(self("http.keytab", ALICE, &evidence), SEC_E_OK);
    expect_evidence("http.keytab", &evidence, ALICE, true);
    bytes_free(&evidence.der);
    assert_int_equal(n_asked("PROTOCOL-TRANSITION s4u-client=" ALICE), 1);
}

/* WEB$ has no flag ok_to_auth_as_delegate. MIT's KDC demands it only of a service with targets. */
static void a_service_without_targets_needs_no_flag(void **state)
{
    struct evidence evidence;
    assert_int_equal(self("machine.keytab", ALICE, &evidence), SEC_E_OK);
    expect_evidence("machine.keytab", &evidence, ALICE, true);
    bytes_free(&evidence.der);
}

static SECURITY_STATUS proxy(const char *user, struct sspi_view evidence, const char *target)
{
    struct kerberos_service_credential *service = service_of("http.keytab", NULL);
    uint64_t end_ms = 0;
    error_info = (struct sspi_error_info){0};
    SECURITY_STATUS status = kerberos_s4u_proxy(service, user, evidence, bytes_view(target),
                                                "MEMORY:s4u-test", &end_ms, &error_info);
    kerberos_service_credential_unref(service);
    assert_int_equal(end_ms, 0);
    return status;
}

/* bob's tickets are not forwardable in this realm. */
static void evidence_of_a_protected_user_is_not_forwardable(void **state)
{
    struct evidence evidence;
    assert_int_equal(self("http.keytab", BOB, &evidence), SEC_E_OK);
    expect_evidence("http.keytab", &evidence, BOB, false);
    expect_failure(proxy(BOB, bytes_as_view(&evidence.der), "HTTP/backend"),
                   SEC_E_DELEGATION_POLICY, SSPI_REASON_NO_DELEGATION,
                   "the ticket of bob@SSPI.TEST is not forwardable");
    bytes_free(&evidence.der);
}

static void an_unknown_user_has_no_evidence(void **state)
{
    struct evidence evidence;
    expect_failure(self("http.keytab", "nobody@SSPI.TEST", &evidence), SEC_E_DELEGATION_POLICY,
                   SSPI_REASON_NO_DELEGATION, "does not know the user nobody@SSPI.TEST");
    expect_failure(self("http.keytab", "Alice@SSPI.TEST", &evidence), SEC_E_DELEGATION_POLICY,
                   SSPI_REASON_NO_DELEGATION, "does not know the user Alice@SSPI.TEST");
    assert_int_equal(evidence.der.len, 0);
}

static void only_the_name_of_a_user_has_evidence(void **state)
{
    static const char *const names[] = {"host/localhost@SSPI.TEST",
                                        "alice\\@SSPI.TEST@SSPI.TEST",
                                        "a\\/b@SSPI.TEST",
                                        "@SSPI.TEST",
                                        "alice",
                                        "",
                                        "a@b@c",
                                        "alice\\n@SSPI.TEST",
                                        "alice\n@SSPI.TEST"};
    size_t before = n_asked("TGS_REQ");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct evidence evidence;
        expect_failure(self("http.keytab", names[i], &evidence), SEC_E_INVALID_PARAMETER,
                       SSPI_REASON_NO_DELEGATION, "no delegation for ");
    }
    assert_int_equal(n_asked("TGS_REQ"), before);
}

/* ---- S4U2Proxy ---- */

/* The ticket of alice's own login, from the cache of the environment. */
static void login_evidence(struct bytes *ret)
{
    krb5_context context;
    krb5_ccache cache;
    krb5_creds wanted = {0};
    krb5_creds *creds;
    assert_int_equal(krb5_init_context(&context), 0);
    assert_int_equal(krb5_cc_default(context, &cache), 0);
    assert_int_equal(krb5_cc_get_principal(context, cache, &wanted.client), 0);
    assert_int_equal(krb5_parse_name(context, HTTP, &wanted.server), 0);
    assert_int_equal(krb5_get_credentials(context, 0, cache, &wanted, &creds), 0);
    bytes_append(ret, creds->ticket.data, creds->ticket.length);
    krb5_free_creds(context, creds);
    krb5_free_cred_contents(context, &wanted);
    krb5_cc_close(context, cache);
    krb5_free_context(context);
}

static void the_text_says_why_the_kdc_refuses(void **state)
{
    BYTES_CLEANUP struct bytes login = {0};
    struct evidence trusted;
    login_evidence(&login);
    assert_int_equal(self("http.keytab", ALICE, &trusted), SEC_E_OK);

    expect_failure(proxy(ALICE, bytes_as_view(&login), "HTTP/backend"), SEC_E_DELEGATION_POLICY,
                   SSPI_REASON_NO_DELEGATION, "the ticket of alice@SSPI.TEST is not forwardable");
    expect_failure(proxy(ALICE, bytes_as_view(&trusted.der), "HTTP/backend"),
                   SEC_E_DELEGATION_POLICY, SSPI_REASON_NO_DELEGATION,
                   "does not let HTTP/localhost@SSPI.TEST delegate alice@SSPI.TEST to "
                   "HTTP/backend@SSPI.TEST");
    expect_failure(proxy(ALICE, bytes_as_view(&trusted.der), "HTTP/unknown@SSPI.TEST"),
                   SEC_E_TARGET_UNKNOWN, SSPI_REASON_NO_DELEGATION,
                   "does not know the target HTTP/unknown@SSPI.TEST");
    bytes_free(&trusted.der);
}

static void a_wrong_target_or_evidence_is_refused(void **state)
{
    char long_name[2000];
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    const char *const targets[] = {"", "HTTP/a@b@c", long_name};
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
        expect_failure(proxy(ALICE, SSPI_VIEW("x"), targets[i]), SEC_E_INVALID_PARAMETER,
                       SSPI_REASON_NO_DELEGATION, "the target is not the name of a service");
    assert_int_not_equal(proxy(ALICE, SSPI_VIEW("x"), "HTTP/backend"), SEC_E_OK);
    assert_int_not_equal(proxy(ALICE, SSPI_VIEW(""), "HTTP/backend"), SEC_E_OK);
}

/* ---- the login at the next service ---- */

static SECURITY_STATUS initiate(const char *ccache, const char *client, struct bytes *ret_token)
{
    error_info = (struct sspi_error_info){0};
    return kerberos_initiate_token(ccache, client, BACKEND, ret_token, &error_info);
}

static void expect_token(const char *ccache, const char *client)
{
    BYTES_CLEANUP struct bytes token = {0};
    if (initiate(ccache, client, &token) != SEC_E_OK)
        fail_msg("%s", error_info.text);
    assert_true(token.len > 0);
}

/* Nor does this ask the KDC. */
static void expect_no_token(const char *ccache, const char *client)
{
    BYTES_CLEANUP struct bytes token = {0};
    size_t before = n_asked("_REQ ");
    expect_failure(initiate(ccache, client, &token), SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                   "Kerberos made no token: ");
    assert_int_equal(token.len, 0);
    assert_int_equal(n_asked("_REQ "), before);
}

static void a_cache_logs_only_its_own_client_in(void **state)
{
    const char *ccache = getenv("KRB5CCNAME");
    expect_no_token(ccache, BOB);
    expect_no_token(ccache, "alice@OTHER.TEST");
    expect_token(ccache, ALICE);
    expect_token(ccache, NULL);
    expect_no_token(ccache, BOB);
}

static void the_service_does_not_log_in_instead_of_the_user(void **state)
{
    static const char empty[] = "MEMORY:sspi-test-empty";
    struct kerberos_service_credential *service = service_of("http.keytab", NULL);
    struct kerberos_service_ticket *ticket = acquired(service);
    expect_no_token(ticket->ccache, ALICE);

    /* The default cache is alice's. The default keys are the service's. */
    assert_int_equal(setenv("KRB5_CLIENT_KTNAME", in_realm("http.keytab"), 1), 0);
    expect_no_token(empty, ALICE);
    expect_no_token(empty, HTTP);
    expect_no_token(empty, NULL);
    unsetenv("KRB5_CLIENT_KTNAME");
    kerberos_service_ticket_unref(ticket);
    kerberos_service_credential_unref(service);
}

/* The last test: it ends all tickets of the realm. */
static void a_ticket_that_the_kdc_does_not_accept_is_given_up(void **state)
{
    struct kerberos_service_credential *service = service_of("http.keytab", NULL);
    struct evidence evidence = {.end_ms = 0};
    kerberos_service_ticket_unref(acquired(service));
    assert_int_equal(
        system("kadmin.local -q 'cpw -randkey krbtgt/SSPI.TEST@SSPI.TEST' >/dev/null 2>&1"), 0);

    size_t before = n_asked("AS_REQ");
    for (int i = 0; i < 2; i++)
        assert_int_not_equal(
            kerberos_s4u_self(service, ALICE, &evidence.der, &evidence.end_ms, &error_info),
            SEC_E_OK);
    assert_int_equal(n_asked("AS_REQ"), before);
    step_s = 61;
    assert_int_not_equal(
        kerberos_s4u_self(service, ALICE, &evidence.der, &evidence.end_ms, &error_info), SEC_E_OK);
    assert_int_equal(
        kerberos_s4u_self(service, ALICE, &evidence.der, &evidence.end_ms, &error_info), SEC_E_OK);
    assert_true(n_asked("AS_REQ") > before);
    bytes_free(&evidence.der);
    kerberos_service_credential_unref(service);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_machine_comes_before_the_service, back_to_the_realm),
        cmocka_unit_test_teardown(a_principal_that_the_kdc_refuses_is_passed_over,
                                  back_to_the_realm),
        cmocka_unit_test_teardown(the_named_principal_is_used, back_to_the_realm),
        cmocka_unit_test_teardown(a_principal_without_a_key_is_an_error, back_to_the_realm),
        cmocka_unit_test_teardown(a_refusal_is_remembered_for_a_minute, back_to_the_realm),
        cmocka_unit_test_teardown(a_kdc_that_is_away_is_asked_again_after_ten_seconds,
                                  back_to_the_realm),
        cmocka_unit_test_teardown(a_ticket_is_refreshed_before_its_end, back_to_the_realm),
        cmocka_unit_test_teardown(threads_share_one_ticket, back_to_the_realm),
        cmocka_unit_test_teardown(the_evidence_is_a_ticket_of_the_user, back_to_the_realm),
        cmocka_unit_test_teardown(a_service_without_targets_needs_no_flag, back_to_the_realm),
        cmocka_unit_test_teardown(evidence_of_a_protected_user_is_not_forwardable,
                                  back_to_the_realm),
        cmocka_unit_test_teardown(an_unknown_user_has_no_evidence, back_to_the_realm),
        cmocka_unit_test_teardown(only_the_name_of_a_user_has_evidence, back_to_the_realm),
        cmocka_unit_test_teardown(the_text_says_why_the_kdc_refuses, back_to_the_realm),
        cmocka_unit_test_teardown(a_wrong_target_or_evidence_is_refused, back_to_the_realm),
        cmocka_unit_test_teardown(a_cache_logs_only_its_own_client_in, back_to_the_realm),
        cmocka_unit_test_teardown(the_service_does_not_log_in_instead_of_the_user,
                                  back_to_the_realm),
        cmocka_unit_test_teardown(a_ticket_that_the_kdc_does_not_accept_is_given_up,
                                  back_to_the_realm),
    };
    return cmocka_run_group_tests_name("kerberos_s4u", tests, NULL, NULL);
}
