/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of all jobs: owners, whether the job ran, and its slot of a limiter. */
#ifndef ACCEPTOR_JOB_H
#define ACCEPTOR_JOB_H

#include <stdatomic.h>

#include "acceptor_limiter.h"
#include "bytes.h"
#include "ref.h"
#include "sspi_http.h"

enum acceptor_job_state { ACCEPTOR_JOB_NEW, ACCEPTOR_JOB_RUNNING, ACCEPTOR_JOB_DONE };

/* First member of each kind of job. */
struct sspi_job {
    struct ref ref;
    _Atomic(enum acceptor_job_state) state;
    void (*run)(struct sspi_job *job);
    /* Frees the job. Its state says whether it ran. Called in the thread of the last owner. */
    void (*destroy)(struct sspi_job *job);
    bool is_unanswered;               /* `run` sets it: the other machine did not answer */
    struct acceptor_limiter *limiter; /* NULL: the job has no slot */
    struct acceptor_limiter_slot slot;
};

/* The caller is the first owner. */
void acceptor_job_init(struct sspi_job *job, void (*run)(struct sspi_job *job),
                       void (*destroy)(struct sspi_job *job));

/* Acquires a slot for a job that waits for another machine. The job has it until it has run, or
 * until its last owner ends. At most once for each job. Otherwise the job must not run. */
enum acceptor_limiter_answer acceptor_job_acquire(struct sspi_job *job,
                                                  struct acceptor_limiter *limiter) MUST_USE;

/* True if the job, which has a slot, has timed out. For a `run` whose library does not say whether
 * the other machine answered. */
bool acceptor_job_is_late(const struct sspi_job *job);

/* Once this is ACCEPTOR_JOB_DONE, the caller may read what the run wrote. */
enum acceptor_job_state acceptor_job_state(const struct sspi_job *job);

#endif
