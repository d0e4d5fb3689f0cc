/* SPDX-License-Identifier: Apache-2.0 */
/* From the old text of a user file to the new one. Opens nothing. */
#ifndef PASSWD_EDIT_H
#define PASSWD_EDIT_H

#include "bytes.h"
#include "passwd_options.h"

/* The only realm of the file, borrowed from `text`. False: told (a bad line, none, several). */
bool passwd_edit_realm(const char *path, struct sspi_view text,
                       struct sspi_view *ret_realm) SSPI_MUST_USE;

struct passwd_edit {
    size_t n_removed;             /* lines of the user in the realm */
    bool removed[PASSWD_N_KINDS]; /* of which kinds */
};

/* Appends `text` to `to`, with `lines` in place of the user's lines of that realm, or at the end
 * when there are none. Everything else stays octet by octet. False: told (a bad line). */
bool passwd_edit_lines(const char *path, struct sspi_view text, struct sspi_view user,
                       struct sspi_view realm, struct sspi_view lines, struct bytes *to,
                       struct passwd_edit *ret_edit) SSPI_MUST_USE;

#endif
