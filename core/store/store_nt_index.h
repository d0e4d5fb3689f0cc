/* SPDX-License-Identifier: Apache-2.0 */
/* The NT lines of a file's text, found by user and domain without case. Never changed once made, so
 * any number of threads may read it. */
#ifndef STORE_NT_INDEX_H
#define STORE_NT_INDEX_H

#include "bytes.h"
#include "store_users_parse.h"

struct store_nt_index;

/* Takes the NT lines of a user file whose lines are all right (store_users_index_new() has read
 * them). NULL: a second line of one user and domain, a name that no NT line may have, or no memory;
 * `error` then holds "path:line: what is wrong; what would be right". */
struct store_nt_index *store_nt_index_new(struct sspi_view text, const char *path, char *error,
                                          size_t error_size) MUST_USE;

/* Wipes and frees; NULL is fine. */
void store_nt_index_free(struct store_nt_index *index);

/* As store_users_nt_find() and store_users_nt_domain(), without the dummy: false leaves the outputs
 * alone. Takes the same time for every name of one length. */
bool store_nt_index_find(const struct store_nt_index *index, struct sspi_view user,
                         struct sspi_view domain, struct store_nt_user *ret_user) MUST_USE;
bool store_nt_index_domain(const struct store_nt_index *index,
                           char ret_domain[STORE_USERS_NAME_LIMIT + 1]) MUST_USE;

#endif
