/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks share. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Ends the program unless `fine`. `what` names the step. */
static inline void must(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "bench: %s failed\n", what);
    exit(1);
}

/* CLOCK_PROCESS_CPUTIME_ID depends less on the load of the machine than CLOCK_MONOTONIC. */
static inline double now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

#endif
