/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <limits.h>
#include <openssl/rand.h>
#include <time.h>

/* These clocks cannot fail with a valid pointer. If one did, 0 would be older than every other
 * time, so that callers would reject a nonce as stale instead of accepting it. */
static uint64_t read_clock(clockid_t id)
{
    struct timespec now;

    if (clock_gettime(id, &now) != 0 || now.tv_sec < 0)
        return 0;
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t machine_now_ms(void *self)
{
    (void)self;
    return read_clock(CLOCK_REALTIME);
}

static uint64_t machine_steady_ms(void *self)
{
    (void)self;
    return read_clock(CLOCK_BOOTTIME);
}

static bool machine_random(void *self, void *out, size_t len)
{
    (void)self;
    return len <= INT_MAX && RAND_bytes(out, (int)len) == 1;
}

const struct clock *clock_machine(void)
{
    static const struct clock machine = {machine_now_ms, machine_steady_ms, machine_random, NULL};

    return &machine;
}

uint64_t clock_machine_steady_ms(void)
{
    return machine_steady_ms(NULL);
}
