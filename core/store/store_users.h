/* SPDX-License-Identifier: Apache-2.0 */
/* The users of a file. It is a text file that is read into memory, or a constant database of very
 * many users that all processes map.
 *
 * Lines of Digest are `user:realm:hex32` (htdigest, MD5) and `user:realm:ALGORITHM:hex` (MD5,
 * SHA-256, SHA-512-256). The realm may be empty, because Windows sends none with user@domain. Lines
 * of NT are for NTLM, and lines of MD5-ISO-8859-1 are for SASL. Both are not counted as lines of
 * Digest. */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include "bytes.h"
#include "sspi_acceptor.h"
#include "store_users_parse.h"

/* Opens `name`: a path, or STORE_USERS_CDB_PREFIX and a path. A database is mapped. A text file is
 * read, and indexed by hashes of user and realm and by userhashes. Comments (#) and empty lines are
 * skipped, and CRLF is accepted. NULL: `error` (never NULL) holds "file:line: what is wrong; what
 * would be right", without any hash. Then errno is ENOMEM if memory ran out, otherwise another
 * value. Blocks on the file. */
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

/* Copies H(user:realm:password) of the user for one algorithm (no -sess form) to `ret_hash`. False:
 * there is no such line. `ret_hash` then holds a fixed dummy of that length, so that callers do the
 * same work. Thread-safe. Reads no file. */
bool store_users_hash(struct sspi_users *users, struct sspi_view user, struct sspi_view realm,
                      enum sspi_digest_algorithm algorithm,
                      uint8_t ret_hash[STORE_USERS_HASH_MAX]) MUST_USE;

/* The hash that SASL's DIGEST-MD5 needs: that of the user's MD5-ISO-8859-1 line, otherwise that of
 * the MD5 line. Both are equal for names and passwords that are ASCII or do not fit ISO-8859-1.
 * User and realm are in UTF-8, in whatever encoding the client sent them. A user may have both
 * lines. A client that does not convert as RFC 2831 2.1.2.1 demands has then computed the hash of
 * the MD5 line, which store_users_hash() returns. False: the user has neither line, and `ret_hash`
 * holds a dummy as above. */
bool store_users_sasl_hash(struct sspi_users *users, struct sspi_view user, struct sspi_view realm,
                           uint8_t ret_hash[STORE_USERS_HASH_MAX]) MUST_USE;

/* As store_users_hash(), for a client that sent only H(user:realm) (RFC 7616 3.4.4): 2 *
 * hash_len(algorithm) lower-case hexadecimal digits. Appends the name of the user to `ret_user`.
 * For an unknown user it appends nothing and does the same work. Takes constant time for any number
 * of users. */
bool store_users_hash_of_userhash(struct sspi_users *users, struct sspi_view userhash,
                                  struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                                  struct bytes *ret_user,
                                  uint8_t ret_hash[STORE_USERS_HASH_MAX]) MUST_USE;

/* Counts the users of the realm (an absent view: of all realms), and those of them that have a line
 * of `algorithm`. A realm without users gives 0 and 0. */
void store_users_count(struct sspi_users *users, struct sspi_view realm,
                       enum sspi_digest_algorithm algorithm, size_t *ret_users,
                       size_t *ret_with_algorithm);

/* Chooses the algorithms to offer for `realm` if the configuration names none, strongest first.
 * These are SHA-256 and MD5, if every user of the realm has a line for the algorithm. If neither
 * has, it is the algorithm with the most lines. So a new user without a line of that algorithm does
 * not lock out the other users. Returns how many, 1 or 2. */
size_t store_users_algorithms(struct sspi_users *users, struct sspi_view realm,
                              enum sspi_digest_algorithm ret_algorithms[2]);

/* ---- users of NTLM ----
 *
 * The lines `user:DOMAIN:NT:hex` of a text file. User and domain are found without case, as Windows
 * does (fold.h). Each line has a domain, and no name holds a backslash, because a backslash
 * separates domain and user in DOMAIN\user. A database has no such lines. */

/* Looks a user up. The names are in UTF-8 and of any length. An empty domain means the domain of
 * the file (store_users_nt_domain()), because most clients send no domain unless the person typed
 * one. The caller wipes *ret_user. False: there is no such line. The hash is then a fixed dummy, so
 * that callers do the same work. Thread-safe. Reads no file. */
bool store_users_nt_find(struct sspi_users *users, struct sspi_view user, struct sspi_view domain,
                         struct store_nt_user *ret_user) MUST_USE;

/* The domain of the file: that of its first NT line. False: it has no NT line. */
bool store_users_nt_domain(struct sspi_users *users,
                           char ret_domain[STORE_USERS_NAME_LIMIT + 1]) MUST_USE;

#endif
