/* SPDX-License-Identifier: Apache-2.0 */
/* The last good cookie that a connection keeps: when the exchange does not open it again. Every
 * check of a session is made nevertheless. */
#include "request_session_fixture.h"

#include <sys/stat.h>

#include "acceptor_source.h"
#include "acceptor_state.h"
#include "store_revocations.h"
#include "store_source.h"
#include "store_users.h"

enum store_seal_status __real_store_seal_open(struct store_keys *keys,
                                              enum store_key_purpose purpose,
                                              struct sspi_view associated, struct sspi_view sealed,
                                              void *buffer, size_t size, size_t *ret_len);
enum store_seal_status __wrap_store_seal_open(struct store_keys *keys,
                                              enum store_key_purpose purpose,
                                              struct sspi_view associated, struct sspi_view sealed,
                                              void *buffer, size_t size, size_t *ret_len);

static size_t n_openings;

enum store_seal_status __wrap_store_seal_open(struct store_keys *keys,
                                              enum store_key_purpose purpose,
                                              struct sspi_view associated, struct sspi_view sealed,
                                              void *buffer, size_t size, size_t *ret_len)
{
    n_openings++;
    return __real_store_seal_open(keys, purpose, associated, sealed, buffer, size, ret_len);
}

/* The user that the request with this value of Cookie gets must be Alice, after so many openings.
 */
static void assert_user(const struct sspi_policy *policy, const char *value, size_t n)
{
    n_openings = 0;
    struct seen seen = send_cookie(policy, value);
    assert_true(seen.has_user);
    assert_string_equal(seen.user, "Corp\\Alice");
    assert_int_equal(n_openings, n);
}

/* Logs in, and lets the connection keep the cookie. */
static void keep_one(const struct sspi_policy *policy)
{
    log_in_once(policy);
    assert_user(policy, cookie, 1);
    assert_user(policy, cookie, 0);
}

/* ---- what counts as the same cookie ---- */

static void the_same_cookie_is_opened_once(void **state)
{
    char beside[sizeof(cookie) + 64];
    struct sspi_policy policy = session_policy(), optional = session_policy();
    keep_one(&policy);
    snprintf(beside, sizeof(beside), "a=b; %s; c=d", cookie);
    assert_user(&policy, beside, 0);
    set(&optional, SSPI_OPTION_MODE, "optional");
    assert_user(&optional, cookie, 0);
}

static void an_altered_one_is_opened(void **state)
{
    struct sspi_policy policy = session_policy();
    keep_one(&policy);
    for (size_t i = strlen(NAME "=") + 16; i < strlen(cookie); i++) {
        char was = cookie[i];
        cookie[i] = was == 'A' ? 'B' : 'A';
        assert_true(challenges_and_clears(&policy, cookie));
        cookie[i] = was;
    }
    for (size_t len = strlen(cookie); --len > strlen(NAME "=");) {
        char was = cookie[len];
        cookie[len] = '\0';
        assert_true(challenges_and_clears(&policy, cookie));
        cookie[len] = was;
    }
    strcat(cookie, "A");
    assert_true(challenges_and_clears(&policy, cookie));
    cookie[strlen(cookie) - 1] = '\0';
    assert_user(&policy, cookie, 0);
}

static void two_cookies_in_turn_are_told_apart(void **state)
{
    char first[sizeof(cookie)];
    struct sspi_policy policy = session_policy();
    keep_one(&policy);
    strcpy(first, cookie);
    open_cookie(&policy);
    opened.name = SSPI_VIEW("Corp\\Other");
    opened.has_fingerprint = false;
    seal_cookie(&policy);
    for (int i = 0; i < 3; i++) {
        assert_true(send_cookie(&policy, cookie).status == 401); /* its user is in no file */
        assert_user(&policy, first, 0);
    }
    log_in_once(&policy); /* another session of the same user */
    for (int i = 0; i < 3; i++) {
        assert_user(&policy, cookie, 1);
        assert_user(&policy, first, 1);
    }
    assert_user(&policy, first, 0);
}

static void another_host_opens_it(void **state)
{
    struct sspi_policy policy = session_policy();
    keep_one(&policy);
    struct sspi_request request = tls_request();
    request.cookies = bytes_view(cookie);
    request.authority = SSPI_VIEW("other.example.com");
    assert_int_equal(send_request(&request, &policy).status, 401);
    assert_memory_equal(last_entry.text, "SSPI-163", 8);
    request.authority = SSPI_VIEW("www.example.com.");
    assert_true(send_request(&request, &policy).has_user);
    assert_user(&policy, cookie, 0);
}

