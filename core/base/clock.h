/* SPDX-License-Identifier: Apache-2.0 */
/* Time and randomness as values that are handed in, so that every layer below can be tested at a
 * chosen moment. Only sspi/ and http/ fill it from the machine (clock_machine()). */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clock {
    /* Wall clock, milliseconds since 1970-01-01 UTC. Never blocks. */
    uint64_t (*now_ms)(void *self);
    /* Milliseconds since some moment, the same for all processes of the machine; goes on in suspend
     * and is never set back. Never blocks. */
    uint64_t (*steady_ms)(void *self);
    /* Fills `out` with cryptographic randomness; false when the source failed. */
    bool (*random)(void *self, void *out, size_t len);
    void *self;
};

/* The machine's own clock and OpenSSL's generator. Thread-safe, static lifetime. */
const struct clock *clock_machine(void);

#endif
