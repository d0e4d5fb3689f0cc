/* SPDX-License-Identifier: Apache-2.0 */
/* The users of one state of the file, whichever kind it is. Never changed once loaded, so any
 * number of threads may look into it; the last who holds it frees it. */
#ifndef STORE_USERS_CONTENTS_H
#define STORE_USERS_CONTENTS_H

#include <sys/stat.h>

#include "bytes.h"
#include "sspi_acceptor.h"
#include "store_users_parse.h"

struct store_users_contents;
struct store_nt_index;

/* Reads the text file at `path`, or maps the database. `ret_identity` becomes that of the opened
 * file, and stays as it is when it cannot be opened. NULL: `error` says why. Blocks on the file. */
struct store_users_contents *store_users_contents_load(const char *path, bool is_database,
                                                       struct stat *ret_identity, char *error,
                                                       size_t error_size) MUST_USE;

struct store_users_contents *store_users_contents_ref(struct store_users_contents *contents);

/* NULL is fine. */
void store_users_contents_unref(struct store_users_contents *contents);

/* The NT lines, which live as long; NULL in a database. */
const struct store_nt_index *
store_users_contents_nt(const struct store_users_contents *contents) MUST_USE;

/* As store_users_hash() and its fellows, without their dummy: false leaves the outputs alone. */
bool store_users_contents_hash(const struct store_users_contents *contents, struct sspi_view user,
                               struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                               uint8_t ret_hash[STORE_USERS_HASH_MAX]) MUST_USE;
/* Of an MD5-ISO-8859-1 line alone. */
bool store_users_contents_sasl_hash(const struct store_users_contents *contents,
                                    struct sspi_view user, struct sspi_view realm,
                                    uint8_t ret_hash[STORE_USERS_HASH_MAX]) MUST_USE;
bool store_users_contents_user(const struct store_users_contents *contents,
                               struct sspi_view userhash, struct sspi_view realm,
                               enum sspi_digest_algorithm algorithm,
                               struct bytes *ret_user) MUST_USE;
void store_users_contents_count(const struct store_users_contents *contents, struct sspi_view realm,
                                enum sspi_digest_algorithm algorithm, size_t *ret_users,
                                size_t *ret_with_algorithm);

#endif