static void another_name_or_transport_does_not_accept_it(void **state)
{
    char renamed[sizeof(cookie)];
    struct sspi_policy policy = session_policy(), other = session_policy(), plain;
    set(&policy, SSPI_OPTION_SESSION_COOKIE, "same");
    set(&other, SSPI_OPTION_SESSION_COOKIE, "other");
    keep_one(&policy);
    snprintf(renamed, sizeof(renamed), "other%s", strchr(cookie, '='));
    assert_true(challenges_and_clears(&other, renamed));
    plain = policy;
    set(&plain, SSPI_OPTION_SESSION_REQUIRE_TLS, "off");
    struct sspi_request request = tls_request();
    request.cookies = bytes_view(cookie);
    request.tls = false;
    assert_int_equal(send_request(&request, &plain).status, 401);
    assert_user(&policy, cookie, 0);
}

/* ---- keys ---- */

static char key_path[] = "/tmp/opened_cookie.XXXXXX";

static void write_keys(const char *text)
{
    FILE *file = fopen(key_path, "w");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0600), 0);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void read_keys_again(const struct sspi_policy *policy, const char *text)
{
    write_keys(text);
    assert_int_equal(store_source_reload(store_keys_source(acceptor_keys(acceptor, policy)), error,
                                         sizeof(error)),
                     STORE_SOURCE_RELOADED);
}

#define DIGITS  "0123456789abcdef0123456789abcdef"
#define OLD_KEY DIGITS DIGITS "\n"
#define NEW_KEY "ff" DIGITS "0123456789abcdef0123456789abcd\n"

static void other_contents_of_the_keys_open_it(void **state)
{
    struct sspi_policy policy = session_policy();
    int file = mkstemp(key_path);
    assert_true(file >= 0);
    close(file);
    write_keys(OLD_KEY);
    set(&policy, SSPI_OPTION_KEY_FILE, key_path);
    open_policy(&policy);
    keep_one(&policy);
    read_keys_again(&policy, NEW_KEY OLD_KEY);
    assert_user(&policy, cookie, 1);
    assert_user(&policy, cookie, 0);
    read_keys_again(&policy, NEW_KEY);
    assert_false(challenges_and_clears(&policy, cookie)); /* as one of another server */
    read_keys_again(&policy, OLD_KEY);
    assert_user(&policy, cookie, 1);
    unlink(key_path);
}

/* The new keys have the generation of the old ones, and could have their address. */
static void other_keys_open_it(void **state)
{
    struct sspi_policy policy = session_policy();
    void *old = memory;
    keep_one(&policy);
    give_state();
    free(old);
    n_openings = 0;
    assert_false(challenges_and_clears(&policy, cookie));
    assert_int_equal(n_openings, 1);
}

/* ---- the other checks ---- */

static void assert_ended(const struct sspi_policy *policy)
{
    n_openings = 0;
    assert_true(challenges_and_clears(policy, cookie));
    assert_memory_equal(last_entry.text, "SSPI-162", 8);
    assert_int_equal(n_openings, 0);
}

static void a_logout_ends_it(void **state)
{
    struct sspi_policy policy = session_policy();
    keep_one(&policy);
    open_cookie(&policy);
    assert_true(store_revocations_add(acceptor->state, opened.id, opened.login_ms, opened.end_ms));
    assert_ended(&policy);
}

static void time_ends_it(void **state)
{
    const struct clock *clock = clock_machine();
    struct sspi_policy policy = session_policy(), shorter = session_policy();
    log_in_once(&policy);
    open_cookie(&policy);
    opened.login_ms = opened.issued_ms = clock->now_ms(clock->self) - 3000000;
    seal_cookie(&policy);
    assert_user(&policy, cookie, 1);
    set(&shorter, SSPI_OPTION_SESSION_LIFETIME, "10m");
    assert_ended(&shorter);
    set(&shorter, SSPI_OPTION_SESSION_LIFETIME, "1h"); /* half of it has passed */
    struct seen seen = send_cookie(&shorter, cookie);
    assert_true(seen.has_user);
    assert_memory_equal(seen.header, NAME "=", strlen(NAME "="));
    assert_user(&policy, cookie, 0);
}

