/* SPDX-License-Identifier: Apache-2.0 */
/* Users in a constant database (tinycdb): made once, mapped by every process, found by name and by
 * userhash in constant time, replaced by renaming a new one over it. Never write into one that is
 * in use: who maps it would see its pages go. */
#ifndef STORE_USERS_CDB_H
#define STORE_USERS_CDB_H

#include <sys/stat.h>

#include "bytes.h"
#include "sspi_acceptor.h"
#include "store_users_parse.h"

struct store_users_cdb;

/* True when the open file starts as such a database does. */
bool store_users_cdb_is(int file) MUST_USE;

/* Maps the database. `ret_identity` becomes that of the opened file, and stays as it is when it
 * cannot be opened. NULL: `error` says what is wrong with it. */
struct store_users_cdb *store_users_cdb_open(const char *path, struct stat *ret_identity,
                                             char *error, size_t error_size) MUST_USE;

/* NULL is fine. */
void store_users_cdb_free(struct store_users_cdb *cdb);

/* As store_users_hash() and its fellows, without their dummy: false leaves the outputs alone.
 * Thread-safe without a lock. */
bool store_users_cdb_hash(const struct store_users_cdb *cdb, struct sspi_view user,
                          struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                          uint8_t ret_hash[STORE_USERS_HASH_MAX]) MUST_USE;
/* Of an MD5-ISO-8859-1 line alone. */
bool store_users_cdb_sasl_hash(const struct store_users_cdb *cdb, struct sspi_view user,
                               struct sspi_view realm,
                               uint8_t ret_hash[STORE_USERS_HASH_MAX]) MUST_USE;
bool store_users_cdb_user(const struct store_users_cdb *cdb, struct sspi_view userhash,
                          struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                          struct bytes *ret_user) MUST_USE;
void store_users_cdb_count(const struct store_users_cdb *cdb, struct sspi_view realm,
                           enum sspi_digest_algorithm algorithm, size_t *ret_users,
                           size_t *ret_with_algorithm);

/* One line after the other, in the order of the user file: `*place` is 0 at first and then what the
 * call before left there. False: that was the last. The names are valid until the database is
 * closed, and stand as user:realm in one piece; the caller wipes the hash. */
bool store_users_cdb_next(const struct store_users_cdb *cdb, unsigned *place,
                          struct store_users_line *ret_line) MUST_USE;

/* ---- making one ---- */

struct store_users_cdb_writer;

/* Begins a database in an open file that is empty, which stays the caller's. NULL: no memory, or it
 * cannot be written. */
struct store_users_cdb_writer *store_users_cdb_begin(int file) MUST_USE;

/* Adds a line of a user file, of Digest or SASL. False: a second line of one user and algorithm
 * (errno EEXIST; nothing was added); it cannot be written, over 4 GiB (errno EFBIG), no memory, or
 * an algorithm that this machine does not have (errno ENOTSUP); store_users_cdb_end() is false then
 * too. */
bool store_users_cdb_add(struct store_users_cdb_writer *writer,
                         const struct store_users_line *line) MUST_USE;

/* Ends it; the writer is gone. False: it could not be written whole. */
bool store_users_cdb_end(struct store_users_cdb_writer *writer) MUST_USE;

#endif
