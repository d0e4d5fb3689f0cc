/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-2-4 with 128 bits of output: a keyed hash for table lookups. A client that does not know
 * the key cannot choose inputs that collide in one slot of a table. Pure. It takes about 1 ns per
 * octet; libcrypto's SipHash would allocate a context for each call. Source: Aumasson and
 * Bernstein, "SipHash: a fast short-input PRF", and its 128-bit variant. */
#ifndef STORE_SIPHASH_H
#define STORE_SIPHASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_SIPHASH_KEY_SIZE 16

/* Two independent words of one hash. */
struct store_siphash {
    uint64_t low;
    uint64_t high;
};

static inline bool store_siphash_same(struct store_siphash a, struct store_siphash b)
{
    return a.low == b.low && a.high == b.high;
}

/* `data` may be NULL when len is 0. Never fails, never blocks; thread-safe. */
struct store_siphash store_siphash(const uint8_t key[STORE_SIPHASH_KEY_SIZE], const void *data,
                                   size_t len);

#endif
