/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* A file below this size, in octets, is read too fast for a progress line. */
#define SHORT_LEN (1u << 20)

#define INTERVAL_MS 100u

/* Number of lines between two reads of the clock. */
#define LINES_PER_CHECK 256u

static uint64_t now_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void passwd_progress_begin(struct passwd_progress *progress, uint64_t total_len)
{
    *progress = (struct passwd_progress){0};
    if (total_len >= SHORT_LEN && isatty(STDERR_FILENO))
        progress->total_len = total_len;
}

/* The numbers only grow, so each line covers the previous one. */
static void draw(struct passwd_progress *progress)
{
    /* Another program may append to the file while this one reads it. */
    uint64_t done_len =
        progress->done_len < progress->total_len ? progress->done_len : progress->total_len;
    int width = fprintf(stderr, "\rsspi-passwd: %3u %%, %lu lines",
                        (unsigned)(done_len * 100 / progress->total_len), progress->n_lines);
    if (width > progress->width)
        progress->width = width;
    (void)fflush(stderr);
}

void passwd_progress_add(struct passwd_progress *progress, size_t len)
{
    if (progress->total_len == 0)
        return;
    progress->done_len += len;
    if (progress->n_lines++ % LINES_PER_CHECK != 0)
        return;
    uint64_t now = now_ms();
    if (now < progress->next_ms)
        return;
    progress->next_ms = now + INTERVAL_MS;
    draw(progress);
}

void passwd_progress_end(struct passwd_progress *progress)
{
    if (progress->width > 0)
        fprintf(stderr, "\r%*s\r", progress->width - 1, "");
    *progress = (struct passwd_progress){0};
}
