/* SPDX-License-Identifier: Apache-2.0 */
/* What all jobs have in common: holders, and whether they ran. */
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
    /* Frees it; its state tells whether it ran. In whatever thread let go of it last. */
    void (*destroy)(struct sspi_job *job);
};

/* One holder: the caller. */
void acceptor_job_init(struct sspi_job *job, void (*run)(struct sspi_job *job),
                       void (*destroy)(struct sspi_job *job));

/* What the run has left is there to read when this is DONE. */
enum acceptor_job_state acceptor_job_state(const struct sspi_job *job);

#endif
