/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of all jobs: owners, and whether the job ran. */
#ifndef ACCEPTOR_JOB_H
#define ACCEPTOR_JOB_H

#include <stdatomic.h>

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
};

/* The caller is the first owner. */
void acceptor_job_init(struct sspi_job *job, void (*run)(struct sspi_job *job),
                       void (*destroy)(struct sspi_job *job));

/* Once this is ACCEPTOR_JOB_DONE, the caller may read what the run wrote. */
enum acceptor_job_state acceptor_job_state(const struct sspi_job *job);

#endif
