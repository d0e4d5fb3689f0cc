/* SPDX-License-Identifier: Apache-2.0 */
/* The named groups of a user: from a group file, and from a user database (NSS) that the test
 * plays. */
#include "request_fixture.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "account.h"
#include "krb5_fixture.h"
#include "request_exchange.h"
#include "request_groups.h"
#include "request_local_groups.h"

/* ---- memory ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

static size_t n_to_go; /* allocations until one fails; 0: none fails */
static bool memory_failed;

static bool fails(void)
{
    if (n_to_go == 0 || --n_to_go > 0)
        return false;
    memory_failed = true;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

/* ---- the user database: alice is in 100 (users), 200 (staff) and 300 (no name) ---- */

static struct {
    int account_error, group_error; /* what the lookups return */
    bool has_no_alice;
    gid_t gids[300];
    int n_gids;
    size_t entry_size; /* octets that an entry needs */
    int n_lookups;     /* of accounts */
} nss;

int __wrap_getpwnam_r(const char *name, struct passwd *entry, char *storage, size_t size,
                      struct passwd **ret_found);
int __wrap_getgrouplist(const char *name, gid_t gid, gid_t *groups, int *n_groups);
int __wrap_getgrgid_r(gid_t gid, struct group *entry, char *storage, size_t size,
                      struct group **ret_found);

int __wrap_getpwnam_r(const char *name, struct passwd *entry, char *storage, size_t size,
                      struct passwd **ret_found)
{
    *ret_found = NULL;
    nss.n_lookups++;
    if (nss.account_error != 0)
        return nss.account_error;
    if (size < nss.entry_size)
        return ERANGE;
    if (nss.has_no_alice || (strcmp(name, "Alice") != 0 && strcmp(name, "alice") != 0))
        return 0;
    memset(storage, 'x', size);
    *entry = (struct passwd){.pw_uid = 1000, .pw_gid = 100};
    *ret_found = entry;
    return 0;
}

int __wrap_getgrouplist(const char *name, gid_t gid, gid_t *groups, int *n_groups)
{
    int room = *n_groups;
    assert_int_equal(gid, 100);
    assert_non_null(name);
    *n_groups = nss.n_gids;
    if (nss.n_gids > room)
        return -1;
    memcpy(groups, nss.gids, (size_t)nss.n_gids * sizeof(*groups));
    return nss.n_gids;
}

int __wrap_getgrgid_r(gid_t gid, struct group *entry, char *storage, size_t size,
                      struct group **ret_found)
{
    *ret_found = NULL;
    if (nss.group_error != 0)
        return nss.group_error;
    if (size < nss.entry_size)
        return ERANGE;
    if (gid == 300)
        return 0;
    if (gid == 100 || gid == 101)
        snprintf(storage, size, "users");
    else if (gid == 200)
        snprintf(storage, size, "staff");
    else
        snprintf(storage, size, "group%u", (unsigned)gid);
    *entry = (struct group){.gr_name = storage, .gr_gid = gid};
    *ret_found = entry;
    return 0;
}

static void reset_nss(void)
{
    memset(&nss, 0, sizeof(nss));
    nss.gids[0] = 100;
    nss.gids[1] = 300;
    nss.gids[2] = 200;
    nss.gids[3] = 101;
    nss.n_gids = 4;
}

/* ---- an exchange whose user is verified ---- */

static char group_path[] = "/tmp/request_groups.XXXXXX";
static struct sspi_exchange *exchange;
static struct sspi_request request;
static struct acceptor_source *nt_users;

static int make_exchange(void **state)
{
    reset_nss();
    if (connect_client(state) != 0)
        return -1;
    const struct sspi_policy policy = ntlm_policy();
    nt_users = acceptor_source_find(acceptor->sources, &policy, SSPI_OPTION_NTLM_USER_FILE);
    request = bare_request();
    exchange = sspi_exchange_new(acceptor, &request);
    return exchange != NULL ? 0 : -1;
}

static int end_exchange(void **state)
{
    sspi_exchange_free(exchange);
    return disconnect_client(state);
}

#define ON_AN_EXCHANGE(test) cmocka_unit_test_setup_teardown(test, make_exchange, end_exchange)

static void log_in_as(uint8_t scheme, uint8_t mech, const char *name, const char *realm)
{
    policy_identity_clear(&exchange->identity);
    exchange->identity = (struct policy_identity){.scheme = scheme,
                                                  .mech = mech,
                                                  .name = strdup(name),
                                                  .realm = strdup(realm),
                                                  .source = nt_users};
    assert_non_null(exchange->identity.source);
}

static void ntlm_alice(void)
{
    log_in_as(SSPI_SCHEME_NTLM, SSPI_MECH_NTLM, "Corp\\Alice", "Corp");
}

static struct sspi_policy policy_of(const char *groups)
{
    struct sspi_policy policy = ntlm_policy();
    set(&policy, SSPI_OPTION_GROUPS, groups);
    set(&policy, SSPI_OPTION_GROUP_FILE, group_path);
    open_policy(&policy);
    return policy;
}

static enum sspi_reason find(const struct sspi_policy *policy)
{
    enum sspi_reason reason = request_local_groups_find(exchange, policy);
    if (reason != SSPI_REASON_NONE)
        return reason;
    assert_non_null(exchange->local_groups);
    sspi_job_run(exchange->local_groups);
    return request_local_groups_find(exchange, policy);
}

static void append_name(void *self, struct sspi_view name)
{
    bytes_append_format(self, "[%.*s]", (int)name.len, name.data);
}

static void expect_groups(const struct sspi_policy *policy, const char *names)
{
    BYTES_CLEANUP struct bytes got = {0};
    request_groups_visit(exchange, policy, append_name, &got);
    bytes_append_char(&got, '\0');
    assert_string_equal(got.data, names);
}

static bool has(const struct sspi_policy *policy, const char *name)
{
    return request_groups_has(exchange, policy, bytes_view(name));
}

static const char *last_text(void)
{
    const struct sspi_result *result = &exchange->result;
    assert_int_not_equal(result->n_entries, 0);
    return result->entries[result->n_entries - 1].text;
}

/* ---- tests ---- */

static void each_scheme_finds_its_own_names_in_the_file(void **state)
{
    struct sspi_policy policy = policy_of("file");
    ntlm_alice();
    expect_groups(&policy, "[admins][Staff]");
    assert_true(has(&policy, "staff"));
    assert_false(has(&policy, "digest"));
    log_in_as(SSPI_SCHEME_NEGOTIATE, SSPI_MECH_NTLM, "CORP\\ALICE", "CORP");
    expect_groups(&policy, "[admins][Staff]");
    log_in_as(SSPI_SCHEME_NEGOTIATE, SSPI_MECH_KERBEROS, "alice@" REALM, REALM);
    expect_groups(&policy, "[kerberos]");
    log_in_as(SSPI_SCHEME_NEGOTIATE, SSPI_MECH_KERBEROS, "Alice@" REALM, REALM);
    expect_groups(&policy, "");
    log_in_as(SSPI_SCHEME_DIGEST, SSPI_MECH_NONE, "alice", "realm");
    expect_groups(&policy, "[digest]");
    log_in_as(SSPI_SCHEME_DIGEST, SSPI_MECH_NONE, "alice@" REALM, "realm");
    expect_groups(&policy, "");
    log_in_as(SSPI_SCHEME_DIGEST, SSPI_MECH_NONE, "CORP\\alice", "realm");
    expect_groups(&policy, "");
}

/* A KDC chooses the names of its users. */
static void a_principal_is_never_a_digest_user_of_the_file(void **state)
{
    struct sspi_policy policy = policy_of("file");
    log_in_as(SSPI_SCHEME_NEGOTIATE, SSPI_MECH_KERBEROS, "digest:bob@" REALM, REALM);
    assert_false(has(&policy, "digest"));
    expect_groups(&policy, "");
}

static void only_listed_sources_count(void **state)
{
    struct sspi_policy file = policy_of("file"), local = policy_of("local"),
                       ticket = policy_of("ticket"), both = policy_of("local file");
    ntlm_alice();
    assert_int_equal(find(&both), SSPI_REASON_GRANTED);
    expect_groups(&file, "[admins][Staff]");
    expect_groups(&local, "[staff][users]");
    expect_groups(&ticket, "");
    expect_groups(&both, "[admins][Staff][users]"); /* staff is in both */
    assert_true(has(&both, "users") && has(&both, "admins"));
    assert_true(has(&file, "admins") && !has(&file, "users"));
    assert_true(has(&local, "users") && !has(&local, "admins"));
    assert_false(has(&ticket, "users") || has(&ticket, "admins"));
}

static void local_names_have_case(void **state)
{
    struct sspi_policy local = policy_of("local");
    ntlm_alice();
    assert_int_equal(find(&local), SSPI_REASON_GRANTED);
    assert_true(has(&local, "staff"));
    assert_false(has(&local, "Staff"));
    assert_false(has(&local, "staf"));
    assert_false(has(&local, "staffs"));
    assert_false(has(&local, ""));
    assert_false(request_groups_has(exchange, &local, SSPI_VIEW("staff\0")));
}

static void a_kerberos_user_has_the_account_of_auth_to_local(void **state)
{
    struct sspi_policy local = policy_of("local");
    log_in_as(SSPI_SCHEME_NEGOTIATE, SSPI_MECH_KERBEROS, "alice@" REALM, REALM);
    assert_int_equal(find(&local), SSPI_REASON_GRANTED);
    expect_groups(&local, "[staff][users]");
}

static void expect_no_account(const struct sspi_policy *policy)
{
    nss.n_lookups = 0;
    assert_int_equal(request_local_groups_find(exchange, policy), SSPI_REASON_GRANTED);
    assert_int_equal(nss.n_lookups, 0);
    expect_groups(policy, "");
}

static void others_have_none(void **state)
{
    struct sspi_policy local = policy_of("local");
    log_in_as(SSPI_SCHEME_NTLM, SSPI_MECH_NTLM, "Other\\Alice", "Other");
    expect_no_account(&local);
    log_in_as(SSPI_SCHEME_NTLM, SSPI_MECH_NTLM, "Corp\\@alice", "Corp");
    expect_no_account(&local);
    log_in_as(SSPI_SCHEME_DIGEST, SSPI_MECH_NONE, "alice", "realm");
    expect_no_account(&local);
}

static void principals_without_a_mapping_have_none(void **state)
{
    static const char *const names[] = {"alice@OTHER.TEST", "alice/admin@" REALM,
                                        "al\\/ice@" REALM};
    struct sspi_policy local = policy_of("local");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        log_in_as(SSPI_SCHEME_NEGOTIATE, SSPI_MECH_KERBEROS, names[i], REALM);
        assert_int_equal(find(&local), SSPI_REASON_GRANTED);
        expect_groups(&local, "");
    }
    assert_int_equal(nss.n_lookups, 0);
}

