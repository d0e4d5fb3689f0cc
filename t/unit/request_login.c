/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges of several legs on a connection, and persistent logins: the acceptor as adapters call
 * it, with NTLM over a user file. */
#include "request_fixture.h"
#include "acceptor_source.h"
#include "request_count.h"
#include "request_exchange.h"
#include "store_source.h"
#include "store_users.h"

static void a_login_persists_on_its_connection(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    struct seen seen = log_in(&policy);
    assert_true(seen.has_user);
    assert_string_equal(seen.user, "Corp\\Alice");
    assert_string_equal(seen.persistent, "true");
    for (int i = 0; i < 3; i++) {
        seen = get(&policy);
        assert_true(seen.has_user);
        assert_string_equal(seen.user, "Corp\\Alice");
        assert_string_equal(seen.persistent, ""); /* the request had no credentials */
    }
    struct sspi_connection *first = connection;
    connection = sspi_connection_new(acceptor);
    assert_int_equal(get(&policy).status, 401);
    sspi_connection_free(connection);
    connection = first;
}

static struct seen log_in_where_logged(const struct sspi_policy *policy, enum sspi_severity from)
{
    BYTES_CLEANUP struct bytes last = {0}, value = {0};
    begin_login_to(policy, HASH_OF_PASSWORD, "HTTP/localhost", &last);
    write_header(&last, &value);
    struct sspi_request request = bare_request();
    request.authorization = bytes_as_view(&value);
    request.log_from = from;
    return send_request(&request, policy);
}

static void it_is_logged_once_if_the_server_logs_it(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    assert_int_equal(log_in_where_logged(&policy, SSPI_SEVERITY_NOTICE).n_entries, 0);
    assert_int_equal(log_in_where_logged(&policy, SSPI_SEVERITY_INFO).n_entries, 1);
    assert_string_equal(last_entry.text,
                        "SSPI-109: Corp\\x5cAlice logged in by NTLM, NTLM; service: "
                        "HTTP/localhost; channel: not compared");
    struct seen seen = get(&policy);
    assert_true(seen.has_user);
    assert_int_equal(seen.n_entries, 0);
}

static void a_challenge_is_logged_if_the_server_logs_it(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    struct sspi_request request = bare_request();
    assert_int_equal(send_request(&request, &policy).n_entries, 1);
    request.log_from = SSPI_SEVERITY_INFO;
    struct seen seen = send_request(&request, &policy);
    assert_int_equal(seen.status, 401);
    assert_int_equal(seen.n_entries, 0);
}

static void each_policy_checks_it(void **state)
{
    static const struct {
        enum sspi_option option;
        const char *value;
        bool covered;
    } cases[] = {
        {SSPI_OPTION_USER_NAME, "short", true},
        {SSPI_OPTION_CONNECTION_AUTH, "all", true},
        {SSPI_OPTION_CONNECTION_AUTH, "off", false},
        {SSPI_OPTION_NTLM_USER_FILE, other_path, false},
        {SSPI_OPTION_CHANNEL_BINDING, "require", false},
        {SSPI_OPTION_CHANNEL_BINDING, "none", true},
        {SSPI_OPTION_PROXIES, "192.0.2.0/24", false},
        {SSPI_OPTION_PROXIES, "198.51.100.0/24", true},
    };
    struct sspi_policy policy = ntlm_policy();
    assert_true(log_in(&policy).has_user);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sspi_policy inner = sspi_policy_defaults();
        set(&inner, cases[i].option, cases[i].value);
        sspi_policy_merge(&inner, &policy, &inner);
        open_policy(&inner);
        struct seen seen = get(&inner);
        if (seen.has_user != cases[i].covered)
            fail_msg("%s %s: status %u", sspi_option_info(cases[i].option)->name[SSPI_SERVER_NGINX],
                     cases[i].value, seen.status);
    }
    assert_true(get(&policy).has_user); /* the login has not ended */
}

