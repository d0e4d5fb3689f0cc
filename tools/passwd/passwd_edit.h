/* SPDX-License-Identifier: Apache-2.0 */
/* From the old text of a user file to the new one. Opens nothing. */
#ifndef PASSWD_EDIT_H
#define PASSWD_EDIT_H

#include "passwd_kind.h"

/* Looks at every line and appends the realm to work in, in NFC: `given`, or the only one of the
 * file when that is NULL. Returns the exit status: DONE; FAILED, told (a bad line, no memory);
 * USAGE, told (there is none, or several). */
int passwd_edit_realm(const char *path, struct sspi_view text, const char *given,
                      struct bytes *ret_realm) MUST_USE;

/* Which lines to take out, and what comes in their place. */
struct passwd_edit {
    struct sspi_view user; /* in NFC, as the realm */
    struct sspi_view realm;
    bool kinds[PASSWD_N_KINDS];
    struct sspi_view lines;       /* may be empty */
    size_t n_removed;             /* set: how many lines were taken out */
    bool removed[PASSWD_N_KINDS]; /* set: of which kinds */
};

/* Appends `text` to `to`, with edit->lines in place of the first line that is taken out, or at the
 * end when there is none. Everything else stays octet by octet. False: told (a bad line, no
 * memory). */
bool passwd_edit_lines(const char *path, struct sspi_view text, struct passwd_edit *edit,
                       struct bytes *to) MUST_USE;

/* Appends whole lines to a text whose last line may have no end. */
void passwd_edit_append(struct bytes *to, struct sspi_view lines);

#endif
