/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a file in one step. It replaces an old file and keeps its mode, owner, group and access
 * list, or it creates a new file with mode 0600. Until that step, the new text is only in a
 * temporary file in the same directory. All functions report their problems. */
#ifndef PASSWD_OUTPUT_H
#define PASSWD_OUTPUT_H

#include <signal.h>

#include "passwd_file.h"

/* Zero-initialise it. */
struct passwd_output {
    const char *path; /* borrowed */
    const struct passwd_file *old;
    char *temporary; /* its path; NULL before passwd_output_begin() */
    int directory;
    int file; /* the temporary file, open for writing and reading */
    sigset_t signals;
};

/* Begins a file that replaces `old`, or, if `old` is NULL, a new file at `path`, which must not
 * exist. Both must outlive `output`. Blocks all signals until passwd_output_end(), so that no
 * signal leaves a temporary file with hashes behind. */
bool passwd_output_begin(const char *path, const struct passwd_file *old,
                         struct passwd_output *output) MUST_USE;

bool passwd_output_write(struct passwd_output *output, struct sspi_view text) MUST_USE;

/* True if a signal that ends the process is pending, so that a long run should stop. */
bool passwd_output_is_interrupted(void);

/* Writes the file to the disk and moves it to its place. */
bool passwd_output_finish(struct passwd_output *output) MUST_USE;

/* Removes an unfinished file. Pending signals take effect. */
void passwd_output_end(struct passwd_output *output);

#define PASSWD_OUTPUT_CLEANUP __attribute__((cleanup(passwd_output_end)))

/* Writes the text of a user file in one step. Prints a note if it is too large for servers. */
bool passwd_output_put(const char *path, const struct passwd_file *old,
                       struct sspi_view text) MUST_USE;

#endif
