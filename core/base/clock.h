/* SPDX-License-Identifier: Apache-2.0 */
/* Sources of time and randomness that callers pass as an argument, so that tests choose the time.
 * The request layer, the acceptor and the packages' credentials pass the machine's own
 * (clock_machine()). The Kerberos package always uses that clock, because libkrb5 does. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clock {
    /* Wall clock, milliseconds since 1970-01-01 UTC. Never blocks. */
    uint64_t (*now_ms)(void *self);
    /* Milliseconds since a moment that is the same for all processes of the machine. It counts
     * while the machine is suspended and is never set back. Never blocks. */
    uint64_t (*steady_ms)(void *self);
    /* Fills `out` with cryptographic randomness. False: the source failed. */
    bool (*random)(void *self, void *out, size_t len);
    void *self;
};

/* The machine's own clock and OpenSSL's generator. Thread-safe, static lifetime. */
const struct clock *clock_machine(void);

/* Returns steady_ms of that clock. */
uint64_t clock_machine_steady_ms(void);

#endif
