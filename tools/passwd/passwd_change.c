/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_change.h"

#include "passwd_edit.h"
#include "passwd_hash.h"
#include "tool_output.h"
#include "tool_problem.h"
#include "passwd_prompt.h"

/* Checks that the file exists and is right, and finds the realm, before the user types a password.
 * The file is not locked while the user types. */
static int check_file(const struct passwd_options *options, struct bytes *ret_realm)
{
    TOOL_FILE_CLEANUP struct tool_file file = TOOL_FILE_NONE;
    if (!tool_file_load(options->file, TOOL_FILE_CHANGE, &file))
        return TOOL_EXIT_FAILED;
    return passwd_edit_realm(options->file, bytes_as_view(&file.text), options->realm, ret_realm);
}

/* Reports removed lines that no new line replaces. They had the old password, and a client may have
 * used them. */
static void report_dropped(const struct passwd_options *options, const struct passwd_edit *edit)
{
    for (enum passwd_kind kind = 0; kind < PASSWD_N_KINDS; kind++) {
        enum passwd_kind asked = passwd_kind_asked(kind);
        /* MD5 and SASL lines belong together, so one message names both. */
        bool dropped = edit->removed[kind] && (asked == kind || !edit->removed[asked]);
        for (size_t i = 0; i < options->n_kinds; i++)
            dropped = dropped && options->kinds[i] != asked;
        if (dropped)
            tool_problem("note: %s's %s line had the old password and is removed; add %s to -a to "
                         "write a new one",
                         options->user, passwd_kind_name(kind), passwd_kind_name(asked));
    }
}

/* Applies the edit to the file as it is now. */
static int replace(const struct passwd_options *options, struct passwd_edit *edit)
{
    TOOL_FILE_CLEANUP struct tool_file file = TOOL_FILE_NONE;
    BYTES_CLEANUP struct bytes text = {0};
    if (!tool_file_load(options->file, TOOL_FILE_CHANGE, &file) ||
        !passwd_edit_lines(options->file, bytes_as_view(&file.text), edit, &text))
        return TOOL_EXIT_FAILED;
    if (options->action == PASSWD_DELETE && edit->n_removed == 0) {
        tool_problem("%s has no %s %s in realm %.*s; nothing was changed", options->file,
                     options->n_kinds == 0 ? "user" : "such line of user", options->user,
                     (int)edit->realm.len, edit->realm.data);
        return TOOL_EXIT_FAILED;
    }
    if (!passwd_edit_put(options->file, &file, bytes_as_view(&text)))
        return TOOL_EXIT_FAILED;
    if (options->action == PASSWD_SET)
        report_dropped(options, edit);
    return TOOL_EXIT_DONE;
}

int passwd_change(const struct passwd_options *options)
{
    PASSWD_PROMPT_CLEANUP struct passwd_secret secret = {.len = 0};
    BYTES_CLEANUP struct bytes lines = {0};
    BYTES_CLEANUP struct bytes realm = {0};
    int status = check_file(options, &realm);
    if (status != TOOL_EXIT_DONE)
        return status;
    if (options->action == PASSWD_SET &&
        (!passwd_prompt(options->from_stdin, PASSWD_PROMPT_NEW, options->user, &secret) ||
         !passwd_hash_lines(options, bytes_as_view(&realm),
                            (struct sspi_view){secret.text, secret.len}, &lines)))
        return TOOL_EXIT_FAILED;
    struct passwd_edit edit = {.user = bytes_view(options->user),
                               .realm = bytes_as_view(&realm),
                               .lines = bytes_as_view(&lines)};
    bool all = options->action == PASSWD_SET || options->n_kinds == 0;
    for (enum passwd_kind kind = 0; kind < PASSWD_N_KINDS; kind++) {
        edit.kinds[kind] = all;
        for (size_t i = 0; i < options->n_kinds; i++)
            if (options->kinds[i] == passwd_kind_asked(kind))
                edit.kinds[kind] = true;
    }
    return replace(options, &edit);
}

int passwd_create(const struct passwd_options *options)
{
    PASSWD_PROMPT_CLEANUP struct passwd_secret secret = {.len = 0};
    BYTES_CLEANUP struct bytes lines = {0};
    /* The file name is checked before the user types a password. */
    bool done = tool_file_is_free(options->file) &&
                passwd_prompt(options->from_stdin, PASSWD_PROMPT_NEW, options->user, &secret) &&
                passwd_hash_lines(options, bytes_view(options->realm),
                                  (struct sspi_view){secret.text, secret.len}, &lines) &&
                passwd_edit_put(options->file, NULL, bytes_as_view(&lines));
    return done ? TOOL_EXIT_DONE : TOOL_EXIT_FAILED;
}