static void an_account_that_does_not_exist_has_none(void **state)
{
    struct sspi_policy local = policy_of("local");
    nss.has_no_alice = true;
    ntlm_alice();
    assert_int_equal(find(&local), SSPI_REASON_GRANTED);
    expect_groups(&local, "");
}

static void a_database_that_cannot_be_read_refuses(void **state)
{
    static const int errors[] = {ENOENT, ESRCH, EIO, ECONNREFUSED, EAGAIN};
    struct sspi_policy local = policy_of("local");
    for (size_t i = 0; i < 2 * sizeof(errors) / sizeof(errors[0]); i++) {
        int error_number = errors[i / 2];
        reset_nss();
        *(i % 2 == 0 ? &nss.account_error : &nss.group_error) = error_number;
        ntlm_alice();
        assert_int_equal(find(&local), SSPI_REASON_LOCAL_GROUPS);
        assert_non_null(strstr(last_text(), "SSPI-153 "));
        assert_non_null(strstr(last_text(), "Corp\\x5cAlice has on this machine "));
        assert_non_null(strstr(last_text(), strerror(error_number)));
        expect_groups(&local, "");
        assert_false(has(&local, "users"));
    }
    /* A later step asks again. */
    reset_nss();
    assert_int_equal(find(&local), SSPI_REASON_GRANTED);
    assert_true(has(&local, "users"));
}

