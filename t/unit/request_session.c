/* SPDX-License-Identifier: Apache-2.0 */
/* What a session's cookie is worth: the acceptor as adapters call it, with NTLM over a user file.
 */
#include "request_session_fixture.h"

#include <openssl/crypto.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static size_t n_allocations;

void *__wrap_malloc(size_t size)
{
    n_allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    n_allocations++;
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    n_allocations++;
    return __real_realloc(old, size);
}

static void *count_malloc(size_t size, const char *file, int line)
{
    n_allocations++;
    return __real_malloc(size);
}

static void *count_realloc(void *old, size_t size, const char *file, int line)
{
    n_allocations++;
    return __real_realloc(old, size);
}

static void count_free(void *block, const char *file, int line)
{
    free(block);
}

/* ---- use ---- */

static void a_login_gets_a_cookie_and_the_cookie_a_user(void **state)
{
    struct sspi_policy policy = session_policy();
    struct seen seen = log_in_with(&policy, NULL);
    assert_true(seen.has_user);
    assert_int_equal(strncmp(seen.header, NAME "=", strlen(NAME) + 1), 0);
    assert_non_null(strstr(seen.header, "; Path=/; Secure; HttpOnly; SameSite=Lax"));
    log_in_once(&policy);
    seen = send_cookie(&policy, cookie);
    assert_int_equal(seen.status, 0);
    assert_true(seen.has_user);
    assert_string_equal(seen.user, "Corp\\Alice");
    assert_string_equal(seen.persistent, "");
    assert_string_equal(seen.header, ""); /* no new cookie */
    assert_int_equal(seen.n_entries, 0);  /* no line for each request */
}

static void another_cookie_beside_it_does_not_matter(void **state)
{
    char both[sizeof(cookie) + 64];
    struct sspi_policy policy = session_policy();
    log_in_once(&policy);
    snprintf(both, sizeof(both), "a=b; %s=AAAA; %s; c=d", NAME, cookie);
    struct seen seen = send_cookie(&policy, both);
    assert_true(seen.has_user);
    assert_string_equal(seen.header, "");
}

static void without_the_option_a_cookie_is_nothing(void **state)
{
    struct sspi_policy policy = session_policy(), off = ntlm_policy();
    log_in_once(&policy);
    assert_false(challenges_and_clears(&off, cookie));
    assert_string_equal(log_in_with(&off, NULL).header, "");
}

static void a_session_proves_no_channel(void **state)
{
    struct sspi_policy policy = session_policy();
    log_in_once(&policy);
    struct sspi_request request = tls_request();
    request.cookies = bytes_view(cookie);
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    const struct sspi_result *result = sspi_exchange_step(exchange, &policy, SSPI_VIEW("realm"));
    assert_true(result->has_user);
    assert_string_equal(result->variables[SSPI_VARIABLE_CHANNEL_BOUND].data, "0");
    assert_false(sspi_exchange_is_bound(exchange));
    assert_true(sspi_http_is_private(exchange, NULL, true));
    set(&policy, SSPI_OPTION_CHANNEL_BINDING, "require");
    result = sspi_exchange_step(exchange, &policy, SSPI_VIEW("realm"));
    assert_int_equal(result->status, 401);
    assert_false(result->has_user);
    sspi_exchange_free(exchange);
}

static void a_later_step_checks_the_session_again(void **state)
{
    struct sspi_policy policy = session_policy(), other = session_policy();
    set(&other, SSPI_OPTION_SESSION_AUDIENCE, "other");
    log_in_once(&policy);
    struct sspi_request request = tls_request();
    request.cookies = bytes_view(cookie);
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    assert_true(sspi_exchange_step(exchange, &policy, SSPI_VIEW("realm"))->has_user);
    assert_int_equal(sspi_exchange_step(exchange, &other, SSPI_VIEW("realm"))->status, 401);
    assert_false(sspi_exchange_user_is(exchange, SSPI_VIEW("Corp\\Alice")));
    assert_true(sspi_exchange_step(exchange, &policy, SSPI_VIEW("realm"))->has_user);
    assert_true(sspi_exchange_user_is(exchange, SSPI_VIEW("Corp\\Alice")));
    sspi_exchange_free(exchange);
}

static void a_foreign_scheme_beside_it_is_left_alone(void **state)
{
    struct sspi_policy policy = session_policy();
    log_in_once(&policy);
    struct sspi_request request = tls_request();
    request.authorization = SSPI_VIEW("Bearer abc");
    struct sspi_exchange *exchange;
    assert_int_equal(send_request(&request, &policy).status, 401);
    request.cookies = bytes_view(cookie);
    exchange = sspi_exchange_new(acceptor, &request);
    assert_true(sspi_exchange_step(exchange, &policy, SSPI_VIEW("realm"))->has_user);
    assert_true(sspi_http_is_private(exchange, NULL, false));
    sspi_exchange_free(exchange);
}

