/* SPDX-License-Identifier: Apache-2.0 */
/* The users of Digest: a text file read into memory, with lines `user:realm:hex32` (htdigest, MD5)
 * and `user:realm:ALGORITHM:hex` (MD5, SHA-256, SHA-512-256; those of NT are NTLM's and not counted
 * here, see below; nor are those of MD5-ISO-8859-1, which are SASL's), or a constant
 * database of very many users that all processes map. The realm may be empty: Windows sends none
 * beside user@domain. */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include "bytes.h"
#include "sspi_acceptor.h"
#include "store_users_parse.h"

/* Opens `name`, a path or STORE_USERS_CDB_PREFIX and a path. A text file is read and indexed by
 * hashes of user and realm, and of the userhash; comments (#) and empty lines are skipped, CRLF is
 * accepted. A database is mapped. NULL on failure; `error` (never NULL) then holds "file:line: what
 * is wrong; what would be right" without any hash in it, and errno is ENOMEM if memory ran out,
 * else something else. Blocks on the file. */
struct sspi_users *store_users_open(const char *name, char *error, size_t error_size) MUST_USE;

/* See ref.h. */
struct sspi_users *store_users_ref(struct sspi_users *users);
void store_users_unref(struct sspi_users *users);

struct store_source;

/* The file, which is read again when it changes. */
struct store_source *store_users_source(struct sspi_users *users);

/* The path, without the prefix. */
const char *store_users_path(const struct sspi_users *users);

/* As store_source_generation(). */
uint64_t store_users_generation(const struct sspi_users *users);

/* H(user:realm:password) of the user for one algorithm (no -sess form), copied to `ret_hash`.
 * False: no such line; ret_hash then holds a fixed dummy of that length so that callers do the same
 * work. Thread-safe, no file is read. */
bool store_users_hash(struct sspi_users *users, struct sspi_view user, struct sspi_view realm,
                      enum sspi_digest_algorithm algorithm,
                      uint8_t ret_hash[STORE_USERS_HASH_MAX]) MUST_USE;

/* What SASL's DIGEST-MD5 wants of the user: the hash of the MD5-ISO-8859-1 line, else that of the
 * MD5 line, which is the same where nothing fits ISO-8859-1 but ASCII. User and realm in UTF-8,
 * however the client sent them. A client that converts less than RFC 2831 2.1.2.1 wants may mean
 * the MD5 line even where there are both: store_users_hash() tells that one. False: neither line,
 * and a dummy as above. */
bool store_users_sasl_hash(struct sspi_users *users, struct sspi_view user, struct sspi_view realm,
                           uint8_t ret_hash[STORE_USERS_HASH_MAX]) MUST_USE;

/* As store_users_hash() for the user of whom the client told H(user:realm) alone (RFC 7616 3.4.4):
 * 2 * hash_len(algorithm) lower-case hexadecimal digits. Appends the user's name to `ret_user`; for
 * an unknown one nothing, and the work is the same. In constant time for any number of users. */
bool store_users_hash_of_userhash(struct sspi_users *users, struct sspi_view userhash,
                                  struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                                  struct bytes *ret_user,
                                  uint8_t ret_hash[STORE_USERS_HASH_MAX]) MUST_USE;

/* How many users the realm (an absent view: all realms) has, and for how many of them there is a
 * line of `algorithm`. A realm without users gives 0 and 0. */
void store_users_count(struct sspi_users *users, struct sspi_view realm,
                       enum sspi_digest_algorithm algorithm, size_t *ret_users,
                       size_t *ret_with_algorithm);

/* The algorithms to offer for `realm` where nobody chose any, strongest first: of SHA-256 and MD5
 * those for which every user of the realm has a line. When there is none such, the one with the
 * most lines, so that one user added without it locks nobody else out. Returns how many, 1 or 2. */
size_t store_users_algorithms(struct sspi_users *users, struct sspi_view realm,
                              enum sspi_digest_algorithm ret_algorithms[2]);

/* ---- users of NTLM ----
 *
 * The lines `user:DOMAIN:NT:hex` of a text file. User and domain are found without case, as Windows
 * does (fold.h). Each line has a domain, and no name holds a backslash, because one stands between
 * the two wherever they are shown. A database has no such lines. */

/* Looks a user up; names in UTF-8 and of any length. No domain is the file's own
 * (store_users_nt_domain()): most clients send none when a person typed none. Wipe *ret_user.
 * False: no such line; its hash is a fixed dummy then, so that callers do the same work.
 * Thread-safe, no file is read. */
bool store_users_nt_find(struct sspi_users *users, struct sspi_view user, struct sspi_view domain,
                         struct store_nt_user *ret_user) MUST_USE;

/* The file's own domain: that of its first NT line. False: it has none. */
bool store_users_nt_domain(struct sspi_users *users,
                           char ret_domain[STORE_USERS_NAME_LIMIT + 1]) MUST_USE;

#endif