static void a_job_that_did_not_run_refuses(void **state)
{
    struct sspi_policy local = policy_of("local file");
    ntlm_alice();
    assert_int_equal(request_local_groups_find(exchange, &local), SSPI_REASON_NONE);
    assert_false(has(&local, "users"));
    assert_true(has(&local, "admins")); /* of the file */
    assert_int_equal(request_local_groups_find(exchange, &local), SSPI_REASON_LOCAL_GROUPS);
    assert_non_null(strstr(last_text(), "no thread was free"));
    assert_int_equal(nss.n_lookups, 0);
}

static void a_request_asks_once(void **state)
{
    struct sspi_policy local = policy_of("local"), file = policy_of("file");
    ntlm_alice();
    assert_int_equal(find(&local), SSPI_REASON_GRANTED);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(request_local_groups_find(exchange, &local), SSPI_REASON_GRANTED);
        assert_int_equal(request_local_groups_find(exchange, &file), SSPI_REASON_GRANTED);
    }
    assert_int_equal(nss.n_lookups, 1);
}

static void the_groups_of_one_user_are_not_those_of_another(void **state)
{
    struct sspi_policy local = policy_of("local");
    ntlm_alice();
    assert_int_equal(find(&local), SSPI_REASON_GRANTED);
    assert_true(has(&local, "users"));
    log_in_as(SSPI_SCHEME_NTLM, SSPI_MECH_NTLM, "Corp\\bob", "Corp");
    assert_false(has(&local, "users"));
    expect_groups(&local, "");
    assert_int_equal(find(&local), SSPI_REASON_GRANTED);
    expect_groups(&local, "");
    assert_int_equal(nss.n_lookups, 2);
}

