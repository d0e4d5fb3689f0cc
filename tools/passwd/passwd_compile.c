/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_compile.h"

#include <errno.h>
#include <string.h>

#include "passwd_lines.h"
#include "tool_output.h"
#include "tool_problem.h"
#include "store_source.h"
#include "store_users_cdb.h"
#include "store_users_cdb_writer.h"

/* Number of lines between two checks for a pending signal. */
#define LINES_PER_CHECK 1024u

static bool add(struct store_users_cdb_writer *writer, const struct passwd_lines *lines)
{
    if (store_users_cdb_writer_add(writer, &lines->line))
        return true;
    switch (errno) {
    case EEXIST:
        passwd_lines_report_second(lines);
        break;
    case EFBIG:
        passwd_lines_report(lines, "the database would be larger than 4 GiB, or than files may be "
                                   "here; split the user file by realm");
        break;
    default:
        passwd_lines_report(lines, strerror(errno));
        break;
    }
    return false;
}

/* False: reported, or a signal is pending. */
static bool add_all(struct store_users_cdb_writer *writer, struct passwd_lines *lines,
                    size_t *ret_n_nt)
{
    enum passwd_next next;
    while ((next = passwd_lines_next(lines)) == PASSWD_NEXT_LINE) {
        if (lines->number % LINES_PER_CHECK == 0 && tool_output_is_interrupted())
            return false;
        if (!lines->has_user)
            continue;
        if (lines->kind == PASSWD_NT)
            ++*ret_n_nt;
        else if (!add(writer, lines))
            return false;
    }
    return next == PASSWD_NEXT_END;
}

/* A program that overwrites the file, instead of replacing it, can make us read parts of two
 * versions. */
static bool is_unchanged(const struct tool_file *file, const char *path)
{
    struct stat now;
    bool same = fstat(file->file, &now) == 0 && store_source_same_file(&now, &file->info);
    if (!same)
        tool_problem("%s changed while it was read; run this again", path);
    return same;
}

static bool write_database(const struct passwd_options *options, const struct tool_file *from,
                           int to, size_t *ret_n_nt)
{
    struct passwd_progress progress;
    PASSWD_LINES_CLEANUP struct passwd_lines lines;
    if (!passwd_lines_of_file(options->file, from->file, &lines))
        return false;
    struct store_users_cdb_writer *writer = store_users_cdb_writer_new(to);
    if (writer == NULL) {
        tool_problem("cannot write beside %s: %s", options->other, strerror(errno));
        return false;
    }
    passwd_progress_begin(&progress, (uint64_t)from->info.st_size);
    lines.progress = &progress;
    bool added = add_all(writer, &lines, ret_n_nt);
    bool ended = store_users_cdb_writer_finish(writer);
    int why = errno;
    passwd_progress_end(&progress);
    if (added && !ended)
        tool_problem("cannot write beside %s: %s", options->other, strerror(why));
    return added && ended && is_unchanged(from, options->file);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int passwd_compile(const struct passwd_options *options)
{
    TOOL_FILE_CLEANUP struct tool_file from = TOOL_FILE_NONE;
    TOOL_FILE_CLEANUP struct tool_file old = TOOL_FILE_NONE;
    TOOL_OUTPUT_CLEANUP struct tool_output output = {0};
    bool replaces = tool_file_exists(options->other);
    size_t n_nt = 0;
    /* The lock makes runs wait for each other, so the last written database is made from the newest
     * file. */
    if (!tool_file_open(options->file, TOOL_FILE_ORDER, &from) ||
        (replaces && !tool_file_open(options->other, TOOL_FILE_READ, &old)))
        return TOOL_EXIT_FAILED;
    if (replaces && is_same(&from.info, &old.info)) {
        tool_problem("%s is the user file itself; name another file for the database",
                     options->other);
        return TOOL_EXIT_USAGE;
    }
    if (!tool_output_begin(options->other, replaces ? &old : NULL, &output) ||
        !write_database(options, &from, output.file, &n_nt) || !tool_output_finish(&output))
        return TOOL_EXIT_FAILED;
    if (n_nt > 0)
        tool_problem("note: %zu NT line%s left out; NTLM reads the user file itself", n_nt,
                     n_nt == 1 ? " was" : "s were");
    return TOOL_EXIT_DONE;
}
