/* SPDX-License-Identifier: Apache-2.0 */
/* Limits how many jobs may wait for another machine at the same time. After that machine did not
 * answer in time, no job may wait for it for a while.
 *
 * Each source has a limiter with slots of its own, and each slot is a thread of its own. httpd
 * makes a thread for each job. nginx has one pool of threads for the KDC and one for all other
 * jobs. So a silent KDC can only use up its own slots, and the logins of all other sources go on. A
 * slot is held until the job ends, although the request left it behind at its deadline: MIT's
 * library waits for a silent KDC for about 27 s. While a KDC is silent,
 *
 *   0 s    at most `limit` jobs wait; further ones are refused at once (FULL)
 *   10 s   the first job times out: CLOSED for 10 s
 *   20 s   one job, the probe, asks whether the machine answers again; all others are refused at
 *          once until the probe has an answer (open again), or times out (CLOSED for 10 s again)
 *
 * After the first time-out one job begins every 20 s, so at most two of these wait at any time. */
#ifndef ACCEPTOR_LIMITER_H
#define ACCEPTOR_LIMITER_H

#include "bytes.h"
#include "sspi_http.h"

/* For this long after a time-out the limiter gives no slot. A job that has its slot for
 * SSPI_JOB_DEADLINE_MS has timed out. */
#define ACCEPTOR_LIMITER_CLOSED_MS 10000

/* The sources for which jobs wait. */
enum acceptor_wait {
    ACCEPTOR_WAIT_WINBIND, /* and the domain controller behind it */
    ACCEPTOR_WAIT_KDC,
    ACCEPTOR_WAIT_NSS, /* the accounts of this machine, which another machine may have */
    ACCEPTOR_N_WAITS
};

struct acceptor_limiter;

/* A member of the job. */
struct acceptor_limiter_slot {
    struct acceptor_limiter_slot *next;
    uint64_t began_ms;
    bool is_late; /* the limiter has counted its time-out */
};

enum acceptor_limiter_answer {
    ACCEPTOR_LIMITER_ACQUIRED,
    ACCEPTOR_LIMITER_FULL,  /* the limit of waiting jobs is reached */
    ACCEPTOR_LIMITER_CLOSED /* a job timed out, and since then the machine gave no answer */
};

/* `limit`: number of slots; 0: any number. NULL: no memory. */
struct acceptor_limiter *acceptor_limiter_new(enum acceptor_wait wait, unsigned limit) MUST_USE;

/* See ref.h. All functions of this file are thread-safe. */
struct acceptor_limiter *acceptor_limiter_ref(struct acceptor_limiter *limiter);
void acceptor_limiter_unref(struct acceptor_limiter *limiter);

/* The source that its jobs wait for. */
enum acceptor_wait acceptor_limiter_wait(const struct acceptor_limiter *limiter);

/* True if a job has a slot. */
bool acceptor_limiter_is_used(struct acceptor_limiter *limiter);

/* True if a job timed out and the machine gave no answer since then, so that no other job has to
 * wait for the answer to an earlier one. */
bool acceptor_limiter_is_silent(struct acceptor_limiter *limiter, uint64_t now_ms);

/* Acquires a slot. ACCEPTOR_LIMITER_ACQUIRED: `slot` must exist until acceptor_limiter_release().
 * Times are those of a clock that is never set back. Does not wait for a free slot. */
enum acceptor_limiter_answer acceptor_limiter_acquire(struct acceptor_limiter *limiter,
                                                      struct acceptor_limiter_slot *slot,
                                                      uint64_t now_ms) MUST_USE;

/* Releases the slot. `answered`: the other machine answered, also if it refused. False: it did not,
 * or was not asked. */
void acceptor_limiter_release(struct acceptor_limiter *limiter, struct acceptor_limiter_slot *slot,
                              bool answered, uint64_t now_ms);

#endif
