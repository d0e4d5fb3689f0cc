/* SPDX-License-Identifier: Apache-2.0 */
/* When sessions end, are renewed, and are too large. */
#include "request_session_fixture.h"

#include "acceptor_directory.h"
#include "acceptor_source.h"
#include "assert_between.h"
#include "request_session_make.h"
#include "sid_list.h"
#include "store_revocations.h"
#include "store_source.h"
#include "store_users.h"

/* A session whose login and cookie are that old. */
static void age(const struct sspi_policy *policy, uint64_t login_s, uint64_t issued_s)
{
    const struct clock *clock = clock_machine();
    uint64_t now_ms = clock->now_ms(clock->self);
    log_in_once(policy);
    open_cookie(policy);
    opened.login_ms = now_ms - login_s * 1000;
    opened.issued_ms = now_ms - issued_s * 1000;
    seal_cookie(policy);
}

static void assert_ended(const struct sspi_policy *policy, const char *why)
{
    assert_true(challenges_and_clears(policy, cookie));
    assert_memory_equal(last_entry.text, "SSPI-162", 8);
    if (strstr(last_entry.text, why) == NULL)
        fail_msg("%s", last_entry.text);
    assert_non_null(strstr(last_entry.text, "Corp\\x5cAlice"));
}

static void a_session_ends_by_time(void **state)
{
    struct sspi_policy policy = session_policy();
    set(&policy, SSPI_OPTION_SESSION_LIFETIME, "1h");
    set(&policy, SSPI_OPTION_SESSION_MAXIMUM, "2h");
    age(&policy, 3590, 3590);
    assert_true(send_cookie(&policy, cookie).has_user);
    age(&policy, 3601, 3601);
    assert_ended(&policy, "no request came");
    age(&policy, 7201, 10);
    assert_ended(&policy, "older than the maximum");
    age(&policy, 10, 10);
    opened.end_ms = opened.issued_ms + 9000;
    seal_cookie(&policy);
    assert_ended(&policy, "its ticket has expired");
    age(&policy, 0, 0);
    opened.issued_ms += 400000;
    seal_cookie(&policy);
    assert_ended(&policy, "compare the clocks");
}

static void a_session_is_renewed_after_half_its_life(void **state)
{
    struct sspi_policy policy = session_policy();
    set(&policy, SSPI_OPTION_SESSION_LIFETIME, "1h");
    age(&policy, 1790, 1790);
    assert_string_equal(send_cookie(&policy, cookie).header, "");
    age(&policy, 1801, 1801);
    struct session_content old = opened;
    uint8_t id[SESSION_CONTENT_ID_LEN];
    memcpy(id, old.id, sizeof(id));
    struct seen seen = send_cookie(&policy, cookie);
    assert_true(seen.has_user);
    snprintf(cookie, sizeof(cookie), "%.*s", (int)strcspn(seen.header, ";"), seen.header);
    open_cookie(&policy);
    assert_memory_equal(opened.id, id, sizeof(id));
    assert_true(opened.login_ms == old.login_ms && opened.end_ms == old.end_ms);
    assert_true(opened.issued_ms - old.issued_ms >= 1801000);
    assert_true(send_cookie(&policy, cookie).has_user);
}

static void one_request_renews_once(void **state)
{
    struct sspi_policy policy = session_policy();
    set(&policy, SSPI_OPTION_SESSION_LIFETIME, "1h");
    age(&policy, 1801, 1801);
    struct sspi_request request = tls_request();
    request.cookies = bytes_view(cookie);
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    struct seen first, second;
    keep(sspi_exchange_step(exchange, &policy, SSPI_VIEW("realm")), &first);
    keep(sspi_exchange_step(exchange, &policy, SSPI_VIEW("realm")), &second);
    assert_string_not_equal(first.header, "");
    assert_string_equal(first.header, second.header);
    sspi_exchange_free(exchange);
}

static void a_logout_ends_the_session_and_its_renewed_cookie(void **state)
{
    struct sspi_policy policy = session_policy();
    struct request_session_facts facts;
    log_in_once(&policy);
    struct sspi_request request = tls_request();
    request.cookies = bytes_view(cookie);
    struct session_cookie_search search = {.rest = request.cookies};
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    assert_true(request_session_next(exchange, &policy, &search, &facts));
    assert_string_equal(facts.name, "Corp\\Alice");
    assert_true(store_revocations_add(acceptor->state, facts.id, facts.login_ms, facts.end_ms));
    sspi_exchange_free(exchange);
    assert_ended(&policy, "logged out");
    open_cookie(&policy);
    opened.issued_ms += 1;
    seal_cookie(&policy);
    assert_ended(&policy, "logged out");
}

static void an_anonymous_answer_removes_the_cookie(void **state)
{
    struct sspi_policy policy = session_policy();
    age(&policy, 90000, 90000);
    set(&policy, SSPI_OPTION_MODE, "optional");
    struct seen seen = send_cookie(&policy, cookie);
    assert_int_equal(seen.status, 0);
    assert_false(seen.has_user);
    assert_true(clears(&seen, NAME));
}

static struct sspi_users *the_users(const struct sspi_policy *policy)
{
    return acceptor_source_find(acceptor->sources, policy, SSPI_OPTION_NTLM_USER_FILE)->users;
}

static void change_users(const struct sspi_policy *policy, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(
        store_source_reload(store_users_source(the_users(policy)), error, sizeof(error)),
        STORE_SOURCE_RELOADED);
}

