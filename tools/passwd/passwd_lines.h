/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a user file one after the other, from memory or, however long the file is, from
 * disk.
 */
#ifndef PASSWD_LINES_H
#define PASSWD_LINES_H

#include "passwd_kind.h"
#include "passwd_progress.h"

/* Longest line of a file that is read from disk; right ones are within STORE_USERS_LINE_LIMIT. */
#define PASSWD_LINES_BUFFER 65536

struct passwd_lines {
    const char *path;                 /* for what is told */
    struct passwd_progress *progress; /* set it or leave it NULL */
    /* The current line, valid until the next call. */
    unsigned long number;
    struct sspi_view whole; /* with its end */
    struct sspi_view text;  /* without */
    bool has_user;          /* false: empty or a comment, and the rest is not set */
    struct store_users_line line;
    enum passwd_kind kind;
    /* Not for callers. */
    struct sspi_view rest;
    char *buffer;
    int file;
};

/* Both begin before the first line; the memory and the open file stay the caller's. */
void passwd_lines_of_text(const char *path, struct sspi_view text, struct passwd_lines *ret_lines);

/* False: told (no memory). */
bool passwd_lines_of_file(const char *path, int file, struct passwd_lines *ret_lines) MUST_USE;

enum passwd_next {
    PASSWD_NEXT_LINE,
    PASSWD_NEXT_END,
    PASSWD_NEXT_BAD /* a bad line or a file that cannot be read, and told */
};

enum passwd_next passwd_lines_next(struct passwd_lines *lines) MUST_USE;

/* Tells "file:line: problem" of the current line. */
void passwd_lines_tell(const struct passwd_lines *lines, const char *problem);

/* The same of a line of which there is one already. */
void passwd_lines_tell_second(const struct passwd_lines *lines);

/* user:realm, as it stands in the line. */
struct sspi_view passwd_lines_name(const struct passwd_lines *lines);

/* Is it that user's in that realm? Both are in NFC. */
bool passwd_lines_is_of(const struct passwd_lines *lines, struct sspi_view user,
                        struct sspi_view realm);

/* Wipes and frees. */
void passwd_lines_end(struct passwd_lines *lines);

#define PASSWD_LINES_CLEANUP __attribute__((cleanup(passwd_lines_end)))

#endif
