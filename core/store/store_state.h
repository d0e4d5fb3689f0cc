/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of the memory that all workers share: a header, the table of nonce counts, the table
 * of Kerberos replays, counters. The memory comes from the caller (an anonymous mapping, an nginx
 * zone) or is a file (store_state_file.h). Nothing here opens a file or logs. */
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
 * must outlive the result, which store_state_free() ends. NULL: too small, or memory or randomness
 * failed. One call per memory, before any process shares it. */
struct sspi_state *store_state_format(void *memory, size_t size,
                                      const struct sspi_clock *clock) SSPI_MUST_USE;

/* Attaches to memory that was formatted before. NULL when magic, layout number or size differ, or
 * the header is damaged, or no memory is left for the view: then new memory must be made, never
 * this one overwritten (older children still use it). What the header says is copied here, checked
 * once, and not read again. */
struct sspi_state *store_state_attach(void *memory, size_t size) SSPI_MUST_USE;

/* Ends the view of one process; the memory stays, unless it is a file's mapping. NULL is fine. */
void store_state_free(struct sspi_state *state);

/* Octets of the memory. */
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
uint64_t store_state_time_ms(const struct sspi_state *state, const struct sspi_clock *clock);

/* When the memory was made, by the wall clock of that moment: what is older may have been used
 * before, and this memory would not know. */
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
 * the nonce is known; a lock when it is new. Thread- and process-safe; waits for a dead process
 * half a second, once. */
enum store_count store_nonce_use(struct sspi_state *state, struct sspi_view nonce,
                                 struct sspi_view owner, uint64_t issued_ms,
                                 uint32_t count) SSPI_MUST_USE;

/* What store_nonce_use() would say to anybody's count now, without using it up: FRESH where it is
 * not known yet. For answers before a long body is read. */
enum store_count store_nonce_peek(struct sspi_state *state, struct sspi_view nonce,
                                  uint64_t issued_ms, uint32_t count) SSPI_MUST_USE;

/* ---- Kerberos replays ---- */

enum store_replay {
    STORE_REPLAY_FRESH, /* recorded */
    STORE_REPLAY_SEEN,  /* in the table already */
    STORE_REPLAY_FULL   /* not seen, and this set overflowed within the last lifetime: ask MIT's own
                         * cache as well. The token was recorded here when there was room. */
};

/* Checks and records the authenticator ciphertext in one step; it is kept for `lifetime_ms`, and
 * beyond that until its place is needed. `now_ms` is store_state_time_ms(): a step of the wall
 * clock ends no lifetime. Once a set overflowed, every token of that set is STORE_REPLAY_FULL until
 * `lifetime_ms` has passed, so that a token known only to the other cache cannot come back here. */
enum store_replay store_replay_check(struct sspi_state *state, struct sspi_view authenticator,
                                     uint64_t now_ms, uint64_t lifetime_ms) SSPI_MUST_USE;

#endif
