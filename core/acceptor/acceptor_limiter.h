/* SPDX-License-Identifier: Apache-2.0 */
/* Limits how many jobs may wait for another machine at the same time. After that machine did not
 * answer in time, no job may wait for it for a while. */
#ifndef ACCEPTOR_LIMITER_H
#define ACCEPTOR_LIMITER_H

#include "bytes.h"

/* A job that has its slot for longer has timed out. */
#define ACCEPTOR_LIMITER_TIMEOUT_MS 5000
/* For this long after a time-out the limiter gives no slot. */
#define ACCEPTOR_LIMITER_CLOSED_MS 10000

struct acceptor_limiter;

/* A member of the job. */
struct acceptor_limiter_slot {
    struct acceptor_limiter_slot *next;
    uint64_t began_ms;
};

enum acceptor_limiter_answer {
    ACCEPTOR_LIMITER_ACQUIRED,
    ACCEPTOR_LIMITER_FULL,  /* the limit of waiting jobs is reached */
    ACCEPTOR_LIMITER_CLOSED /* a job timed out a short time ago */
};

/* `limit`: number of slots; 0: any number. NULL: no memory. */
struct acceptor_limiter *acceptor_limiter_new(unsigned limit) MUST_USE;

/* See ref.h. All functions of this file are thread-safe. */
struct acceptor_limiter *acceptor_limiter_ref(struct acceptor_limiter *limiter);
void acceptor_limiter_unref(struct acceptor_limiter *limiter);

/* Acquires a slot. ACCEPTOR_LIMITER_ACQUIRED: `slot` must exist until acceptor_limiter_release().
 * Times are those of a clock that is never set back. Does not wait for a free slot. */
enum acceptor_limiter_answer acceptor_limiter_acquire(struct acceptor_limiter *limiter,
                                                      struct acceptor_limiter_slot *slot,
                                                      uint64_t now_ms) MUST_USE;

/* Releases the slot. `answered`: the other machine answered, also if it refused. */
void acceptor_limiter_release(struct acceptor_limiter *limiter, struct acceptor_limiter_slot *slot,
                              bool answered, uint64_t now_ms);

#endif
