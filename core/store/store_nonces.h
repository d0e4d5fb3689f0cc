/* SPDX-License-Identifier: Apache-2.0 */
/* The table of nonce counts.
 *
 * A count is used by setting its bit with compare-and-swap, without a lock. Only putting a new
 * nonce into a set takes a lock, and marks the set with an odd sequence while it writes. Why a
 * count is never accepted twice, although a lookup may run while its nonce is put out of the set:
 *  - everything written under an odd sequence is stored with release and loaded with acquire, so a
 *    lookup that read any of it (the cleared words too) sees another sequence afterwards, and
 *    answers STALE unless, under the lock, the nonce still is where it was;
 *  - a lookup that read nothing of it set the bit in the old words, and of two such lookups the
 *    second saw the bit of the first;
 *  - a nonce that was put out never comes back, because its issue time is at or below the floor,
 *    which is raised before the first field changes;
 *  - a process that takes the lock from a holder that seems dead changes the sequence of every set
 *    of that lock. A holder that comes back late does not begin to write, and discards its answer.
 *    A set that it was writing is given up, because the holder may continue to write at any time.
 * A bit that lands by this race in the words of the next nonce can only refuse a count, never let
 * one in. */
#ifndef STORE_NONCES_H
#define STORE_NONCES_H

#include "bytes.h"
#include "sspi_acceptor.h"

enum store_count {
    STORE_COUNT_FRESH,  /* recorded now, for the first time: let the request in */
    STORE_COUNT_REPLAY, /* this count was seen before */
    STORE_COUNT_STALE   /* not to be told any more (evicted, before the memory, fell out of the
                         * window), or the nonce belongs to another user: stale=true */
};

/* Records one use of a nonce, in one atomic step. Call it only for a request whose response is
 * right. `nonce` and `owner` (user and realm) are hashed with a key of the memory. Lock-free when
 * the nonce is known; a lock when it is new. Thread- and process-safe; waits once, half a second,
 * if a process died with the lock. */
enum store_count store_nonce_use(struct sspi_state *state, struct sspi_view nonce,
                                 struct sspi_view owner, uint64_t issued_ms,
                                 uint32_t count) MUST_USE;

/* What store_nonce_use() would say to anybody's count now, without using it up: FRESH where it is
 * not known yet. For answers before a long body is read. */
enum store_count store_nonce_peek(struct sspi_state *state, struct sspi_view nonce,
                                  uint64_t issued_ms, uint32_t count) MUST_USE;

#endif
