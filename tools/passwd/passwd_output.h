/* SPDX-License-Identifier: Apache-2.0 */
/* A file that takes the place of another in one step, with the other's mode, owner, group and
 * access list, or comes to be in one step with mode 0600. Until it is finished nothing is to be
 * seen of it but a temporary file beside the place. All functions tell what went wrong. */
#ifndef PASSWD_OUTPUT_H
#define PASSWD_OUTPUT_H

#include <signal.h>

#include "passwd_file.h"

/* Zero-initialise it. */
struct passwd_output {
    const char *path; /* borrowed */
    const struct passwd_file *old;
    char *temporary; /* NULL: nothing was begun */
    int directory;
    int file; /* to be written, also readable */
    sigset_t signals;
};

/* Begins a file for the place that `old` has, or else for `path`, where nothing must be. Both must
 * outlive it. Signals wait from here on, so that none leaves a temporary file with hashes behind.
 */
bool passwd_output_begin(const char *path, const struct passwd_file *old,
                         struct passwd_output *output) MUST_USE;

bool passwd_output_write(struct passwd_output *output, struct sspi_view text) MUST_USE;

/* A signal that ends the process waits: time to give a long run up. */
bool passwd_output_is_interrupted(void);

/* Makes what was written last, and puts it in place. */
bool passwd_output_finish(struct passwd_output *output) MUST_USE;

/* Removes what was not finished; signals that came take effect. */
void passwd_output_end(struct passwd_output *output);

#define PASSWD_OUTPUT_CLEANUP __attribute__((cleanup(passwd_output_end)))

/* All of it for the text of a user file, with a note when it is too large for servers. */
bool passwd_output_put(const char *path, const struct passwd_file *old,
                       struct sspi_view text) MUST_USE;

#endif