static void an_equal_name_of_another_source_is_another_user(void **state)
{
    struct sspi_policy local = policy_of("local");
    ntlm_alice();
    assert_int_equal(find(&local), SSPI_REASON_GRANTED);
    assert_true(has(&local, "users"));
    exchange->identity.source = NULL;
    assert_false(has(&local, "users"));
    assert_int_equal(find(&local), SSPI_REASON_GRANTED);
    assert_false(has(&local, "users"));
    assert_int_equal(nss.n_lookups, 1);
}

static void entries_of_any_size_are_read(void **state)
{
    struct sspi_policy local = policy_of("local");
    nss.entry_size = 1 << 24;
    ntlm_alice();
    assert_int_equal(find(&local), SSPI_REASON_GRANTED);
    expect_groups(&local, "[staff][users]");
}

static void an_entry_over_the_limit_refuses(void **state)
{
    struct sspi_policy local = policy_of("local");
    nss.entry_size = (1 << 24) + 1;
    ntlm_alice();
    assert_int_equal(find(&local), SSPI_REASON_LOCAL_GROUPS);
}

static void an_account_may_be_in_many_groups(void **state)
{
    struct sspi_policy local = policy_of("local");
    nss.n_gids = 300;
    for (int i = 0; i < 300; i++)
        nss.gids[i] = (gid_t)(1000 + i);
    ntlm_alice();
    assert_int_equal(find(&local), SSPI_REASON_GRANTED);
    assert_true(has(&local, "group1000") && has(&local, "group1299") && has(&local, "group1150"));
    assert_false(has(&local, "group1300"));
}

static void an_account_in_too_many_groups_refuses(void **state)
{
    struct sspi_policy local = policy_of("local");
    nss.n_gids = ACCOUNT_GROUPS_LIMIT + 1;
    ntlm_alice();
    assert_int_equal(find(&local), SSPI_REASON_LOCAL_GROUPS);
}

static void no_lookup_begins_after_one_took_too_long(void **state)
{
    struct sspi_policy local = policy_of("local");
    struct acceptor_limiter_slot slot;
    ntlm_alice();
    assert_int_equal(find(&local), SSPI_REASON_GRANTED); /* it has released its slot */
    const struct clock *clock = clock_machine();
    uint64_t now_ms = clock->steady_ms(clock->self);
    assert_int_equal(acceptor_limiter_acquire(acceptor_limiter_of(acceptor, ACCEPTOR_WAIT_NSS),
                                              &slot, now_ms - SSPI_JOB_DEADLINE_MS),
                     ACCEPTOR_LIMITER_ACQUIRED);
    assert_int_equal(request_local_groups_find(exchange, &local), SSPI_REASON_GRANTED);
    log_in_as(SSPI_SCHEME_NTLM, SSPI_MECH_NTLM, "Corp\\bob", "Corp");
    assert_int_equal(request_local_groups_find(exchange, &local), SSPI_REASON_LOCAL_GROUPS);
    assert_non_null(strstr(last_text(), "took too long"));
    acceptor_limiter_release(acceptor_limiter_of(acceptor, ACCEPTOR_WAIT_NSS), &slot, true, now_ms);
    assert_int_equal(find(&local), SSPI_REASON_GRANTED);
}

/* No allocation that fails makes a user lose groups and go on. */
static void memory_that_runs_out_is_500(void **state)
{
    struct sspi_policy local = policy_of("local");
    size_t n = 0;
    nss.n_gids = 300;
    for (int i = 0; i < 300; i++)
        nss.gids[i] = (gid_t)(1000 + i);
    do {
        log_in_as(SSPI_SCHEME_NTLM, SSPI_MECH_NTLM, n % 2 == 0 ? "Corp\\Alice" : "corp\\alice",
                  "Corp");
        memory_failed = false;
        n_to_go = ++n;
        enum sspi_reason reason = find(&local);
        n_to_go = 0;
        assert_int_equal(reason, memory_failed ? SSPI_REASON_INTERNAL : SSPI_REASON_GRANTED);
        assert_int_equal(has(&local, "group1000") && has(&local, "group1299"), !memory_failed);
    } while (memory_failed);
    assert_true(n > 300);
}

