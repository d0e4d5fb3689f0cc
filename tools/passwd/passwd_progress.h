/* SPDX-License-Identifier: Apache-2.0 */
/* Shows the progress of a long run: one line on standard error, updated at most ten times a second.
 * Shows nothing if standard error is not a terminal or the run is short. */
#ifndef PASSWD_PROGRESS_H
#define PASSWD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A zero-initialised value shows nothing. */
struct passwd_progress {
    uint64_t total_len; /* 0: show nothing */
    uint64_t done_len;
    unsigned long n_lines;
    uint64_t next_ms; /* time of the next update, on the monotonic clock */
    int width;        /* characters of the line on the terminal */
};

/* Begins a run over total_len octets. */
void passwd_progress_begin(struct passwd_progress *progress, uint64_t total_len);

/* Counts one processed line of `len` octets. */
void passwd_progress_add(struct passwd_progress *progress, size_t len);

/* Clears the line on the terminal and shows nothing after that. Call it before any other output; it
 * may be called several times. */
void passwd_progress_end(struct passwd_progress *progress);

#endif
