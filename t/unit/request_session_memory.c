/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that runs out while a session is made, used or removed, at each allocation in turn. A line
 * of Set-Cookie is complete or absent. */
#include "request_session_fixture.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

static size_t n_to_go;     /* allocations until then; 0: none fails */
static bool memory_failed; /* in the last step */

static bool fails(void)
{
    if (n_to_go == 0 || --n_to_go > 0)
        return false;
    memory_failed = true;
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

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

/* What a step under a failing allocation gave. */
struct outcome {
    unsigned status;
    bool has_user;
    char line[SSPI_ERROR_SIZE + REQUEST_SESSION_VALUE_LIMIT]; /* Set-Cookie; empty: none */
};

static struct outcome send_failing(const struct sspi_request *request,
                                   const struct sspi_policy *policy, size_t n)
{
    struct outcome outcome = {0};
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, request);
    assert_non_null(exchange);
    memory_failed = false;
    n_to_go = n;
    const struct sspi_result *result = sspi_exchange_step(exchange, policy, SSPI_VIEW("realm"));
    n_to_go = 0;
    outcome.status = result->status;
    outcome.has_user = result->has_user;
    for (size_t i = 0; i < result->n_headers; i++)
        if (bytes_equal(result->headers[i].name, SSPI_VIEW("Set-Cookie")))
            snprintf(outcome.line, sizeof(outcome.line), "%.*s", (int)result->headers[i].value.len,
                     result->headers[i].value.data);
    sspi_exchange_free(exchange);
    return outcome;
}

static void a_login_that_gets_a_session(void **state)
{
    struct sspi_policy policy = session_policy();
    size_t n = 0;
    do {
        BYTES_CLEANUP struct bytes last = {0}, value = {0};
        struct sspi_request request = tls_request();
        begin_login(&policy, HASH_OF_PASSWORD, &last);
        write_header(&last, &value);
        request.authorization = bytes_as_view(&value);
        struct outcome outcome = send_failing(&request, &policy, ++n);
        assert_true(outcome.has_user || outcome.status >= 400);
        if (outcome.line[0] == '\0')
            continue;
        assert_non_null(strstr(outcome.line, "; HttpOnly; SameSite=Lax"));
        snprintf(cookie, sizeof(cookie), "%.*s", (int)strcspn(outcome.line, ";"), outcome.line);
        assert_true(send_cookie(&policy, cookie).has_user);
    } while (memory_failed);
    assert_true(n > 20);
}

static void a_session_that_is_used(void **state)
{
    struct sspi_policy policy = session_policy();
    log_in_once(&policy);
    struct sspi_request request = tls_request();
    request.cookies = bytes_view(cookie);
    struct outcome outcome;
    size_t n = 0;
    do {
        outcome = send_failing(&request, &policy, ++n);
        assert_true(outcome.has_user || outcome.status >= 400);
    } while (memory_failed);
    assert_true(outcome.has_user);
}

static void a_cookie_that_is_removed(void **state)
{
    struct sspi_policy policy = session_policy();
    log_in_once(&policy);
    cookie[strlen(cookie) - 1] = '\0';
    struct sspi_request request = tls_request();
    request.cookies = bytes_view(cookie);
    struct outcome outcome;
    size_t n = 0;
    do {
        outcome = send_failing(&request, &policy, ++n);
        assert_false(outcome.has_user);
        if (outcome.line[0] != '\0')
            assert_non_null(strstr(outcome.line, "; Max-Age=0"));
    } while (memory_failed);
    assert_int_equal(outcome.status, 401);
    assert_string_not_equal(outcome.line, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_CONNECTION(a_login_that_gets_a_session),
        ON_A_CONNECTION(a_session_that_is_used),
        ON_A_CONNECTION(a_cookie_that_is_removed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
