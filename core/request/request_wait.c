/* SPDX-License-Identifier: Apache-2.0 */
#include "request_wait.h"

#include "clock.h"

static enum sspi_reason refuse_busy(struct sspi_exchange *exchange, enum acceptor_wait wait)
{
    return request_exchange_log(exchange, SSPI_REASON_BUSY, SEC_E_NO_AUTHENTICATING_AUTHORITY,
                                "the limit of requests that may wait for %s is reached",
                                wait == ACCEPTOR_WAIT_KDC ? "the KDC" : "the domain controller");
}

static enum sspi_reason refuse_silent(struct sspi_exchange *exchange, enum acceptor_wait wait)
{
    const int deadline_s = SSPI_JOB_DEADLINE_MS / 1000;
    if (wait == ACCEPTOR_WAIT_KDC)
        return request_exchange_log(
            exchange, SSPI_REASON_KDC_UNREACHABLE, SEC_E_NO_AUTHENTICATING_AUTHORITY,
            "the KDC did not answer a request within %d seconds; requests that need it are refused "
            "until it may be asked again",
            deadline_s);
    return request_exchange_log(
        exchange, SSPI_REASON_UNREACHABLE, SEC_E_NO_AUTHENTICATING_AUTHORITY,
        "winbind did not answer a login within %d seconds; logins that it verifies are refused "
        "until it may be asked again",
        deadline_s);
}

enum sspi_reason request_wait_begin(struct sspi_exchange *exchange, struct sspi_job *job,
                                    enum acceptor_wait wait)
{
    switch (acceptor_job_acquire(job, acceptor_limiter_of(exchange->acceptor, wait))) {
    case ACCEPTOR_LIMITER_ACQUIRED:
        return SSPI_REASON_NONE;
    case ACCEPTOR_LIMITER_FULL:
        return refuse_busy(exchange, wait);
    case ACCEPTOR_LIMITER_CLOSED:
        break;
    }
    return refuse_silent(exchange, wait);
}

enum sspi_reason request_wait_for_other(struct sspi_exchange *exchange, enum acceptor_wait wait)
{
    return acceptor_limiter_is_silent(acceptor_limiter_of(exchange->acceptor, wait),
                                      clock_machine_steady_ms())
               ? refuse_silent(exchange, wait)
               : SSPI_REASON_NONE;
}

enum sspi_reason request_wait_end(struct sspi_exchange *exchange, const struct sspi_job *job,
                                  enum acceptor_wait wait)
{
    switch (acceptor_job_state(job)) {
    case ACCEPTOR_JOB_DONE:
        return SSPI_REASON_NONE;
    case ACCEPTOR_JOB_NEW:
        return refuse_busy(exchange, wait);
    case ACCEPTOR_JOB_RUNNING:
        break;
    }
    return refuse_silent(exchange, wait);
}