/* Like an internal redirect: one request, and the policies of two locations. */
static void each_location_of_a_request_checks_it(void **state)
{
    struct sspi_policy policy = ntlm_policy(), inner = {0};
    struct sspi_request request = bare_request();
    assert_true(log_in(&policy).has_user);
    set(&inner, SSPI_OPTION_PROXIES, "192.0.2.0/24");
    sspi_policy_merge(&inner, &policy, &inner);
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    assert_non_null(exchange);
    const struct sspi_view realm = SSPI_VIEW("realm");
    assert_true(sspi_exchange_step(exchange, &policy, realm)->has_user);
    assert_int_equal(sspi_exchange_step(exchange, &inner, realm)->status, 401);
    assert_true(sspi_exchange_step(exchange, &policy, realm)->has_user);
    sspi_exchange_free(exchange);
}

static void a_login_that_is_not_accepted_is_anonymous_if_optional(void **state)
{
    struct sspi_policy policy = ntlm_policy(), inner = {0};
    assert_true(log_in(&policy).has_user);
    set(&inner, SSPI_OPTION_MODE, "optional");
    sspi_policy_merge(&inner, &policy, &inner);
    assert_true(get(&inner).has_user);
    set(&inner, SSPI_OPTION_CONNECTION_AUTH, "off");
    struct seen seen = get(&inner);
    assert_int_equal(seen.status, 0);
    assert_false(seen.has_user);
}

static void new_credentials_end_it(void **state)
{
    BYTES_CLEANUP struct bytes last = {0};
    struct sspi_policy policy = ntlm_policy();
    assert_true(log_in(&policy).has_user);
    begin_login(&policy, HASH_OF_OTHER, &last);
    assert_int_equal(get(&policy).status, 401);
    assert_int_equal(get_with(&policy, &last).status, 401);
    assert_non_null(strstr(last_entry.text, "wrong password"));
    assert_int_equal(get(&policy).status, 401);
}

/* As on IIS: credentials of another scheme are not for this module. */
static void a_foreign_scheme_neither_uses_nor_ends_it(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    struct sspi_request request = bare_request();
    assert_true(log_in(&policy).has_user);
    request.authorization = SSPI_VIEW("Basic eDp5");
    assert_int_equal(send_request(&request, &policy).status, 401);
    assert_true(get(&policy).has_user);
}

static void it_ends_with_its_ticket(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    const struct clock *clock = clock_machine();
    assert_true(log_in(&policy).has_user);
    connection->login.expiry_ms = clock->now_ms(clock->self) + 60000;
    assert_true(get(&policy).has_user);
    connection->login.expiry_ms = clock->now_ms(clock->self);
    assert_int_equal(get(&policy).status, 401);
    assert_false(connection->has_login);
}

/* ---- its lifetime, and its line of the user file ---- */

#define ALICE "Alice:Corp:NT:" HASH_OF_PASSWORD "\n"
#define HOUR  UINT64_C(3600000)

static void it_ends_with_its_lifetime(void **state)
{
    struct sspi_policy policy = ntlm_policy(), brief = {0};
    set(&brief, SSPI_OPTION_CONNECTION_LIFETIME, "1h");
    sspi_policy_merge(&brief, &policy, &brief);
    assert_true(log_in(&policy).has_user);
    connection->login_began_ms -= HOUR - 60000;
    assert_true(get(&brief).has_user);
    connection->login_began_ms -= 60000;
    assert_true(get(&policy).has_user);
    assert_int_equal(get(&brief).status, 401);
    assert_false(connection->has_login);
    assert_int_equal(get(&policy).status, 401);
    /* By default it is eight hours. */
    assert_true(log_in(&policy).has_user);
    connection->login_began_ms -= 8 * HOUR - 60000;
    assert_true(get(&policy).has_user);
    connection->login_began_ms -= 60000;
    assert_int_equal(get(&policy).status, 401);
}

