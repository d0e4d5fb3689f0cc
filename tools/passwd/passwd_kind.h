/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of lines in a user file. A line contains a hash for Digest by one of three
 * algorithms, or a hash for NTLM. If SASL's DIGEST-MD5 needs another hash than MD5, a line contains
 * that. */
#ifndef PASSWD_KIND_H
#define PASSWD_KIND_H

#include "store_users_parse.h"

enum passwd_kind {
    PASSWD_MD5,
    PASSWD_SHA_256,
    PASSWD_SHA_512_256,
    PASSWD_NT,
    PASSWD_SASL,
    PASSWD_N_KINDS
};

/* Returns the name of a kind as in the lines of files: "SHA-256". */
const char *passwd_kind_name(enum passwd_kind kind);

/* Returns the kind of this name in any case, or PASSWD_N_KINDS if the name is unknown. */
enum passwd_kind passwd_kind_from_name(struct sspi_view name);

/* Returns the kind that a user names in -a to write or delete a line of `kind`: MD5 for SASL, and
 * any other kind itself. */
enum passwd_kind passwd_kind_asked(enum passwd_kind kind);

/* Returns the algorithm of Digest or SASL; SSPI_DIGEST_NONE for NT. */
enum sspi_digest_algorithm passwd_kind_algorithm(enum passwd_kind kind);

/* Returns the kind of a line that was read. */
enum passwd_kind passwd_kind_of(const struct store_users_line *line);

/* Returns the octets of the hash: 16 or 32. */
size_t passwd_kind_len(enum passwd_kind kind);

#endif