static void a_session_ends_with_the_line_of_its_user(void **state)
{
    struct sspi_policy policy = session_policy();
    log_in_once(&policy);
    change_users(&policy, "Bob:Corp:NT:" HASH_OF_PASSWORD "\n" ALICE);
    assert_true(send_cookie(&policy, cookie).has_user);
    change_users(&policy, "Bob:Corp:NT:" HASH_OF_PASSWORD "\n");
    assert_ended(&policy, "no longer in the user file");
    change_users(&policy, "Alice:Corp:NT:" HASH_OF_OTHER "\n");
    assert_ended(&policy, "the password of its user was changed");
    change_users(&policy, ALICE);
    assert_true(send_cookie(&policy, cookie).has_user);
}

/* ---- size ---- */

/* Makes the session of a user with that many groups. `octets` then holds its content. */
static size_t make_with_groups(const struct sspi_policy *policy, size_t n_groups)
{
    struct bytes groups = {0};
    struct sid *sids = calloc(n_groups + 1, sizeof(*sids));
    for (size_t i = 0; i < n_groups; i++) {
        assert_true(sid_parse(SSPI_VIEW("S-1-5-21-1-2-3-0"), &sids[i]));
        sids[i].sub[4] = (uint32_t)(1000 + i);
    }
    assert_true(sid_list_make(sids, n_groups, &groups));
    free(sids);
    struct sspi_request request = tls_request();
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    char name[] = "alice@EXAMPLE.COM", target[] = "HTTP/www@EXAMPLE.COM";
    exchange->identity = (struct policy_identity){.scheme = SSPI_SCHEME_NEGOTIATE,
                                                  .mech = SSPI_MECH_KERBEROS,
                                                  .name = name,
                                                  .target = target,
                                                  .target_proven = true,
                                                  .mechanism = "Kerberos",
                                                  .expiry_ms = UINT64_MAX,
                                                  .groups = groups.data,
                                                  .groups_len = groups.len,
                                                  .is_borrowed = true};
    static struct acceptor_source keytab;
    exchange->identity.source = &keytab;
    request_session_make(exchange, policy);
    struct sspi_view line = bytes_as_view(&exchange->session.line);
    size_t len =
        line.len == 0 ? 0 : (size_t)((const char *)memchr(line.data, ';', line.len) - line.data);
    snprintf(cookie, sizeof(cookie), "%.*s", (int)len, line.data);
    if (exchange->result.n_entries > 0)
        last_entry = exchange->result.entries[0];
    sspi_exchange_free(exchange);
    bytes_free(&groups);
    return len == 0 ? 0 : len - strlen(NAME "=");
}

static void groups_that_no_requirement_names_are_dropped_last(void **state)
{
    struct sspi_policy policy = session_policy();
    struct sid named, other;
    assert_true(
        acceptor_directory_add(acceptor->directory, SSPI_VIEW("S-1-5-21-1-2-3-1010"), error));
    assert_true(sid_parse(SSPI_VIEW("S-1-5-21-1-2-3-1010"), &named));
    assert_true(sid_parse(SSPI_VIEW("S-1-5-21-1-2-3-1011"), &other));
    assert_between(make_with_groups(&policy, 600), 3000, REQUEST_SESSION_VALUE_LIMIT);
    open_cookie(&policy);
    assert_false(opened.groups_incomplete);
    assert_int_equal(sid_list_count(opened.groups), 600);
    assert_between(make_with_groups(&policy, 1000), 100, 600);
    open_cookie(&policy);
    assert_true(opened.groups_incomplete);
    assert_int_equal(sid_list_count(opened.groups), 1);
    assert_true(sid_list_contains(opened.groups, &named));
    assert_false(sid_list_contains(opened.groups, &other));
}

static void the_largest_cookie_holds_and_a_larger_one_is_shrunk(void **state)
{
    struct sspi_policy policy = session_policy();
    size_t n = 600;
    while (make_with_groups(&policy, n + 1) > 3000)
        n++;
    assert_between(make_with_groups(&policy, n), REQUEST_SESSION_VALUE_LIMIT - 8,
                   REQUEST_SESSION_VALUE_LIMIT);
}

static void a_session_that_is_too_large_is_not_made(void **state)
{
    struct sspi_policy policy = session_policy();
    char text[SID_TEXT_SIZE];
    for (unsigned i = 0; i < 800; i++) {
        snprintf(text, sizeof(text), "S-1-5-21-1-2-3-%u", 1000 + i);
        assert_true(acceptor_directory_add(acceptor->directory, bytes_view(text), error));
    }
    assert_int_equal(make_with_groups(&policy, 800), 0);
    assert_memory_equal(last_entry.text, "SSPI-164", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_CONNECTION(a_session_ends_by_time),
        ON_A_CONNECTION(a_session_is_renewed_after_half_its_life),
        ON_A_CONNECTION(one_request_renews_once),
        ON_A_CONNECTION(a_logout_ends_the_session_and_its_renewed_cookie),
        ON_A_CONNECTION(an_anonymous_answer_removes_the_cookie),
        ON_A_CONNECTION(a_session_ends_with_the_line_of_its_user),
        ON_A_CONNECTION(groups_that_no_requirement_names_are_dropped_last),
        ON_A_CONNECTION(the_largest_cookie_holds_and_a_larger_one_is_shrunk),
        ON_A_CONNECTION(a_session_that_is_too_large_is_not_made),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