static void change_users(const struct sspi_policy *policy, const char *text)
{
    struct sspi_users *users =
        acceptor_source_find(acceptor->sources, policy, SSPI_OPTION_NTLM_USER_FILE)->users;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(store_source_reload(store_users_source(users), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
}

static void the_user_file_ends_it(void **state)
{
    struct sspi_policy policy = session_policy();
    keep_one(&policy);
    change_users(&policy, "Alice:Corp:NT:" HASH_OF_OTHER "\n");
    assert_ended(&policy);
    change_users(&policy, ALICE);
    assert_user(&policy, cookie, 0);
}

static void another_audience_ignores_it(void **state)
{
    struct sspi_policy policy = session_policy(), other = session_policy();
    keep_one(&policy);
    set(&other, SSPI_OPTION_SESSION_AUDIENCE, "other");
    assert_false(challenges_and_clears(&other, cookie));
    assert_user(&policy, cookie, 0);
}

static void credentials_beside_it_are_verified(void **state)
{
    BYTES_CLEANUP struct bytes last = {0}, value = {0};
    struct sspi_policy policy = session_policy();
    keep_one(&policy);
    struct sspi_request request = tls_request();
    begin_login(&policy, HASH_OF_OTHER, &last); /* a wrong password */
    write_header(&last, &value);
    request.authorization = bytes_as_view(&value);
    request.cookies = bytes_view(cookie);
    assert_int_equal(send_request(&request, &policy).status, 401);
    assert_string_equal(log_in_with(&policy, cookie).header, ""); /* no new cookie beside it */
}

/* ---- what a connection does not keep ---- */

static void only_a_good_one_is_kept(void **state)
{
    struct sspi_policy policy = session_policy(), other = session_policy();
    log_in_once(&policy);
    assert_null(connection->cookie);
    set(&other, SSPI_OPTION_SESSION_AUDIENCE, "other");
    assert_false(challenges_and_clears(&other, cookie));
    assert_null(connection->cookie);
    open_cookie(&policy);
    assert_true(store_revocations_add(acceptor->state, opened.id, opened.login_ms, opened.end_ms));
    assert_true(challenges_and_clears(&policy, cookie));
    cookie[strlen(cookie) - 1] = '\0';
    assert_true(challenges_and_clears(&policy, cookie));
    assert_null(connection->cookie);
}

static void http2_and_proxies_open_each(void **state)
{
    struct sspi_policy policy = session_policy();
    struct sspi_request request = tls_request();
    log_in_once(&policy);
    request.cookies = bytes_view(cookie);
    request.forwarded = true;
    assert_true(send_request(&request, &policy).has_user);
    assert_null(connection->cookie);
    request.forwarded = false;
    request.connection = NULL;
    n_openings = 0;
    for (int i = 0; i < 3; i++)
        assert_true(send_request(&request, &policy).has_user);
    assert_int_equal(n_openings, 3);
}

/* ---- life ---- */

static struct sspi_exchange *begin(const struct sspi_policy *policy, const char *value)
{
    struct sspi_request request = tls_request();
    request.cookies = bytes_view(value);
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    assert_non_null(exchange);
    assert_true(sspi_exchange_step(exchange, policy, SSPI_VIEW("realm"))->has_user);
    return exchange;
}

static void an_exchange_has_it_longer_than_its_connection(void **state)
{
    char first[sizeof(cookie)];
    struct sspi_policy policy = session_policy();
    keep_one(&policy);
    strcpy(first, cookie);
    struct sspi_exchange *exchange = begin(&policy, first), *parallel = begin(&policy, first);
    log_in_once(&policy);
    assert_user(&policy, cookie, 1); /* takes the place of the first one */
    assert_true(sspi_exchange_user_is(exchange, SSPI_VIEW("Corp\\Alice")));
    assert_true(sspi_exchange_step(parallel, &policy, SSPI_VIEW("realm"))->has_user);
    sspi_connection_free(connection);
    connection = NULL;
    assert_true(sspi_exchange_user_is(exchange, SSPI_VIEW("Corp\\Alice")));
    assert_true(sspi_exchange_user_is(parallel, SSPI_VIEW("Corp\\Alice")));
    sspi_exchange_free(exchange);
    sspi_exchange_free(parallel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_CONNECTION(the_same_cookie_is_opened_once),
        ON_A_CONNECTION(an_altered_one_is_opened),
        ON_A_CONNECTION(two_cookies_in_turn_are_told_apart),
        ON_A_CONNECTION(another_host_opens_it),
        ON_A_CONNECTION(another_name_or_transport_does_not_accept_it),
        ON_A_CONNECTION(other_contents_of_the_keys_open_it),
        ON_A_CONNECTION(other_keys_open_it),
        ON_A_CONNECTION(a_logout_ends_it),
        ON_A_CONNECTION(time_ends_it),
        ON_A_CONNECTION(the_user_file_ends_it),
        ON_A_CONNECTION(another_audience_ignores_it),
        ON_A_CONNECTION(credentials_beside_it_are_verified),
        ON_A_CONNECTION(only_a_good_one_is_kept),
        ON_A_CONNECTION(http2_and_proxies_open_each),
        ON_A_CONNECTION(an_exchange_has_it_longer_than_its_connection),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
