/* SPDX-License-Identifier: Apache-2.0 */
/* The problems that a tool reports, and its exit status. */
#ifndef TOOL_PROBLEM_H
#define TOOL_PROBLEM_H

#include "error_info.h" /* OUT_OF_MEMORY */

enum { TOOL_EXIT_DONE = 0, TOOL_EXIT_FAILED = 1, TOOL_EXIT_USAGE = 2 };

/* What the texts of a program say about it. Each program defines it. */
struct tool_texts {
    const char *name;         /* begins each problem: "sspi-passwd" */
    const char *file;         /* "a user file" */
    const char *when_exists;  /* a file that -c would make exists: what to do */
    const char *when_missing; /* a file that is to be changed is missing: what to do */
};
extern const struct tool_texts tool_texts;

/* Prints one line on standard error: "sspi-passwd: the problem; its remedy". The line may contain a
 * name from the command line, but never a password, a hash or a key.
 *
 * Most functions of these programs print the problem themselves before they fail. Their comments
 * say "reported" for this. */
void tool_problem(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
