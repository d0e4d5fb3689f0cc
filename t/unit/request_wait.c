/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs that wait for another machine: which requests are refused, and what the log says. */
#include "request_fixture.h"

#include "request_wait.h"

static struct sspi_exchange *exchange;
static int n_runs, n_destroyed;

static void run(struct sspi_job *job)
{
    n_runs++;
}

static void destroy(struct sspi_job *job)
{
    n_destroyed++;
}

static void setup_job(struct sspi_job *job)
{
    acceptor_job_init(job, run, destroy);
}

static int setup(void **state)
{
    const struct sspi_acceptor_config config = {.server = SSPI_SERVER_NGINX, .max_waiting_jobs = 1};
    const struct sspi_request request = bare_request();
    acceptor = sspi_acceptor_new(&config);
    exchange = acceptor == NULL ? NULL : sspi_exchange_new(acceptor, &request);
    n_runs = n_destroyed = 0;
    return exchange == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    sspi_exchange_free(exchange);
    sspi_acceptor_free(acceptor);
    return 0;
}

static void check_line(const char *id, const char *text)
{
    const struct sspi_result *result = &exchange->result;
    assert_int_equal(result->n_entries, 1);
    assert_non_null(strstr(result->entries[0].text, id));
    assert_non_null(strstr(result->entries[0].text, text));
    request_exchange_begin_result(exchange);
}

static void a_job_that_has_run_continues(void **state)
{
    struct sspi_job job;
    setup_job(&job);
    assert_false(sspi_job_waits_for_kdc(&job));
    assert_int_equal(request_wait_begin(exchange, &job, ACCEPTOR_WAIT_KDC), SSPI_REASON_NONE);
    assert_true(sspi_job_waits_for_kdc(&job));
    sspi_job_run(&job);
    assert_int_equal(n_runs, 1);
    assert_int_equal(request_wait_end(exchange, &job, ACCEPTOR_WAIT_KDC), SSPI_REASON_NONE);
    assert_int_equal(exchange->result.n_entries, 0);
    /* It has released its slot. */
    assert_false(acceptor_limiter_is_used(acceptor_limiter_of(acceptor, ACCEPTOR_WAIT_KDC)));
    sspi_job_unref(&job);
    assert_int_equal(n_destroyed, 1);
}

/* The limit of one source does not count for another one, and the line names the source. */
static void a_source_that_is_full_refuses(void **state)
{
    struct sspi_job job, second, other;
    setup_job(&job);
    setup_job(&second);
    setup_job(&other);
    assert_int_equal(request_wait_begin(exchange, &job, ACCEPTOR_WAIT_KDC), SSPI_REASON_NONE);
    assert_int_equal(request_wait_begin(exchange, &second, ACCEPTOR_WAIT_KDC), SSPI_REASON_BUSY);
    check_line("SSPI-152 ", "the KDC is reached");
    assert_int_equal(request_wait_begin(exchange, &other, ACCEPTOR_WAIT_WINBIND), SSPI_REASON_NONE);
    assert_false(sspi_job_waits_for_kdc(&other));
    assert_int_equal(request_wait_begin(exchange, &second, ACCEPTOR_WAIT_WINBIND),
                     SSPI_REASON_BUSY);
    check_line("SSPI-152 ", "the domain controller is reached");
    sspi_job_unref(&job);
    sspi_job_unref(&second);
    sspi_job_unref(&other);
    assert_int_equal(n_destroyed, 3);
}

static void a_job_that_got_no_thread_is_busy(void **state)
{
    struct sspi_job job;
    setup_job(&job);
    assert_int_equal(request_wait_begin(exchange, &job, ACCEPTOR_WAIT_KDC), SSPI_REASON_NONE);
    assert_int_equal(request_wait_end(exchange, &job, ACCEPTOR_WAIT_KDC), SSPI_REASON_BUSY);
    check_line("SSPI-152 ", "the KDC");
    sspi_job_unref(&job);
    assert_false(acceptor_limiter_is_used(acceptor_limiter_of(acceptor, ACCEPTOR_WAIT_KDC)));
}

static void a_job_that_is_left_behind_is_unreachable(void **state)
{
    static const struct {
        enum acceptor_wait wait;
        enum sspi_reason reason;
        const char *id, *text;
    } sources[] = {
        {ACCEPTOR_WAIT_KDC, SSPI_REASON_KDC_UNREACHABLE, "SSPI-154 ", "the KDC did not answer"},
        {ACCEPTOR_WAIT_WINBIND, SSPI_REASON_UNREACHABLE, "SSPI-151 ", "winbind did not answer"},
    };
    for (size_t i = 0; i < 2; i++) {
        struct sspi_job job;
        setup_job(&job);
        assert_int_equal(request_wait_begin(exchange, &job, sources[i].wait), SSPI_REASON_NONE);
        atomic_store(&job.state, ACCEPTOR_JOB_RUNNING);
        assert_int_equal(request_wait_end(exchange, &job, sources[i].wait), sources[i].reason);
        check_line(sources[i].id, sources[i].text);
        sspi_job_unref(&job);
    }
}

static void a_silent_source_refuses_at_once(void **state)
{
    struct sspi_job stuck, job;
    struct acceptor_limiter *kdc = acceptor_limiter_of(acceptor, ACCEPTOR_WAIT_KDC);
    setup_job(&stuck);
    setup_job(&job);
    assert_int_equal(request_wait_begin(exchange, &stuck, ACCEPTOR_WAIT_KDC), SSPI_REASON_NONE);
    assert_false(acceptor_job_is_late(&stuck));
    assert_int_equal(request_wait_for_other(exchange, ACCEPTOR_WAIT_KDC), SSPI_REASON_NONE);
    stuck.slot.began_ms -= SSPI_JOB_DEADLINE_MS;
    assert_true(acceptor_job_is_late(&stuck));
    assert_int_equal(request_wait_begin(exchange, &job, ACCEPTOR_WAIT_KDC),
                     SSPI_REASON_KDC_UNREACHABLE);
    check_line("SSPI-154 ", "the KDC did not answer");
    assert_int_equal(request_wait_for_other(exchange, ACCEPTOR_WAIT_KDC),
                     SSPI_REASON_KDC_UNREACHABLE);
    check_line("SSPI-154 ", "the KDC did not answer");
    assert_int_equal(request_wait_for_other(exchange, ACCEPTOR_WAIT_WINBIND), SSPI_REASON_NONE);
    /* The process ends now, and the thread of the job still runs: nothing is freed under it. */
    sspi_exchange_free(exchange);
    exchange = NULL;
    sspi_acceptor_free(acceptor);
    assert_ptr_equal(acceptor_limiter_of(acceptor, ACCEPTOR_WAIT_KDC), kdc);
    stuck.is_unanswered = true;
    sspi_job_run(&stuck);
    assert_false(acceptor_limiter_is_used(kdc));
    sspi_job_unref(&stuck);
    sspi_job_unref(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_job_that_has_run_continues, setup, teardown),
        cmocka_unit_test_setup_teardown(a_source_that_is_full_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(a_job_that_got_no_thread_is_busy, setup, teardown),
        cmocka_unit_test_setup_teardown(a_job_that_is_left_behind_is_unreachable, setup, teardown),
        cmocka_unit_test_setup_teardown(a_silent_source_refuses_at_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
