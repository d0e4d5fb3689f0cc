/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of the shared memory. Internal to store/.
 *
 * The memory holds, in this order: the header (struct store_header), the sets of nonces, the sets
 * of replays, the sets of revocations. Workers may map the memory at different addresses, so it
 * holds no pointers. Every address follows from numbers that each process copied when it attached
 * (struct sspi_state). A worker that overwrites the shared header therefore cannot make another
 * worker leave the memory.
 *
 * A sixteenth is for revocations. Of the rest, three quarters are for nonces, a quarter is for
 * replays. One MiB, without the header of 3 KiB, has room for 7680 nonces (960 sets of 8, 96 octets
 * a nonce), 9600 replays (960 sets of 10) and 1792 revocations (256 sets of 7). The default of 32
 * MiB holds 245,000 nonces, 307,000 replays and 57,000 revocations. */
#ifndef STORE_LAYOUT_H
#define STORE_LAYOUT_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "sspi_acceptor.h"
#include "store_lock.h"
#include "store_siphash.h"
#include "store_sizes.h"

/* Change the number with every change of a structure in this file. */
#define STORE_LAYOUT_MAGIC  0x6574617473697073u
#define STORE_LAYOUT_NUMBER 8u

#define STORE_ORIGIN_BOOT_SIZE 40 /* a UUID as text and its NUL; the rest is zero */

#define STORE_LAYOUT_LINE    64 /* octets of a cache line */
#define STORE_LAYOUT_STRIPES 64 /* locks per table; set i belongs to stripe i % STRIPES */

#define STORE_NONCE_WAYS      8 /* nonces of a set */
#define STORE_NONCE_WORDS     8 /* words of a nonce: 8 words of 32 counts make the window of 256 */
#define STORE_REPLAY_WAYS     10
#define STORE_REVOCATION_WAYS 7

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2,
               "counts in memory that processes share need lock-free 64-bit atomics");
_Static_assert(sizeof(_Atomic uint64_t) == sizeof(uint64_t), "atomics carry no lock of their own");

/* Each kind of field has cache lines of its own. So a lookup touches four lines: tags, sequence,
 * owners and the words of one nonce. A way is empty when its issue time is 0. */
struct store_nonce_set {
    alignas(STORE_LAYOUT_LINE) _Atomic uint64_t tag[STORE_NONCE_WAYS]; /* keyed hash of the nonce */
    _Atomic uint64_t owner[STORE_NONCE_WAYS];                          /* keyed hash of the user */
    _Atomic uint64_t issued_ms[STORE_NONCE_WAYS];
    _Atomic uint64_t word[STORE_NONCE_WAYS][STORE_NONCE_WORDS];
    _Atomic uint64_t sequence; /* odd while a nonce is being inserted; see store_nonces.h */
    _Atomic uint64_t floor_ms; /* newest issue time of all nonces that were removed from this set */
};

/* Read and written under the stripe's lock only. A way is free once `expires_ms` has passed. */
struct store_replay_set {
    alignas(STORE_LAYOUT_LINE) uint64_t overflow_until_ms;
    struct store_siphash seen[STORE_REPLAY_WAYS];
    uint64_t expires_ms[STORE_REPLAY_WAYS];
};

/* A way is empty when its end is 0; see store_revocations.h. */
struct store_revocation_set {
    alignas(STORE_LAYOUT_LINE) _Atomic uint64_t sequence; /* odd while a revocation is written */
    _Atomic uint64_t floor_ms; /* newest login of the revocations that were removed */
    _Atomic uint64_t until_ms; /* last end of them; afterwards the floor has no effect */
    _Atomic uint64_t low[STORE_REVOCATION_WAYS];  /* keyed hash of the session's id, */
    _Atomic uint64_t high[STORE_REVOCATION_WAYS]; /* 128 bits */
    _Atomic uint64_t login_ms[STORE_REVOCATION_WAYS];
    _Atomic uint64_t end_ms[STORE_REVOCATION_WAYS];
};

_Static_assert(sizeof(struct store_nonce_set) == 768, "96 octets a nonce");
_Static_assert(sizeof(struct store_replay_set) == 256, "four cache lines a set");
_Static_assert(sizeof(struct store_revocation_set) == 256, "four cache lines a set");

