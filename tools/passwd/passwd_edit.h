/* SPDX-License-Identifier: Apache-2.0 */
/* Changes the text of a user file in memory. */
#ifndef PASSWD_EDIT_H
#define PASSWD_EDIT_H

#include "passwd_kind.h"
#include "tool_output.h"

/* Checks all lines and appends the realm of the action in NFC: `given`, or the file's only realm if
 * `given` is NULL. Returns TOOL_EXIT_DONE; or TOOL_EXIT_FAILED, reported (a line is wrong, out of
 * memory); or TOOL_EXIT_USAGE, reported (the file has no realm or several). */
int passwd_edit_realm(const char *path, struct sspi_view text, const char *given,
                      struct bytes *ret_realm) MUST_USE;

/* The lines to remove and the lines that replace them. */
struct passwd_edit {
    struct sspi_view user;  /* in NFC */
    struct sspi_view realm; /* in NFC */
    bool kinds[PASSWD_N_KINDS];
    struct sspi_view lines;       /* may be empty */
    size_t n_removed;             /* set: the number of removed lines */
    bool removed[PASSWD_N_KINDS]; /* set: the kinds of removed lines */
};

/* Appends `text` to `to` without the lines to remove. edit->lines replaces the first of them, or is
 * added at the end if there are none. All other octets stay the same. False: reported (a line is
 * wrong, out of memory). */
bool passwd_edit_lines(const char *path, struct sspi_view text, struct passwd_edit *edit,
                       struct bytes *to) MUST_USE;

/* Writes the text of a user file in one step, see tool_output.h. Prints a note if it is too large
 * for servers. False: reported. */
bool passwd_edit_put(const char *path, const struct tool_file *old, struct sspi_view text) MUST_USE;

/* Appends whole lines to a text; first ends its last line if that has no line break. */
void passwd_edit_append(struct bytes *to, struct sspi_view lines);

#endif