static void credentials_beside_it_win(void **state)
{
    BYTES_CLEANUP struct bytes last = {0}, value = {0};
    struct sspi_policy policy = session_policy();
    log_in_once(&policy);
    struct sspi_request request = tls_request();
    begin_login(&policy, HASH_OF_OTHER, &last); /* a wrong password */
    write_header(&last, &value);
    request.authorization = bytes_as_view(&value);
    request.cookies = bytes_view(cookie);
    struct seen seen = send_request(&request, &policy);
    assert_int_equal(seen.status, 401);
    assert_false(seen.has_user);
}

static void a_young_cookie_of_the_same_login_is_kept(void **state)
{
    struct sspi_policy policy = session_policy();
    log_in_once(&policy);
    assert_string_equal(log_in_with(&policy, cookie).header, "");
    assert_string_not_equal(log_in_with(&policy, NAME "=AAAA").header, "");
}

/* The search of an NTLM user, which folds the name, is not a part of it. */
static void opening_a_cookie_allocates_nothing(void **state)
{
    struct sspi_policy policy = session_policy();
    struct sspi_request request = tls_request();
    struct request_session_facts facts;
    log_in_once(&policy);
    request.cookies = bytes_view(cookie);
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    for (int i = 0; i < 3; i++) {
        struct session_cookie_search search = {.rest = request.cookies};
        n_allocations = 0;
        assert_true(request_session_next(exchange, &policy, &search, &facts));
        if (i > 0) /* the first one of a process makes the cipher */
            assert_int_equal(n_allocations, 0);
    }
    sspi_exchange_free(exchange);
}

/* ---- altered cookies ---- */

/* The name of the key stands first. With another name, the cookie is one of another key, which is
 * not removed. */
static void no_altered_octet_is_accepted(void **state)
{
    const size_t key_bits = 8 * STORE_KEYRING_ID_SIZE;
    struct sspi_policy policy = session_policy();
    log_in_once(&policy);
    char *value = strchr(cookie, '=') + 1;
    for (size_t i = 0; i < strlen(value); i++) {
        char was = value[i];
        value[i] = was == 'A' ? 'B' : 'A';
        bool cleared = challenges_and_clears(&policy, cookie);
        if (6 * i + 6 <= key_bits)
            assert_false(cleared);
        if (6 * i >= key_bits) {
            assert_true(cleared);
            assert_memory_equal(last_entry.text, "SSPI-163", 8);
        }
        value[i] = was;
    }
    assert_true(send_cookie(&policy, cookie).has_user);
}

static void no_cut_cookie_is_accepted(void **state)
{
    struct sspi_policy policy = session_policy();
    log_in_once(&policy);
    size_t start = strlen(NAME "=");
    for (size_t len = strlen(cookie) - 1; len > start; len--) {
        cookie[len] = '\0';
        assert_true(challenges_and_clears(&policy, cookie));
    }
}

static void a_cookie_of_any_length_is_read(void **state)
{
    static char longest[sizeof(NAME "=") + REQUEST_SESSION_VALUE_LIMIT + 2];
    struct sspi_policy policy = session_policy();
    strcpy(longest, NAME "=");
    memset(longest + strlen(NAME "="), 'A', REQUEST_SESSION_VALUE_LIMIT);
    assert_false(challenges_and_clears(&policy, longest)); /* another key */
    longest[strlen(longest)] = 'A';
    assert_true(challenges_and_clears(&policy, longest));
    assert_true(challenges_and_clears(&policy, NAME "=a,b"));
    assert_true(challenges_and_clears(&policy, NAME "="));
}

static void a_cookie_counts_only_at_its_host(void **state)
{
    struct sspi_policy policy = session_policy();
    log_in_once(&policy);
    struct sspi_request request = tls_request();
    request.cookies = bytes_view(cookie);
    request.authority = SSPI_VIEW("WWW.Example.com.:8443");
    assert_true(send_request(&request, &policy).has_user);
    request.authority = SSPI_VIEW("other.example.com");
    assert_int_equal(send_request(&request, &policy).status, 401);
    assert_memory_equal(last_entry.text, "SSPI-163", 8);
    request.authority = (struct sspi_view){NULL, 0};
    assert_int_equal(send_request(&request, &policy).status, 401);
}