static struct sspi_users *the_users(void)
{
    const struct acceptor_source *source = acceptor->sources;
    while (strcmp(source->name, path) != 0)
        source = source->next;
    return source->users;
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void change_users(const char *text)
{
    write_file(text);
    assert_int_equal(store_source_reload(store_users_source(the_users()), error, sizeof error),
                     STORE_SOURCE_RELOADED);
}

static void it_ends_when_its_line_is_gone_or_another(void **state)
{
    static const struct {
        const char *text, *words; /* NULL: it has not ended */
    } all[] = {
        {ALICE, NULL},
        {"# moved\nBob:Corp:NT:" HASH_OF_OTHER "\n" ALICE, NULL},
        {"ALICE:CORP:NT:" HASH_OF_PASSWORD "\n", NULL},
        {"Bob:Corp:NT:" HASH_OF_PASSWORD "\n", "no longer in the user file"},
        {"Alice:Other:NT:" HASH_OF_PASSWORD "\n", "no longer in the user file"},
        {"Alice:Corp:NT:" HASH_OF_OTHER "\n", "password of its user was changed"},
    };
    struct sspi_policy policy = ntlm_policy();
    struct sspi_request request = bare_request();
    request.log_from = SSPI_SEVERITY_INFO;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        change_users(ALICE);
        assert_true(log_in(&policy).has_user);
        change_users(all[i].text);
        struct seen seen = send_request(&request, &policy);
        assert_int_equal(seen.status, all[i].words == NULL ? 0 : 401);
        assert_int_equal(seen.has_user, all[i].words == NULL);
        assert_int_equal(seen.n_entries, all[i].words == NULL ? 0 : 1);
        if (all[i].words != NULL)
            assert_non_null(strstr(last_entry.text, all[i].words));
        change_users(ALICE);
        assert_int_equal(get(&policy).status, seen.status); /* an ended login stays ended */
    }
}

static void no_hash_is_remembered(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    uint8_t hash[NTLM_KEY_LEN];
    assert_true(hex_decode_lower(bytes_view(HASH_OF_PASSWORD), hash, sizeof hash));
    assert_true(log_in(&policy).has_user);
    for (size_t i = 0; i + sizeof hash <= sizeof *connection; i++)
        assert_memory_not_equal((const char *)connection + i, hash, sizeof hash);
    struct acceptor_user_mark ours = connection->login_mark, other;
    static const uint8_t key[ACCEPTOR_USER_MARK_KEY_LEN] = {1};
    assert_true(acceptor_user_mark_take(&acceptor->hashes, key, &connection->login, ours.generation,
                                        &other));
    assert_memory_not_equal(ours.digest, other.digest, sizeof ours.digest);
    sspi_connection_free(connection);
    connection = sspi_connection_new(acceptor);
    assert_true(log_in(&policy).has_user);
    assert_memory_equal(ours.digest, connection->login_mark.digest, sizeof ours.digest);
}

/* The same header at a location that does not offer its scheme, before the file is read. */
static void a_foreign_scheme_does_not_use_up_the_reload(void **state)
{
    BYTES_CLEANUP struct bytes last = {0}, value = {0};
    struct sspi_policy policy = ntlm_policy(), foreign = {0};
    struct sspi_request request = bare_request();
    const struct sspi_view realm = SSPI_VIEW("realm");
    set(&foreign, SSPI_OPTION_PACKAGES, "Negotiate");
    set(&foreign, SSPI_OPTION_MECHANISMS, "kerberos");
    sspi_policy_merge(&foreign, &policy, &foreign);
    begin_login(&policy, HASH_OF_PASSWORD, &last);
    write_header(&last, &value);
    request.authorization = bytes_as_view(&value);
    write_file("# longer than it was\n" ALICE);
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    assert_non_null(exchange);
    const struct sspi_result *result = sspi_exchange_step(exchange, &policy, realm);
    assert_int_equal(result->need, SSPI_NEED_JOB);
    sspi_job_run(result->job);
    sspi_job_unref(result->job);
    assert_int_equal(sspi_exchange_step(exchange, &foreign, realm)->status, 401);
    result = sspi_exchange_step(exchange, &policy, realm);
    assert_true(result->has_user);
    sspi_exchange_free(exchange);
}

