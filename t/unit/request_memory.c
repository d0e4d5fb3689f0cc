/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that runs out within a step, at each allocation in turn. The status is 500 with a log
 * entry that says so, or the step continues without that memory. */
#include "request_fixture.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);

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

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n)
{
    return fails() ? NULL : __real_strndup(text, n);
}

/* The n-th allocation of the step fails. A log entry says that the server failed. */
static struct seen send_failing(const struct sspi_request *request,
                                const struct sspi_policy *policy, size_t n)
{
    struct seen seen;
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, request);
    assert_non_null(exchange);
    memory_failed = false;
    n_to_go = n;
    const struct sspi_result *result = sspi_exchange_step(exchange, policy, SSPI_VIEW("realm"));
    n_to_go = 0;
    keep(result, &seen);
    sspi_exchange_free(exchange);
    assert_int_not_equal(seen.status, 0);
    if (seen.need == SSPI_NEED_NONE && seen.status == 500) {
        assert_int_not_equal(seen.n_entries, 0);
        assert_memory_equal(last_entry.text, "SSPI-220 SEC_E_IN", 17);
    }
    return seen;
}

static void a_service_that_is_refused(void **state)
{
    struct sspi_policy policy = ntlm_policy();
    set(&policy, SSPI_OPTION_SERVICE_NAME, "HTTP/other.test");
    struct seen seen = {0};
    size_t n = 0;
    do {
        BYTES_CLEANUP struct bytes last = {0}, value = {0};
        begin_login_to(&policy, HASH_OF_PASSWORD, "HTTP/localhost", &last);
        write_header(&last, &value);
        struct sspi_request request = bare_request();
        request.authorization = bytes_as_view(&value);
        seen = send_failing(&request, &policy, ++n);
    } while (memory_failed);
    assert_int_equal(seen.status, 401);
    assert_non_null(strstr(last_entry.text, "SSPI-112")); /* WRONG_SERVICE */
    assert_true(n > 10);
}

static void a_lookup_of_a_user(void **state)
{
    struct sspi_policy policy = sspi_policy_defaults();
    set(&policy, SSPI_OPTION_MODE, "on");
    set(&policy, SSPI_OPTION_PACKAGES, "Digest");
    set(&policy, SSPI_OPTION_DIGEST_PROVIDER, "any");
    struct seen seen = get(&policy);
    const char *nonce = strstr(seen.header, "nonce=\"");
    assert_non_null(nonce);
    char value[512];
    snprintf(value, sizeof value,
             "Digest username=\"alice\", realm=\"realm\", %.*s\", uri=\"/\", qop=auth, "
             "nc=00000001, cnonce=\"c\", response=\"0123456789abcdef0123456789abcdef\"",
             (int)(7 + strcspn(nonce + 7, "\"")), nonce);
    struct sspi_request request = bare_request();
    request.authorization = bytes_view(value);
    size_t n = 0;
    do {
        seen = send_failing(&request, &policy, ++n);
    } while (memory_failed);
    assert_int_equal(seen.need, SSPI_NEED_HASH);
    assert_true(n > 3); /* each of the three allocations has failed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_CONNECTION(a_service_that_is_refused),
        ON_A_CONNECTION(a_lookup_of_a_user),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