static void a_cookie_counts_only_under_its_name(void **state)
{
    char renamed[sizeof(cookie)];
    struct sspi_policy policy = session_policy(), other = session_policy();
    set(&other, SSPI_OPTION_SESSION_COOKIE, "other");
    log_in_once(&policy);
    snprintf(renamed, sizeof(renamed), "other%s", strchr(cookie, '='));
    assert_true(challenges_and_clears(&other, renamed));
}

static void a_cookie_of_another_key_is_not_removed(void **state)
{
    struct sspi_policy policy = session_policy();
    void *old = memory;
    log_in_once(&policy);
    give_state();
    free(old);
    assert_false(challenges_and_clears(&policy, cookie));
}

static void a_cookie_over_plain_http_never_counts_over_tls(void **state)
{
    struct sspi_policy policy = session_policy();
    set(&policy, SSPI_OPTION_SESSION_COOKIE, "same");
    log_in_once(&policy);
    struct sspi_request request = tls_request();
    request.cookies = bytes_view(cookie);
    request.tls = false;
    assert_int_equal(send_request(&request, &policy).status, 401); /* no session there */
    set(&policy, SSPI_OPTION_SESSION_REQUIRE_TLS, "off");
    struct seen seen = send_request(&request, &policy);
    assert_int_equal(seen.status, 401);
    assert_int_equal(seen.n_entries, 0);
    request.tls = true;
    assert_true(send_request(&request, &policy).has_user);
}

static void a_plain_connection_gets_a_cookie_only_if_configured(void **state)
{
    BYTES_CLEANUP struct bytes last = {0}, value = {0};
    struct sspi_policy policy = session_policy();
    struct sspi_request request = tls_request();
    request.tls = false;
    begin_login(&policy, HASH_OF_PASSWORD, &last);
    write_header(&last, &value);
    request.authorization = bytes_as_view(&value);
    assert_string_equal(send_request(&request, &policy).header, "");
    bytes_free(&last);
    bytes_free(&value);
    set(&policy, SSPI_OPTION_SESSION_REQUIRE_TLS, "off");
    begin_login(&policy, HASH_OF_PASSWORD, &last);
    write_header(&last, &value);
    request.authorization = bytes_as_view(&value);
    struct seen seen = send_request(&request, &policy);
    assert_int_equal(strncmp(seen.header, "sspi=", 5), 0);
    assert_null(strstr(seen.header, "Secure"));
}

/* ---- audience ---- */

static void another_user_file_is_another_audience(void **state)
{
    struct sspi_policy policy = session_policy(), other = session_policy();
    set(&other, SSPI_OPTION_NTLM_USER_FILE, other_path);
    open_policy(&other);
    log_in_once(&policy);
    assert_false(challenges_and_clears(&other, cookie));
}

static void a_configured_audience_joins_locations(void **state)
{
    struct sspi_policy policy = session_policy(), other = session_policy();
    set(&policy, SSPI_OPTION_SESSION_AUDIENCE, "intranet");
    set(&other, SSPI_OPTION_NTLM_USER_FILE, other_path);
    set(&other, SSPI_OPTION_SESSION_AUDIENCE, "intranet");
    open_policy(&other);
    log_in_once(&policy);
    assert_true(send_cookie(&other, cookie).has_user); /* the line is the same there */
}

int main(void)
{
    if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1)
        return 1;
    const struct CMUnitTest tests[] = {
        ON_A_CONNECTION(a_login_gets_a_cookie_and_the_cookie_a_user),
        ON_A_CONNECTION(another_cookie_beside_it_does_not_matter),
        ON_A_CONNECTION(without_the_option_a_cookie_is_nothing),
        ON_A_CONNECTION(a_session_proves_no_channel),
        ON_A_CONNECTION(a_later_step_checks_the_session_again),
        ON_A_CONNECTION(a_foreign_scheme_beside_it_is_left_alone),
        ON_A_CONNECTION(credentials_beside_it_win),
        ON_A_CONNECTION(a_young_cookie_of_the_same_login_is_kept),
        ON_A_CONNECTION(opening_a_cookie_allocates_nothing),
        ON_A_CONNECTION(no_altered_octet_is_accepted),
        ON_A_CONNECTION(no_cut_cookie_is_accepted),
        ON_A_CONNECTION(a_cookie_of_any_length_is_read),
        ON_A_CONNECTION(a_cookie_counts_only_at_its_host),
        ON_A_CONNECTION(a_cookie_counts_only_under_its_name),
        ON_A_CONNECTION(a_cookie_of_another_key_is_not_removed),
        ON_A_CONNECTION(a_cookie_over_plain_http_never_counts_over_tls),
        ON_A_CONNECTION(a_plain_connection_gets_a_cookie_only_if_configured),
        ON_A_CONNECTION(another_user_file_is_another_audience),
        ON_A_CONNECTION(a_configured_audience_joins_locations),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
