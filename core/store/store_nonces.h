/* SPDX-License-Identifier: Apache-2.0 */
/* The table of nonce counts.
 *
 * A nonce belongs to one owner (user and realm). It has a window of 256 counts. Each set of the
 * table has a floor: the newest issue time of the nonces that were removed from it.
 *
 * A count is used by setting its bit with compare-and-swap, without a lock. A process takes a lock
 * only to insert a new nonce into a set, and marks the set with an odd sequence while it writes. A
 * count is never accepted twice, although a lookup may run while its nonce is removed from the set:
 *  - Everything that is written under an odd sequence is stored with release and loaded with
 *    acquire. This includes the cleared words. A lookup that read any of it sees another sequence
 *    afterwards. It answers STALE, unless it finds under the lock that the nonce still is in its
 *    way.
 *  - A lookup that read nothing of it set the bit in the old words. Of two such lookups, the second
 *    one saw the bit of the first one.
 *  - A removed nonce never comes back, because its issue time is at or below the floor. The floor
 *    is raised before the first field changes.
 *  - A process that takes the lock from a holder that seems dead changes the sequence of every set
 *    of that lock. A holder that continues late does not begin to write, and discards its answer.
 *    A set that it was writing is given up (no process uses it again), because the holder may
 *    continue to write at any time.
 * This race may set a bit in the words of the next nonce. Such a bit can only cause the refusal of
 * a count, never its acceptance. */
#ifndef STORE_NONCES_H
#define STORE_NONCES_H

#include "bytes.h"
#include "sspi_acceptor.h"

enum store_count {
    STORE_COUNT_FRESH,  /* recorded now, for the first time: accept the request */
    STORE_COUNT_REPLAY, /* this count was used before */
    /* The answer has stale=true. The nonce was removed, or is older than the memory, or belongs to
     * another user, or the count left the window. */
    STORE_COUNT_STALE
};

/* Records one use of a nonce, in one atomic step. Call it only for a request whose response is
 * right. `nonce` and `owner` (user and realm) are hashed with a key of the memory. Takes no lock if
 * the nonce is known, and one lock if it is new. Thread- and process-safe. If a process died with
 * the lock, it waits once, half a second. */
enum store_count store_nonce_use(struct sspi_state *state, struct sspi_view nonce,
                                 struct sspi_view owner, uint64_t issued_ms,
                                 uint32_t count) MUST_USE;

/* Returns what store_nonce_use() would return now, for any owner, and records nothing. FRESH if the
 * nonce is not known yet. For answers before a long body is read. */
enum store_count store_nonce_peek(struct sspi_state *state, struct sspi_view nonce,
                                  uint64_t issued_ms, uint32_t count) MUST_USE;

#endif
