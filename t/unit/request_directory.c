/* SPDX-License-Identifier: Apache-2.0 */
/* The step that finds that names of groups are due. No directory answers here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "acceptor.h"
#include "clock.h"

static struct sspi_acceptor *acceptor;
static struct sspi_policy policy;

static void ignore(void *self, enum sspi_reason reason, const char *text)
{
    (void)self;
    (void)reason;
    (void)text;
}

static int set_up(void **state)
{
    const struct sspi_acceptor_config config = {.server = SSPI_SERVER_NGINX};
    char error[SSPI_ERROR_SIZE];
    (void)state;
    policy = sspi_policy_defaults();
    acceptor = sspi_acceptor_new(&config);
    return acceptor == NULL ||
           !acceptor_directory_add(acceptor->directory, SSPI_VIEW("NO.SUCH.DOMAIN\\admins"), error);
}

static int tear_down(void **state)
{
    (void)state;
    sspi_acceptor_free(acceptor);
    return 0;
}

/* Looks the name up, as if it had been `ago_ms` ago. */
static void start(uint64_t ago_ms)
{
    const struct clock *clock = clock_machine();
    acceptor_directory_start(acceptor->directory, clock->steady_ms(clock->self) - ago_ms, ignore,
                             NULL);
}

static struct sspi_exchange *begin(void)
{
    const struct sspi_request request = {.method = SSPI_VIEW("GET"), .target = SSPI_VIEW("/")};
    struct sspi_exchange *exchange = sspi_exchange_new(acceptor, &request);
    assert_non_null(exchange);
    return exchange;
}

static const struct sspi_result *step(struct sspi_exchange *exchange)
{
    return sspi_exchange_step(exchange, &policy, (struct sspi_view){NULL, 0});
}

static void one_request_hands_out_the_lookup_and_no_request_waits_for_it(void **state)
{
    struct sspi_exchange *first = begin(), *second = begin();
    (void)state;
    start(ACCEPTOR_DIRECTORY_INTERVAL_MS);
    const struct sspi_result *result = step(first);
    assert_int_equal(result->need, SSPI_NEED_JOB);
    assert_true(result->in_background);
    assert_int_equal(result->status, 500); /* while there is a need */
    struct sspi_job *job = result->job;
    assert_int_equal(step(second)->status, 401);
    result = step(first); /* before the job runs */
    assert_int_equal(result->need, SSPI_NEED_NONE);
    assert_int_equal(result->status, 401);
    sspi_exchange_free(first);
    sspi_exchange_free(second);
    sspi_acceptor_free(acceptor);
    acceptor = NULL;
    sspi_job_run(job);
    sspi_job_unref(job);
}

static void a_job_that_no_thread_ran_is_handed_out_again(void **state)
{
    struct sspi_exchange *exchange = begin();
    (void)state;
    start(ACCEPTOR_DIRECTORY_INTERVAL_MS);
    for (int i = 0; i < 2; i++) {
        const struct sspi_result *result = step(exchange);
        assert_int_equal(result->need, SSPI_NEED_JOB);
        sspi_job_unref(result->job);
    }
    sspi_exchange_free(exchange);
}

static void no_lookup_is_due_right_after_the_start(void **state)
{
    struct sspi_exchange *exchange = begin();
    (void)state;
    assert_int_equal(step(exchange)->need, SSPI_NEED_NONE);
    start(0);
    assert_int_equal(step(exchange)->need, SSPI_NEED_NONE);
    sspi_exchange_free(exchange);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            one_request_hands_out_the_lookup_and_no_request_waits_for_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_job_that_no_thread_ran_is_handed_out_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_lookup_is_due_right_after_the_start, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
