/* SPDX-License-Identifier: Apache-2.0 */
/* Users in a constant database (tinycdb). The file is made once, and every process maps it. Lookups
 * by name and by userhash take constant time. To replace it, rename a new file over it. Never write
 * into a file that is in use: the processes that map it would lose its pages. */
#ifndef STORE_USERS_CDB_H
#define STORE_USERS_CDB_H

#include <sys/stat.h>

#include "bytes.h"
#include "sspi_acceptor.h"
#include "store_users_parse.h"

struct store_users_cdb;

/* True if the open file starts as such a database does. */
bool store_users_cdb_is(int file) MUST_USE;

/* Maps the database. `ret_identity` becomes the state of the opened file. It does not change if the
 * file cannot be opened. NULL: `error` says what is wrong with the file. */
struct store_users_cdb *store_users_cdb_open(const char *path, struct stat *ret_identity,
                                             char *error, size_t error_size) MUST_USE;

/* NULL is fine. */
void store_users_cdb_free(struct store_users_cdb *cdb);

/* As the functions of store_users.h without "cdb" in their names, but they write no dummy: if they
 * return false, the outputs are unchanged. Thread-safe without a lock. */
bool store_users_cdb_hash(const struct store_users_cdb *cdb, struct sspi_view user,
                          struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                          uint8_t ret_hash[STORE_USERS_HASH_MAX]) MUST_USE;
/* Only for an MD5-ISO-8859-1 line. */
bool store_users_cdb_sasl_hash(const struct store_users_cdb *cdb, struct sspi_view user,
                               struct sspi_view realm,
                               uint8_t ret_hash[STORE_USERS_HASH_MAX]) MUST_USE;
bool store_users_cdb_user(const struct store_users_cdb *cdb, struct sspi_view userhash,
                          struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                          struct bytes *ret_user) MUST_USE;
void store_users_cdb_count(const struct store_users_cdb *cdb, struct sspi_view realm,
                           enum sspi_digest_algorithm algorithm, size_t *ret_users,
                           size_t *ret_with_algorithm);

/* Returns one line after the other, in the order of the user file. `*position` is 0 at first, and
 * later what the last call set. False: there are no more lines. The names are valid until the
 * database is freed. They are one string user:realm. The caller wipes the hash. */
bool store_users_cdb_next(const struct store_users_cdb *cdb, unsigned *position,
                          struct store_users_line *ret_line) MUST_USE;

#endif
