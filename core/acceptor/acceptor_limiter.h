/* SPDX-License-Identifier: Apache-2.0 */
/* The gate before what may wait for another machine: so many at a time, and nobody for a while
 * after it did not answer in time. */
#ifndef ACCEPTOR_LIMITER_H
#define ACCEPTOR_LIMITER_H

#include "bytes.h"

/* Who is inside for longer has timed out ... */
#define ACCEPTOR_LIMITER_TIMEOUT_MS 5000
/* ... and for that long nobody is let in. */
#define ACCEPTOR_LIMITER_CLOSED_MS 10000

struct acceptor_limiter;

/* Lies in what passes the gate. */
struct acceptor_limiter_slot {
    struct acceptor_limiter_slot *next;
    uint64_t began_ms;
};

enum acceptor_limiter_answer {
    ACCEPTOR_LIMITER_ACQUIRED,
    ACCEPTOR_LIMITER_FULL,
    ACCEPTOR_LIMITER_CLOSED
};

/* Lets `limit` in at a time; 0: any number. NULL: no memory. */
struct acceptor_limiter *acceptor_limiter_new(unsigned limit) MUST_USE;

/* See ref.h. All of this is thread-safe. */
struct acceptor_limiter *acceptor_limiter_ref(struct acceptor_limiter *limiter);
void acceptor_limiter_unref(struct acceptor_limiter *limiter);

/* ENTERED: `pass` is inside until acceptor_limiter_release(). Times are of a clock that is never
 * set back.
 */
enum acceptor_limiter_answer acceptor_limiter_acquire(struct acceptor_limiter *limiter,
                                                      struct acceptor_limiter_slot *pass,
                                                      uint64_t now_ms) MUST_USE;

/* `answered`: the other machine did, whatever it said. */
void acceptor_limiter_release(struct acceptor_limiter *limiter, struct acceptor_limiter_slot *pass,
                              bool answered, uint64_t now_ms);

#endif
