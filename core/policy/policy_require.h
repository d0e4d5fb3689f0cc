/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of the lines of sspi_require. httpd's Require lines have the same words. Pure.
 *
 *   user NAME | ~REGEX ...   one of these full names
 *   group GROUP ...          a member of one of these groups
 *   realm REALM ...          one of these realms
 *   channel-bound            the client proved that it uses this TLS channel
 *
 * A SID or DOMAIN\name is a group of the directory. Any other group is one of the group file or of
 * this machine. So a group "admins" of this machine is never the directory's group. */
#ifndef POLICY_REQUIRE_H
#define POLICY_REQUIRE_H

#include "sid.h"
#include "sspi_http.h"

/* ---- words ---- */

/* Stands before the names and the realms of Digest, where those of other schemes may stand too. */
#define POLICY_DIGEST_PREFIX "digest:"

enum policy_group {
    POLICY_GROUP_INVALID,
    POLICY_GROUP_SID,    /* S-1-5-21-1-2-3-512 */
    POLICY_GROUP_DOMAIN, /* DOMAIN\name */
    POLICY_GROUP_PLAIN   /* a name of the group file, or of this machine */
};

/* Reads a group. SID: *ret_sid is set. */
enum policy_group policy_require_group(struct sspi_view word, struct sid *ret_sid) MUST_USE;

/* True if a word for a user is a pattern. */
bool policy_require_is_pattern(struct sspi_view word);

/* Checks one line without its end. Returns NULL if it is good. Otherwise returns what would be
 * right (static text), and *ret_word is the word that is wrong. */
const char *policy_require_check_line(const struct sspi_view *words, size_t n_words,
                                      struct sspi_view *ret_word) MUST_USE;

/* A position in the lines of a requirement. Begin with {.all = &words}. */
struct policy_require_at {
    const struct sspi_words *all;
    size_t next;            /* index of the next line's first word */
    struct sspi_words line; /* `compiled` is parallel to its words, or NULL */
};

/* Moves to the next line. False: there is none. */
bool policy_require_next(struct policy_require_at *at);

/* True if `line` begins with this word. */
bool policy_require_line_is(const struct sspi_words *line, struct sspi_view kind);

/* True if a line demands a bound channel. */
bool policy_require_has_bound_line(const struct sspi_words *lines);

#endif
