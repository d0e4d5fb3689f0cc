/* SPDX-License-Identifier: Apache-2.0 */
/* The Digest and SASL lines of a text file, found by a hash of user and realm, or of the userhash.
 * They never change after loading, so any number of threads may read them. */
#ifndef STORE_USERS_INDEX_H
#define STORE_USERS_INDEX_H

#include "bytes.h"
#include "sspi_acceptor.h"

struct store_users_index;

/* Parses the text of a user file (copied; wipe it afterwards). NULL: a bad line or no memory;
 * `error` then holds "path:line: what is wrong; what would be right". */
struct store_users_index *store_users_index_new(struct sspi_view text, const char *path,
                                                char *error, size_t error_size) MUST_USE;

/* Wipes and frees; NULL is fine. */
void store_users_index_free(struct store_users_index *index);

/* Returns the user's hash, hash_len(algorithm) octets that live as long as the index. NULL: there
 * is no such line. */
const uint8_t *store_users_index_hash(const struct store_users_index *index, struct sspi_view user,
                                      struct sspi_view realm,
                                      enum sspi_digest_algorithm algorithm) MUST_USE;

/* The same for the user's MD5-ISO-8859-1 line, 16 octets. */
const uint8_t *store_users_index_sasl_hash(const struct store_users_index *index,
                                           struct sspi_view user, struct sspi_view realm) MUST_USE;

/* Finds the user of `realm` with that userhash (lower-case hexadecimal) and a line of the
 * algorithm. The name lives as long as the index. False: there is none. */
bool store_users_index_user(const struct store_users_index *index, struct sspi_view userhash,
                            struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                            struct sspi_view *ret_user) MUST_USE;

/* As store_users_count(). */
void store_users_index_count(const struct store_users_index *index, struct sspi_view realm,
                             enum sspi_digest_algorithm algorithm, size_t *ret_users,
                             size_t *ret_with_algorithm);

#endif