/* Otherwise the mark would belong to another line than the one that verified the user. */
static void a_line_that_changed_meanwhile_is_not_marked(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    struct acceptor_user_mark mark;
    uint64_t before = store_users_generation(the_users());
    assert_true(log_in(&policy).has_user);
    assert_true(acceptor_user_mark_take(&acceptor->hashes, acceptor->mark_key, &connection->login,
                                        before, &mark));
    change_users(ALICE);
    assert_false(acceptor_user_mark_take(&acceptor->hashes, acceptor->mark_key, &connection->login,
                                         before, &mark));
}

static void persistent_auth_is_false_if_it_does_not_persist(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    set(&policy, SSPI_OPTION_CONNECTION_AUTH, "off");
    struct seen seen = log_in(&policy);
    assert_true(seen.has_user);
    assert_string_equal(seen.persistent, "false");
    assert_int_equal(get(&policy).status, 401);
}

static void a_login_to_a_forward_proxy_is_another(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    struct sspi_request request = bare_request();
    assert_true(log_in(&policy).has_user);
    request.proxy = true;
    assert_int_equal(send_request(&request, &policy).status, 401);
    assert_true(get(&policy).has_user);
}

static void through_a_proxy_nothing_is_made_or_used(void **state)
{
    BYTES_CLEANUP struct bytes negotiate = {0}, value = {0}, last = {0};
    struct client client = client_alice();
    struct sspi_policy policy = ntlm_policy();
    struct sspi_request request = bare_request();
    assert_true(log_in(&policy).has_user);
    request.forwarded = true;
    struct seen seen = send_request(&request, &policy);
    assert_int_equal(seen.status, 401);
    assert_string_equal(seen.header, ""); /* nothing can be offered */
    client_negotiate(&client, &negotiate);
    bytes_append_text(&value, "NTLM ");
    base64_encode(&value, bytes_as_view(&negotiate));
    request.authorization = bytes_as_view(&value);
    seen = send_request(&request, &policy);
    assert_int_equal(seen.status, 401);
    assert_string_equal(seen.header, "");
    assert_false(connection->has_partial);
    /* A leg through a proxy does not end an exchange that began without the proxy. */
    begin_login(&policy, HASH_OF_PASSWORD, &last);
    assert_true(connection->has_partial);
    bytes_free(&value);
    bytes_append_text(&value, "NTLM ");
    base64_encode(&value, bytes_as_view(&last));
    request.authorization = bytes_as_view(&value);
    assert_int_equal(send_request(&request, &policy).status, 401);
    assert_non_null(strstr(last_entry.text, "SSPI-130"));
    assert_int_equal(get(&policy).status, 401);
}

static void legs_may_not_take_too_long(void **state)
{
    BYTES_CLEANUP struct bytes last = {0}, again = {0};
    struct sspi_policy policy = ntlm_policy();
    begin_login(&policy, HASH_OF_PASSWORD, &last);
    connection->began_ms -= REQUEST_CONNECTION_EXCHANGE_MS - 1000;
    assert_true(get_with(&policy, &last).has_user);
    begin_login(&policy, HASH_OF_PASSWORD, &again);
    connection->began_ms -= REQUEST_CONNECTION_EXCHANGE_MS + 1;
    assert_int_equal(get_with(&policy, &again).status, 401);
    assert_non_null(strstr(last_entry.text, "took too long"));
    assert_false(connection->has_partial);
}

static void a_busy_connection_keeps_no_late_exchange(void **state)
{
    BYTES_CLEANUP struct bytes last = {0};
    struct sspi_policy policy = ntlm_policy();
    begin_login(&policy, HASH_OF_PASSWORD, &last);
    assert_int_equal(get(&policy).status, 401);
    assert_true(connection->has_partial);
    connection->began_ms -= REQUEST_CONNECTION_EXCHANGE_MS + 1;
    assert_int_equal(get(&policy).status, 401);
    assert_false(connection->has_partial);
}

