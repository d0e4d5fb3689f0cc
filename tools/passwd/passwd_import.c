/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_import.h"

#include <stdio.h>

#include "passwd_edit.h"
#include "passwd_name.h"
#include "tool_output.h"
#include "tool_problem.h"
#include "passwd_table.h"

struct import {
    struct passwd_table table; /* the lines to import */
    struct passwd_progress progress;
    struct bytes text; /* the new text of the file */
    size_t n_added;
    size_t n_replaced;
    size_t n_stale;
};

static void end(struct import *import)
{
    passwd_progress_end(&import->progress);
    passwd_table_end(&import->table);
    bytes_free(&import->text);
}

static void append(struct import *import, struct passwd_table_user *user, enum passwd_kind kind)
{
    passwd_edit_append(&import->text, user->line[kind]);
    bytes_append_char(&import->text, '\n');
    user->used[kind] = true;
}

/* The MD5 hash is the end of a line in both forms, with and without the algorithm's name. */
static bool has_same_md5(struct sspi_view line, struct sspi_view other)
{
    size_t len = 2 * passwd_kind_len(PASSWD_MD5);
    struct sspi_view hex = {line.data + line.len - len, len};
    struct sspi_view other_hex = {other.data + other.len - len, len};
    return bytes_equal_nocase(hex, other_hex);
}

static struct passwd_table_user *find_user(const struct import *import,
                                           const struct passwd_lines *lines)
{
    return lines->has_user ? passwd_table_find(&import->table, passwd_lines_name(lines)) : NULL;
}

/* Marks the users whose MD5 hash in `text` equals the imported one. */
static bool mark_known(struct import *import, const char *path, struct sspi_view text)
{
    PASSWD_LINES_CLEANUP struct passwd_lines lines;
    enum passwd_next next;
    passwd_lines_of_text(path, text, &lines);
    while ((next = passwd_lines_next(&lines)) == PASSWD_NEXT_LINE) {
        struct passwd_table_user *user = find_user(import, &lines);
        if (user != NULL && lines.kind == PASSWD_MD5 && user->line[PASSWD_MD5].data != NULL)
            user->is_known = has_same_md5(lines.text, user->line[PASSWD_MD5]);
    }
    return next == PASSWD_NEXT_END;
}

/* True for a line of SASL whose password differs from that of the imported MD5 line. A client with
 * the old password could still log in with it. */
static bool is_stale(const struct passwd_table_user *user, enum passwd_kind kind)
{
    return kind == PASSWD_SASL && user->line[PASSWD_SASL].data == NULL &&
           user->line[PASSWD_MD5].data != NULL && !user->is_known;
}

/* Copies the lines of `text`, and replaces those that are imported. */
static bool merge(struct import *import, const char *path, struct sspi_view text)
{
    PASSWD_LINES_CLEANUP struct passwd_lines lines;
    enum passwd_next next;
    passwd_lines_of_text(path, text, &lines);
    lines.progress = &import->progress;
    while ((next = passwd_lines_next(&lines)) == PASSWD_NEXT_LINE) {
        struct passwd_table_user *user = find_user(import, &lines);
        if (user != NULL && is_stale(user, lines.kind)) {
            import->n_stale++;
        } else if (user == NULL || user->line[lines.kind].data == NULL) {
            bytes_append_view(&import->text, lines.whole);
        } else if (!user->used[lines.kind]) { /* only the first of several lines is replaced */
            append(import, user, lines.kind);
            import->n_replaced++;
        }
    }
    return next == PASSWD_NEXT_END;
}

static void add_rest(struct import *import)
{
    for (size_t i = 0; i < import->table.n_users; i++) {
        struct passwd_table_user *user = &import->table.users[i];
        for (enum passwd_kind kind = 0; kind < PASSWD_N_KINDS; kind++)
            if (user->line[kind].data != NULL && !user->used[kind]) {
                append(import, user, kind);
                import->n_added++;
            }
    }
}

/* Reports names that are not in NFC. Their hashes contain the names as written in the file, so
 * sspi-passwd cannot convert them. */
static void report_foreign_names(const struct import *import, const char *path)
{
    size_t n_foreign = 0;
    for (size_t i = 0; i < import->table.n_users; i++)
        n_foreign += !passwd_name_is_nfc(import->table.users[i].name);
    if (n_foreign > 0)
        tool_problem("note: %zu name%s of %s %s not in Unicode's form C, which RFC 7616 clients "
                     "send; set the passwords of these users again",
                     n_foreign, n_foreign == 1 ? "" : "s", path, n_foreign == 1 ? "is" : "are");
}

static void report_stale(const struct import *import)
{
    if (import->n_stale > 0)
        tool_problem("note: %zu %s line%s removed, because the new MD5 line has another password; "
                     "set the passwords of these users again for SASL",
                     import->n_stale, passwd_kind_name(PASSWD_SASL),
                     import->n_stale == 1 ? " was" : "s were");
}

static bool run(const struct passwd_options *options, struct import *import)
{
    TOOL_FILE_CLEANUP struct tool_file from = TOOL_FILE_NONE;
    TOOL_FILE_CLEANUP struct tool_file to = TOOL_FILE_NONE;
    if (!passwd_table_begin(&import->table) ||
        !tool_file_load(options->other, TOOL_FILE_READ, &from) ||
        (!options->create && !tool_file_load(options->file, TOOL_FILE_CHANGE, &to)))
        return false;
    passwd_progress_begin(&import->progress, from.text.len + to.text.len);
    if (!passwd_table_fill(&import->table, options->other, bytes_as_view(&from.text),
                           &import->progress) ||
        !mark_known(import, options->file, bytes_as_view(&to.text)) ||
        !merge(import, options->file, bytes_as_view(&to.text)))
        return false;
    add_rest(import);
    passwd_progress_end(&import->progress);
    if (import->text.failed) {
        tool_problem(OUT_OF_MEMORY);
        return false;
    }
    if (!passwd_edit_put(options->file, options->create ? NULL : &to, bytes_as_view(&import->text)))
        return false;
    report_foreign_names(import, options->other);
    report_stale(import);
    return true;
}

int passwd_import(const struct passwd_options *options)
{
    __attribute__((cleanup(end))) struct import import = {.n_added = 0};
    if ((options->create && !tool_file_is_free(options->file)) || !run(options, &import))
        return TOOL_EXIT_FAILED;
    printf("added %zu, replaced %zu\n", import.n_added, import.n_replaced);
    return TOOL_EXIT_DONE;
}