/* ---- whole requests ---- */

static void the_step_hands_the_job_out_and_grants_after_it(void **state)
{
    struct sspi_policy ntlm = ntlm_policy(), local = policy_of("local");
    assert_true(log_in(&ntlm).has_user);
    const struct sspi_result *result = sspi_exchange_step(exchange, &local, SSPI_VIEW(""));
    assert_int_equal(result->need, SSPI_NEED_JOB);
    assert_int_equal(result->status, 500);
    sspi_job_run(result->job);
    sspi_job_unref(result->job);
    result = sspi_exchange_step(exchange, &local, SSPI_VIEW(""));
    assert_int_equal(result->need, SSPI_NEED_NONE);
    assert_true(result->has_user);
    assert_true(has(&local, "users"));
    result = sspi_exchange_step(exchange, &local, SSPI_VIEW("")); /* an internal redirect */
    assert_int_equal(result->need, SSPI_NEED_NONE);
    assert_true(result->has_user);
    assert_int_equal(nss.n_lookups, 1);
}

static void the_step_refuses_if_the_job_was_dropped(void **state)
{
    struct sspi_policy ntlm = ntlm_policy(), local = policy_of("local");
    assert_true(log_in(&ntlm).has_user);
    const struct sspi_result *result = sspi_exchange_step(exchange, &local, SSPI_VIEW(""));
    assert_int_equal(result->need, SSPI_NEED_JOB);
    sspi_job_unref(result->job);
    result = sspi_exchange_step(exchange, &local, SSPI_VIEW(""));
    assert_int_equal(result->need, SSPI_NEED_NONE);
    assert_int_equal(result->status, 503);
    assert_false(result->has_user);
    assert_int_equal(result->n_headers, 0);
    result = sspi_exchange_step(exchange, &ntlm, SSPI_VIEW("")); /* which needs no groups */
    assert_true(result->has_user);
}

static void a_refused_client_is_not_looked_up(void **state)
{
    struct sspi_policy local = policy_of("local");
    const struct sspi_result *result = sspi_exchange_step(exchange, &local, SSPI_VIEW(""));
    assert_int_equal(result->need, SSPI_NEED_NONE);
    assert_int_equal(result->status, 401);
    assert_int_equal(nss.n_lookups, 0);
}

static int start(void **state)
{
    write_users(group_path, "Staff: corp\\ALICE\nadmins: CORP\\alice\nkerberos: alice@" REALM
                            "\ndigest: digest:alice digest:bob@" REALM "\nnone: alice Alice\n");
    return krb5_fixture_start() == 0 ? fixture_setup(state) : -1;
}

static int end(void **state)
{
    unlink(group_path);
    return fixture_teardown(state) == 0 ? krb5_fixture_end() : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_AN_EXCHANGE(each_scheme_finds_its_own_names_in_the_file),
        ON_AN_EXCHANGE(a_principal_is_never_a_digest_user_of_the_file),
        ON_AN_EXCHANGE(only_listed_sources_count),
        ON_AN_EXCHANGE(local_names_have_case),
        ON_AN_EXCHANGE(a_kerberos_user_has_the_account_of_auth_to_local),
        ON_AN_EXCHANGE(others_have_none),
        ON_AN_EXCHANGE(principals_without_a_mapping_have_none),
        ON_AN_EXCHANGE(an_account_that_does_not_exist_has_none),
        ON_AN_EXCHANGE(a_database_that_cannot_be_read_refuses),
        ON_AN_EXCHANGE(a_job_that_did_not_run_refuses),
        ON_AN_EXCHANGE(a_request_asks_once),
        ON_AN_EXCHANGE(the_groups_of_one_user_are_not_those_of_another),
        ON_AN_EXCHANGE(an_equal_name_of_another_source_is_another_user),
        ON_AN_EXCHANGE(entries_of_any_size_are_read),
        ON_AN_EXCHANGE(an_entry_over_the_limit_refuses),
        ON_AN_EXCHANGE(an_account_may_be_in_many_groups),
        ON_AN_EXCHANGE(an_account_in_too_many_groups_refuses),
        ON_AN_EXCHANGE(memory_that_runs_out_is_500),
        ON_AN_EXCHANGE(no_lookup_begins_after_one_took_too_long),
        ON_AN_EXCHANGE(the_step_hands_the_job_out_and_grants_after_it),
        ON_AN_EXCHANGE(the_step_refuses_if_the_job_was_dropped),
        ON_AN_EXCHANGE(a_refused_client_is_not_looked_up),
    };
    return cmocka_run_group_tests(tests, start, end);
}
