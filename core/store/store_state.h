/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of the memory that all workers share: a header, the table of nonce counts, the table
 * of Kerberos replays, counters. The memory comes from the caller (an anonymous mapping, an nginx
 * zone) or is a file (store_state_file.h). These functions neither open files nor log. */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include "bytes.h"
#include "clock.h"
#include "sspi_acceptor.h"

/* Smallest memory that is worth having: 64 KiB. */
#define STORE_STATE_MIN_SIZE 65536

#define STORE_STATE_KEY_SIZE 32

/* Largest memory: the number of a set must fit in 32 bits. */
#define STORE_STATE_MAX_SIZE ((uint64_t)1 << 40)

/* Lays out `memory` (page-aligned, `size` bytes, shared by all processes that attach or that are
 * forked later) and attaches to it. Secrets and the creation time come from `clock`. The memory
 * must outlive the result. The caller frees the result by store_state_free(). NULL: the memory is
 * too small, or allocation or randomness failed. One call per memory, before any process shares it.
 */
struct sspi_state *store_state_format(void *memory, size_t size,
                                      const struct clock *clock) MUST_USE;

/* Attaches to memory that was formatted before. NULL if magic, layout number or size differ, if the
 * header is damaged, or if no memory is left for the view. The caller must then make new memory and
 * never overwrite this one, because older children still use it. The header is copied and checked
 * once, and never read again. */
struct sspi_state *store_state_attach(void *memory, size_t size) MUST_USE;

/* Frees the view of one process. The memory is kept, unless it is the mapping of a file. NULL is
 * fine. */
void store_state_free(struct sspi_state *state);

/* Returns the size of the memory in octets. */
size_t store_state_size(const struct sspi_state *state);

/* Secret for nonces, random per formatted memory; valid as long as the memory. */
const uint8_t *store_state_nonce_key(const struct sspi_state *state);

/* Characters of store_state_opaque(): base64url of 12 random octets. */
#define STORE_STATE_OPAQUE_LEN 16

/* A public name of this memory, random when it was made: tells whose challenge a client answers. It
 * needs no quoting and has no NUL behind it. */
struct sspi_view store_state_opaque(const struct sspi_state *state);

/* The time by which nonces are issued and judged: wall clock when the memory was made, and from
 * there on the steady clock, so that setting the machine's clock back makes no new nonce look
 * evicted. */
uint64_t store_state_time_ms(const struct sspi_state *state, const struct clock *clock);

/* When the memory was made, by the wall clock of that moment. A token that is older may have been
 * used before, and this memory would not know it. */
uint64_t store_state_created_ms(const struct sspi_state *state);

/* ---- nonce counts (DESIGN: owner, window of 256 counts, floor per set) ---- */

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

/* ---- Kerberos replays ---- */

enum store_replay {
    STORE_REPLAY_FRESH, /* recorded */
    STORE_REPLAY_SEEN,  /* in the table already */
    STORE_REPLAY_FULL   /* not seen, and this set overflowed within the last lifetime: ask MIT's own
                         * cache as well. The token was recorded here when there was room. */
};

/* Checks and records the authenticator ciphertext in one step; it is kept for `lifetime_ms`, and
 * then until its place is needed. `now_ms` is store_state_time_ms(), so a step of the wall clock
 * does not end a lifetime. Once a set overflowed, every token of that set is STORE_REPLAY_FULL
 * until `lifetime_ms` has passed, so that a token known only to the other cache cannot come back
 * here. */
enum store_replay store_replay_check(struct sspi_state *state, struct sspi_view authenticator,
                                     uint64_t now_ms, uint64_t lifetime_ms) MUST_USE;

#endif