static void ntlm_as_a_scheme_needs_the_mechanism(void **state)
{
    struct sspi_policy policy = sspi_policy_defaults();
    set(&policy, SSPI_OPTION_MODE, "on");
    set(&policy, SSPI_OPTION_PACKAGES, "NTLM");
    assert_false(sspi_acceptor_open(acceptor, &policy, true, false, error));
    assert_string_equal(
        error,
        "sspi_packages lists NTLM, which needs ntlm in sspi_mechanisms: add ntlm, or remove NTLM");
    struct seen seen = get(&policy);
    assert_int_equal(seen.need, SSPI_NEED_NONE);
    assert_int_equal(seen.status, 500);
    assert_non_null(strstr(last_entry.text, "SSPI-210"));
}

/* Packages and the web servers' acceptor share the table of reasons. */
static void a_refusal_has_a_status_whatever_its_reason(void **state)
{
    struct sspi_request request = bare_request();
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    assert_non_null(exchange);
    for (enum sspi_reason i = SSPI_REASON_NONE; i < SSPI_REASON_COUNT; i++) {
        const struct sspi_error_info error_info = {.reason = i, .text = "why"};
        enum sspi_reason plain = request_exchange_refuse(exchange, SEC_E_LOGON_DENIED, &error_info);
        enum sspi_reason token =
            request_exchange_refuse_token(exchange, SEC_E_LOGON_DENIED, &error_info);
        assert_true(request_count_status(plain) >= 400);
        assert_true(request_count_status(token) >= 400);
    }
    sspi_exchange_free(exchange);
}

static void only_a_user_or_an_anonymous_admission_passes(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    struct sspi_request request = bare_request();
    request.authorization = SSPI_VIEW("NTLM AAAA");
    for (enum sspi_reason i = SSPI_REASON_NONE + 1; i < SSPI_REASON_COUNT; i++) {
        if (i == SSPI_REASON_ADMITTED || i == SSPI_REASON_GRANTED)
            continue;
        struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
        assert_non_null(exchange);
        exchange->reason = i;
        const struct sspi_result *result = sspi_exchange_step(exchange, &policy, SSPI_VIEW("r"));
        assert_false(result->has_user);
        assert_true(result->status >= 400);
        sspi_exchange_free(exchange);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_CONNECTION(a_login_persists_on_its_connection),
        ON_A_CONNECTION(it_is_logged_once_if_the_server_logs_it),
        ON_A_CONNECTION(a_challenge_is_logged_if_the_server_logs_it),
        ON_A_CONNECTION(each_policy_checks_it),
        ON_A_CONNECTION(each_location_of_a_request_checks_it),
        ON_A_CONNECTION(a_login_that_is_not_accepted_is_anonymous_if_optional),
        ON_A_CONNECTION(new_credentials_end_it),
        ON_A_CONNECTION(a_foreign_scheme_neither_uses_nor_ends_it),
        ON_A_CONNECTION(it_ends_with_its_ticket),
        ON_A_CONNECTION(it_ends_with_its_lifetime),
        ON_A_CONNECTION(it_ends_when_its_line_is_gone_or_another),
        ON_A_CONNECTION(no_hash_is_remembered),
        ON_A_CONNECTION(a_line_that_changed_meanwhile_is_not_marked),
        ON_A_CONNECTION(a_foreign_scheme_does_not_use_up_the_reload),
        ON_A_CONNECTION(persistent_auth_is_false_if_it_does_not_persist),
        ON_A_CONNECTION(a_login_to_a_forward_proxy_is_another),
        ON_A_CONNECTION(through_a_proxy_nothing_is_made_or_used),
        ON_A_CONNECTION(legs_may_not_take_too_long),
        ON_A_CONNECTION(a_busy_connection_keeps_no_late_exchange),
        ON_A_CONNECTION(ntlm_as_a_scheme_needs_the_mechanism),
        ON_A_CONNECTION(a_refusal_has_a_status_whatever_its_reason),
        ON_A_CONNECTION(only_a_user_or_an_anonymous_admission_passes),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
