/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <limits.h>
#include <openssl/rand.h>
#include <time.h>

static uint64_t machine_now_ms(void *self)
{
    struct timespec now;

    (void)self;
    /* Cannot fail for this clock with a valid pointer. 0 is older than everything: callers then see
     * stale nonces, not fresh ones. */
    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec < 0) {
        return 0;
    }
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool machine_random(void *self, void *out, size_t len)
{
    (void)self;
    return len <= INT_MAX && RAND_bytes(out, (int)len) == 1;
}

const struct sspi_clock *clock_machine(void)
{
    static const struct sspi_clock machine = {machine_now_ms, machine_random, NULL};

    return &machine;
}
