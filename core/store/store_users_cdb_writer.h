/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a constant database of users, for sspi-passwd --compile. No server calls it. */
#ifndef STORE_USERS_CDB_WRITER_H
#define STORE_USERS_CDB_WRITER_H

#include "store_users_parse.h"

struct store_users_cdb_writer;

/* Begins a database in an open, empty file. The caller closes the file. NULL: no memory, or the
 * file cannot be written. */
struct store_users_cdb_writer *store_users_cdb_writer_new(int file) MUST_USE;

/* Adds a line of Digest or SASL of a user file. False, and errno says why:
 *  - EEXIST: the user has a line of this algorithm already. Nothing was added.
 *  - EFBIG: the file would be larger than 4 GiB.
 *  - ENOTSUP: this machine does not have the algorithm.
 *  - another value: no memory, or the file cannot be written.
 * After each error but EEXIST, store_users_cdb_writer_finish() returns false too. */
bool store_users_cdb_writer_add(struct store_users_cdb_writer *writer,
                                const struct store_users_line *line) MUST_USE;

/* Completes the database and frees the writer. False: the file could not be written completely. */
bool store_users_cdb_writer_finish(struct store_users_cdb_writer *writer) MUST_USE;

#endif
