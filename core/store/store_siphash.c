/* SPDX-License-Identifier: Apache-2.0 */
#include "store_siphash.h"

#include <endian.h>
#include <string.h>

struct sip {
    uint64_t v0, v1, v2, v3;
};

/* Input and key are little-endian words on every machine. */
static uint64_t load_word(const uint8_t *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof(word));
    return le64toh(word);
}

/* Reads fewer than 8 octets as a little-endian number. */
static uint64_t load_rest(const uint8_t *from, size_t n_octets)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n_octets; i++)
        word |= (uint64_t)from[i] << (8 * i);
    return word;
}

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_rounds(struct sip *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        s->v0 += s->v1;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v2 = rotate(s->v2, 32);
    }
}

static void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_rounds(s, 2);
    s->v0 ^= word;
}

struct store_siphash store_siphash(const uint8_t key[STORE_SIPHASH_KEY_SIZE], const void *data,
                                   size_t len)
{
    const uint8_t *in = data;
    uint64_t k0 = load_word(key), k1 = load_word(key + 8);
    struct sip s = {
        .v0 = k0 ^ 0x736f6d6570736575u,
        .v1 = k1 ^ 0x646f72616e646f6du ^ 0xee, /* 0xee: the 128-bit variant */
        .v2 = k0 ^ 0x6c7967656e657261u,
        .v3 = k1 ^ 0x7465646279746573u,
    };
    size_t n_whole = len / 8;
    for (size_t i = 0; i < n_whole; i++)
        sip_word(&s, load_word(in + 8 * i));
    uint64_t last = (uint64_t)len << 56;
    if (len % 8 != 0)
        last |= load_rest(in + 8 * n_whole, len % 8);
    sip_word(&s, last);

    struct store_siphash hash;
    s.v2 ^= 0xee;
    sip_rounds(&s, 4);
    hash.low = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    s.v1 ^= 0xdd;
    sip_rounds(&s, 4);
    hash.high = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    return hash;
}
