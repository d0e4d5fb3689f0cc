/* SPDX-License-Identifier: Apache-2.0 */
/* How far a long run is, for a person at a terminal: one line on standard error, written anew at
 * most ten times a second. Nothing where standard error is no terminal or the run is short. */
#ifndef PASSWD_PROGRESS_H
#define PASSWD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise it: a run of which nothing is shown. */
struct passwd_progress {
    uint64_t total_len; /* 0: show nothing */
    uint64_t done_len;
    unsigned long n_lines;
    uint64_t next_ms; /* not to be drawn before */
    int width;        /* of what stands on the terminal */
};

/* Of a run over that many octets. */
void passwd_progress_begin(struct passwd_progress *progress, uint64_t total_len);

/* One line of `len` octets is done. */
void passwd_progress_add(struct passwd_progress *progress, size_t len);

/* Clears the terminal's line; nothing is shown any more. To be called before anything else is
 * printed, and as often as you like. */
void passwd_progress_end(struct passwd_progress *progress);

#endif
