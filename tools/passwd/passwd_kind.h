/* SPDX-License-Identifier: Apache-2.0 */
/* What a line of a user file holds: a hash for Digest by one of three algorithms, one for NTLM, or
 * one for SASL's DIGEST-MD5 where that is not MD5's. */
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

/* As in a file's line: "SHA-256". */
const char *passwd_kind_name(enum passwd_kind kind);

/* The kind of that name, letters without case; PASSWD_N_KINDS when unknown. */
enum passwd_kind passwd_kind_from_name(struct sspi_view name);

/* The kind that people name to have, or to delete, a line of `kind`: those of SASL come and go with
 * MD5's. */
enum passwd_kind passwd_kind_asked(enum passwd_kind kind);

/* Digest's or SASL's algorithm; SSPI_DIGEST_NONE for NT. */
enum sspi_digest_algorithm passwd_kind_algorithm(enum passwd_kind kind);

/* Of a line that was read. */
enum passwd_kind passwd_kind_of(const struct store_users_line *line);

/* Octets of the hash: 16 or 32. */
size_t passwd_kind_len(enum passwd_kind kind);

#endif
