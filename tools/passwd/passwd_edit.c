/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_edit.h"

#include "nfc.h"
#include "passwd_lines.h"
#include "passwd_name.h"
#include "passwd_options.h"
#include "store_users.h"
#include "tool_problem.h"

int passwd_edit_realm(const char *path, struct sspi_view text, const char *given,
                      struct bytes *ret_realm)
{
    PASSWD_LINES_CLEANUP struct passwd_lines lines;
    enum passwd_next next;
    size_t n_realms = given != NULL;
    bool right = nfc_append(ret_realm, bytes_view(given));
    passwd_lines_of_text(path, text, &lines);
    while ((next = passwd_lines_next(&lines)) == PASSWD_NEXT_LINE) {
        if (given != NULL || !lines.has_user)
            continue;
        if (n_realms == 0)
            right = nfc_append(ret_realm, lines.line.realm);
        if (n_realms == 0 || !passwd_name_is(lines.line.realm, bytes_as_view(ret_realm)))
            n_realms++;
    }
    if (next == PASSWD_NEXT_BAD)
        return TOOL_EXIT_FAILED;
    if (!right) {
        tool_problem(OUT_OF_MEMORY);
        return TOOL_EXIT_FAILED;
    }
    if (n_realms == 1)
        return TOOL_EXIT_DONE;
    tool_problem("%s has %s; name one with -r", path,
                 n_realms == 0 ? "no realm yet" : "several realms");
    return TOOL_EXIT_USAGE;
}

void passwd_edit_append(struct bytes *to, struct sspi_view lines)
{
    if (to->len > 0 && to->data[to->len - 1] != '\n' && lines.len > 0)
        bytes_append_char(to, '\n');
    bytes_append_view(to, lines);
}

bool passwd_edit_lines(const char *path, struct sspi_view text, struct passwd_edit *edit,
                       struct bytes *to)
{
    PASSWD_LINES_CLEANUP struct passwd_lines lines;
    enum passwd_next next;
    passwd_lines_of_text(path, text, &lines);
    while ((next = passwd_lines_next(&lines)) == PASSWD_NEXT_LINE) {
        if (!passwd_lines_is_of(&lines, edit->user, edit->realm) || !edit->kinds[lines.kind]) {
            bytes_append_view(to, lines.whole);
            continue;
        }
        if (edit->n_removed++ == 0)
            bytes_append_view(to, edit->lines);
        edit->removed[lines.kind] = true;
    }
    if (next == PASSWD_NEXT_BAD)
        return false;
    if (edit->n_removed == 0)
        passwd_edit_append(to, edit->lines);
    if (to->failed)
        tool_problem(OUT_OF_MEMORY);
    return !to->failed;
}

bool passwd_edit_put(const char *path, const struct tool_file *old, struct sspi_view text)
{
    if (!tool_output_put(path, old, text))
        return false;
    if (text.len > STORE_USERS_FILE_LIMIT)
        tool_problem("note: %s is larger than 64 MiB, which servers do not read; make a database "
                     "of it with --compile",
                     path);
    return true;
}
