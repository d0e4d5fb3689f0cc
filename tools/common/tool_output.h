/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a file in one step. It replaces an old file and keeps its mode, owner, group and access
 * list, or it creates a new file with mode 0600. Until that step, the new text is only in a
 * temporary file in the same directory. All functions report their problems. */
#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H

#include <signal.h>

#include "tool_file.h"

/* Zero-initialise it. */
struct tool_output {
    const char *path; /* borrowed */
    const struct tool_file *old;
    char *temporary; /* its path; NULL before tool_output_begin() */
    int directory;
    int file; /* the temporary file, open for writing and reading */
    sigset_t signals;
};

/* Begins a file that replaces `old`, or, if `old` is NULL, a new file at `path`, which must not
 * exist. Both must outlive `output`. Blocks all signals until tool_output_end(), so that no signal
 * leaves a temporary file with hashes or keys behind. */
bool tool_output_begin(const char *path, const struct tool_file *old,
                       struct tool_output *output) MUST_USE;

bool tool_output_write(struct tool_output *output, struct sspi_view text) MUST_USE;

/* True if a signal that ends the process is pending, so that a long run should stop. */
bool tool_output_is_interrupted(void);

/* Writes the file to the disk and moves it to its place. */
bool tool_output_finish(struct tool_output *output) MUST_USE;

/* Removes an unfinished file. Pending signals take effect. */
void tool_output_end(struct tool_output *output);

#define TOOL_OUTPUT_CLEANUP __attribute__((cleanup(tool_output_end)))

/* Writes the whole text of a file in one step. */
bool tool_output_put(const char *path, const struct tool_file *old, struct sspi_view text) MUST_USE;

#endif
