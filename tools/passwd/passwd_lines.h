/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a user file line by line, from memory or from disk. A file on disk may have any length. */
#ifndef PASSWD_LINES_H
#define PASSWD_LINES_H

#include "passwd_kind.h"
#include "passwd_progress.h"

/* Longest line of a file on disk, in octets. Right lines have at most STORE_USERS_LINE_LIMIT. */
#define PASSWD_LINES_BUFFER 65536

struct passwd_lines {
    const char *path;                 /* for messages */
    struct passwd_progress *progress; /* the caller may set it; NULL: no progress line */
    /* The current line, valid until the next call. */
    unsigned long number;
    struct sspi_view whole; /* with its line break */
    struct sspi_view text;  /* without it */
    bool has_user;          /* false: empty or a comment; `line` and `kind` are not set */
    struct store_users_line line;
    enum passwd_kind kind;
    /* Private. */
    struct sspi_view rest;
    char *buffer;
    int file;
};

/* Begins before the first line of `text`, which it borrows. */
void passwd_lines_of_text(const char *path, struct sspi_view text, struct passwd_lines *ret_lines);

/* Begins before the first line of an open file, which it borrows. False: reported (out of memory).
 */
bool passwd_lines_of_file(const char *path, int file, struct passwd_lines *ret_lines) MUST_USE;

enum passwd_next {
    PASSWD_NEXT_LINE,
    PASSWD_NEXT_END,
    PASSWD_NEXT_BAD /* reported: the line is wrong, or the file cannot be read */
};

enum passwd_next passwd_lines_next(struct passwd_lines *lines) MUST_USE;

/* Reports "file:line: problem" for the current line. */
void passwd_lines_report(const struct passwd_lines *lines, const char *problem);

/* Reports that the current line is the second one of its user, realm and kind. */
void passwd_lines_report_second(const struct passwd_lines *lines);

/* Returns user:realm as written in the line. */
struct sspi_view passwd_lines_name(const struct passwd_lines *lines);

/* True if the line is of this user and realm, which are in NFC. */
bool passwd_lines_is_of(const struct passwd_lines *lines, struct sspi_view user,
                        struct sspi_view realm);

/* Wipes and frees. */
void passwd_lines_end(struct passwd_lines *lines);

#define PASSWD_LINES_CLEANUP __attribute__((cleanup(passwd_lines_end)))

#endif
