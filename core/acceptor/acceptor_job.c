/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_job.h"

#include "clock.h"

void acceptor_job_init(struct sspi_job *job, void (*run)(struct sspi_job *job),
                       void (*destroy)(struct sspi_job *job))
{
    *job = (struct sspi_job){.run = run, .destroy = destroy};
    ref_init(&job->ref);
    atomic_init(&job->state, ACCEPTOR_JOB_NEW);
}

enum acceptor_job_state acceptor_job_state(const struct sspi_job *job)
{
    return atomic_load_explicit(&job->state, memory_order_acquire);
}

/* ---- the slot ---- */

enum acceptor_limiter_answer acceptor_job_acquire(struct sspi_job *job,
                                                  struct acceptor_limiter *limiter)
{
    enum acceptor_limiter_answer answer =
        acceptor_limiter_acquire(limiter, &job->slot, clock_machine_steady_ms());
    if (answer == ACCEPTOR_LIMITER_ACQUIRED)
        job->limiter = acceptor_limiter_ref(limiter);
    return answer;
}

bool acceptor_job_is_late(const struct sspi_job *job)
{
    return clock_machine_steady_ms() - job->slot.began_ms >= SSPI_JOB_DEADLINE_MS;
}

bool sspi_job_waits_for_kdc(const struct sspi_job *job)
{
    return job->limiter != NULL && acceptor_limiter_wait(job->limiter) == ACCEPTOR_WAIT_KDC;
}

static void leave(struct sspi_job *job, bool answered)
{
    if (job->limiter == NULL)
        return;
    acceptor_limiter_release(job->limiter, &job->slot, answered, clock_machine_steady_ms());
    acceptor_limiter_unref(job->limiter);
    job->limiter = NULL;
}

/* ---- running ---- */

void sspi_job_run(struct sspi_job *job)
{
    atomic_store_explicit(&job->state, ACCEPTOR_JOB_RUNNING, memory_order_relaxed);
    job->run(job);
    leave(job, !job->is_unanswered);
    atomic_store_explicit(&job->state, ACCEPTOR_JOB_DONE, memory_order_release);
}

static void destroy(struct sspi_job *job)
{
    leave(job, false); /* it never ran, so it did not ask */
    job->destroy(job);
}

REF(sspi_job, struct sspi_job, ref, destroy)
