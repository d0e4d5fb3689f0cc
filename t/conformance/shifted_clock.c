/* SPDX-License-Identifier: Apache-2.0 */
/* A library for LD_PRELOAD: the program's wall clock is SSPI_TEST_CLOCK_SHIFT_S seconds ahead. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long shift_s(void)
{
    const char *text = getenv("SSPI_TEST_CLOCK_SHIFT_S");
    return text != NULL ? strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t which, struct timespec *ret_time)
{
    long result = syscall(SYS_clock_gettime, which, ret_time);
    if (result == 0 && which == CLOCK_REALTIME)
        ret_time->tv_sec += shift_s();
    return (int)result;
}

/* Glibc calls its own clock_gettime() in both. */
int gettimeofday(struct timeval *restrict ret_time, void *restrict zone)
{
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    (void)zone;
    ret_time->tv_sec = now.tv_sec;
    ret_time->tv_usec = now.tv_nsec / 1000;
    return result;
}

time_t time(time_t *ret_time)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    if (ret_time != NULL)
        *ret_time = now.tv_sec;
    return now.tv_sec;
}