/* The boot of the machine and the file that the memory belongs to. All zero: memory without a file,
 * which exists as long as the server's processes. */
struct store_origin {
    char boot[STORE_ORIGIN_BOOT_SIZE]; /* the kernel's id of this boot, NUL-terminated */
    uint64_t device;
    uint64_t inode;
};

/* These values do not change after the memory is formatted. */
struct store_constants {
    uint64_t layout;
    uint64_t header_size; /* differs if a processor aligns the structures in another way */
    uint64_t size;
    uint64_t created_ms;
    uint64_t created_steady_ms; /* the same moment on the clock that is never set back */
    uint64_t n_nonce_sets;
    uint64_t n_replay_sets;
    uint64_t n_revocation_sets;
    struct store_origin origin;
    uint8_t nonce_key[STORE_STATE_KEY_SIZE];
    uint8_t session_key[STORE_KEY_SIZE]; /* seals sessions if there is no key file */
    char opaque[STORE_STATE_OPAQUE_LEN]; /* no secret */
    /* Keys of the tables, one per kind of input. */
    uint8_t tag_key[STORE_SIPHASH_KEY_SIZE];
    uint8_t owner_key[STORE_SIPHASH_KEY_SIZE];
    uint8_t replay_key[STORE_SIPHASH_KEY_SIZE];
    uint8_t revocation_key[STORE_SIPHASH_KEY_SIZE];
};

_Static_assert(sizeof(struct store_constants) ==
                   8 * sizeof(uint64_t) + sizeof(struct store_origin) + STORE_STATE_KEY_SIZE +
                       STORE_KEY_SIZE + STORE_STATE_OPAQUE_LEN + 4 * STORE_SIPHASH_KEY_SIZE,
               "no padding, so the check covers only defined octets");

/* The number of counters; enum store_counter of store_state.h names them. */
enum {
    STORE_LAYOUT_COUNTERS = 0
#define STORE_COUNTER(id, name, help) +1
#include "store_counters.def"
#undef STORE_COUNTER
};

struct store_header {
    _Atomic uint64_t magic; /* written last */
    struct store_constants constants;
    struct store_siphash check; /* of the constants: detects damage, not an attack */
    _Atomic uint64_t counters[STORE_LAYOUT_COUNTERS];
    struct store_lock nonce_lock[STORE_LAYOUT_STRIPES];
    struct store_lock replay_lock[STORE_LAYOUT_STRIPES];
    struct store_lock revocation_lock[STORE_LAYOUT_STRIPES];
};

/* A process's own view of the memory. It is private and never changes. */
struct sspi_state {
    struct store_constants constants; /* copied, then checked, when the process attached */
    struct store_header *header;
    size_t mapped; /* octets that store_state_free() unmaps; 0: the memory is the caller's */
    int file;      /* open as long as the view exists, because it holds the lock; -1: none */
};

static inline size_t store_layout_header_size(void)
{
    size_t line = STORE_LAYOUT_LINE;
    return (sizeof(struct store_header) + line - 1) / line * line;
}

static inline struct store_nonce_set *store_layout_nonces(const struct sspi_state *state)
{
    return (struct store_nonce_set *)(void *)((char *)state->header + store_layout_header_size());
}

static inline struct store_replay_set *store_layout_replays(const struct sspi_state *state)
{
    return (struct store_replay_set *)(void *)(store_layout_nonces(state) +
                                               state->constants.n_nonce_sets);
}

static inline struct store_revocation_set *store_layout_revocations(const struct sspi_state *state)
{
    return (struct store_revocation_set *)(void *)(store_layout_replays(state) +
                                                   state->constants.n_replay_sets);
}

/* Spreads a hash evenly over `n_sets` (below 2^32) without a division. */
static inline size_t store_layout_set(uint64_t hash, uint64_t n_sets)
{
    return (size_t)(((hash >> 32) * n_sets) >> 32);
}

/* Computes the check of the constants. */
struct store_siphash store_layout_check(const struct store_constants *constants);

/* Like store_state_format() and store_state_attach(), for memory of this origin. */
struct sspi_state *store_layout_format(void *memory, size_t size, const struct store_origin *origin,
                                       const struct clock *clock) MUST_USE;
struct sspi_state *store_layout_attach(void *memory, size_t size,
                                       const struct store_origin *origin) MUST_USE;

#endif
