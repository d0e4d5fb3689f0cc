/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_job.h"

void acceptor_job_init(struct sspi_job *job, void (*run)(struct sspi_job *job),
                       void (*destroy)(struct sspi_job *job))
{
    ref_init(&job->ref);
    atomic_init(&job->state, ACCEPTOR_JOB_NEW);
    job->run = run;
    job->destroy = destroy;
}

enum acceptor_job_state acceptor_job_state(const struct sspi_job *job)
{
    return atomic_load_explicit(&job->state, memory_order_acquire);
}

void sspi_job_run(struct sspi_job *job)
{
    atomic_store_explicit(&job->state, ACCEPTOR_JOB_RUNNING, memory_order_relaxed);
    job->run(job);
    atomic_store_explicit(&job->state, ACCEPTOR_JOB_DONE, memory_order_release);
}

static void destroy(struct sspi_job *job)
{
    job->destroy(job);
}

REF(sspi_job, struct sspi_job, ref, destroy)
