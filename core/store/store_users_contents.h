/* SPDX-License-Identifier: Apache-2.0 */
/* The users of one state of a file of either kind. They never change after loading, so any number
 * of threads may read them. The last owner frees them. */
#ifndef STORE_USERS_CONTENTS_H
#define STORE_USERS_CONTENTS_H

#include <sys/stat.h>

#include "bytes.h"
#include "sspi_acceptor.h"
#include "store_users_parse.h"

struct store_users_contents;
struct store_nt_index;

/* Reads the text file at `path`, or maps the database. `ret_identity` becomes the state of the
 * opened file. It does not change if the file cannot be opened. NULL: `error` says why. Blocks on
 * the file. */
struct store_users_contents *store_users_contents_load(const char *path, bool is_database,
                                                       struct stat *ret_identity, char *error,
                                                       size_t error_size) MUST_USE;

struct store_users_contents *store_users_contents_ref(struct store_users_contents *contents);

/* NULL is fine. */
void store_users_contents_unref(struct store_users_contents *contents);

/* The NT lines, which live as long as the contents. NULL: a database has none. */
const struct store_nt_index *
store_users_contents_nt(const struct store_users_contents *contents) MUST_USE;

/* As the functions of store_users.h without "contents" in their names, but they write no dummy: if
 * they return false, the outputs are unchanged. */
bool store_users_contents_hash(const struct store_users_contents *contents, struct sspi_view user,
                               struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                               uint8_t ret_hash[STORE_USERS_HASH_MAX]) MUST_USE;
/* Only for an MD5-ISO-8859-1 line. */
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
