/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a group file, read exactly as httpd's mod_authz_groupfile reads it, so that a file of
 * that module keeps its meaning. Pure: it changes only the text that it is given.
 *
 * A line is `group: member member ...`. A backslash before the line break continues a line. Blanks
 * around a line are removed, and so are blanks before the colon. A group's name may hold blanks.
 * Empty lines and those that start with `#` are comments. A member that holds blanks stands in
 * quotes, " or '. Within them a backslash escapes the quote. Two backslashes are one, within quotes
 * and outside of them. Each other backslash is plain: EXAMPLE\alice. A quote that is not closed
 * ends with its line. A line without a colon names a group without members.
 *
 * Source: httpd 2.4, groups_for_user() in modules/aaa/mod_authz_groupfile.c; ap_cfg_getline(),
 * ap_getword() and ap_getword_conf() in server/util.c. */
#ifndef STORE_GROUPS_PARSE_H
#define STORE_GROUPS_PARSE_H

#include "bytes.h"

/* The rest of a text. It is changed while it is read: continued lines are joined and escapes are
 * removed in place. */
struct store_groups_text {
    char *at;
    size_t len;
    uint32_t n_lines; /* line breaks that were read */
};

struct store_groups_line {
    struct sspi_view group;
    uint32_t number; /* of its first line in the file, from 1 */
    char *members;   /* what store_groups_parse_member() has not read yet */
    size_t members_len;
};

/* Reads the next line that is not a comment. The views point into the text. False: the end. */
bool store_groups_parse_line(struct store_groups_text *text,
                             struct store_groups_line *ret_line) MUST_USE;

/* Reads the next member of the line. It is empty for "". False: the line has no more members. */
bool store_groups_parse_member(struct store_groups_line *line,
                               struct sspi_view *ret_member) MUST_USE;

#endif
