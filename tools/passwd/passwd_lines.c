/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "passwd_name.h"
#include "tool_problem.h"

void passwd_lines_of_text(const char *path, struct sspi_view text, struct passwd_lines *ret_lines)
{
    *ret_lines = (struct passwd_lines){.path = path, .rest = text, .file = -1};
}

bool passwd_lines_of_file(const char *path, int file, struct passwd_lines *ret_lines)
{
    char *buffer = malloc(PASSWD_LINES_BUFFER);
    *ret_lines =
        (struct passwd_lines){.path = path, .rest = {buffer, 0}, .buffer = buffer, .file = file};
    if (buffer == NULL)
        tool_problem(OUT_OF_MEMORY);
    return buffer != NULL;
}

void passwd_lines_end(struct passwd_lines *lines)
{
    bytes_wipe(&lines->line, sizeof lines->line);
    if (lines->buffer != NULL)
        bytes_wipe(lines->buffer, PASSWD_LINES_BUFFER);
    free(lines->buffer);
    *lines = (struct passwd_lines){.file = -1};
}

/* Reads until `rest` has a whole line or the file ends. False: *ret_problem is set. */
static bool fill(struct passwd_lines *lines, const char **ret_problem)
{
    size_t searched_len = 0;
    for (;;) {
        struct sspi_view *rest = &lines->rest;
        if (memchr(rest->data + searched_len, '\n', rest->len - searched_len) != NULL)
            return true;
        searched_len = rest->len;
        if (rest->len == PASSWD_LINES_BUFFER) {
            *ret_problem = "the line is longer than 65536 octets; no right line is so long";
            return false;
        }
        memmove(lines->buffer, rest->data, rest->len);
        rest->data = lines->buffer;
        ssize_t got = read(lines->file, lines->buffer + rest->len, PASSWD_LINES_BUFFER - rest->len);
        if (got < 0 && errno != EINTR) {
            *ret_problem = strerror(errno);
            return false;
        }
        if (got == 0)
            return true;
        if (got > 0)
            rest->len += (size_t)got;
    }
}

void passwd_lines_report(const struct passwd_lines *lines, const char *problem)
{
    if (lines->progress != NULL)
        passwd_progress_end(lines->progress);
    tool_problem("%s:%lu: %s", lines->path, lines->number, problem);
}

void passwd_lines_report_second(const struct passwd_lines *lines)
{
    passwd_lines_report(lines,
                        "a second line of a user, realm and algorithm; remove one of the two");
}

static enum passwd_next report_bad(const struct passwd_lines *lines, const char *problem)
{
    passwd_lines_report(lines, problem);
    return PASSWD_NEXT_BAD;
}

enum passwd_next passwd_lines_next(struct passwd_lines *lines)
{
    const char *problem;
    bytes_wipe(lines->line.hash, sizeof lines->line.hash);
    lines->number++;
    if (lines->file >= 0 && !fill(lines, &problem))
        return report_bad(lines, problem);
    if (!store_users_parse_next(&lines->rest, &lines->whole, &lines->text))
        return PASSWD_NEXT_END;
    if (lines->progress != NULL)
        passwd_progress_add(lines->progress, lines->whole.len);
    switch (store_users_parse_line(lines->text, &lines->line, &problem)) {
    case STORE_USERS_NOTHING:
        lines->has_user = false;
        return PASSWD_NEXT_LINE;
    case STORE_USERS_DIGEST:
    case STORE_USERS_NT:
    case STORE_USERS_SASL:
        lines->has_user = true;
        lines->kind = passwd_kind_of(&lines->line);
        return PASSWD_NEXT_LINE;
    case STORE_USERS_BAD:
    default:
        return report_bad(lines, problem);
    }
}

struct sspi_view passwd_lines_name(const struct passwd_lines *lines)
{
    /* The line contains user and realm side by side, with a colon between them. */
    return (struct sspi_view){lines->text.data, lines->line.user.len + 1 + lines->line.realm.len};
}

bool passwd_lines_is_of(const struct passwd_lines *lines, struct sspi_view user,
                        struct sspi_view realm)
{
    return lines->has_user && passwd_name_is(lines->line.user, user) &&
           passwd_name_is(lines->line.realm, realm);
}
