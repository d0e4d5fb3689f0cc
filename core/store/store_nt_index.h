/* SPDX-License-Identifier: Apache-2.0 */
/* The NT lines of a text file, found by user and domain without case. They never change after
 * loading, so any number of threads may read them. */
#ifndef STORE_NT_INDEX_H
#define STORE_NT_INDEX_H

#include "bytes.h"
#include "store_users_parse.h"

struct store_nt_index;

/* Reads the NT lines of a user file. store_users_index_new() has already accepted all its lines.
 * NULL: a user and domain have a second line, a name is not allowed in an NT line, or no memory.
 * `error` then holds "path:line: what is wrong; what would be right". */
struct store_nt_index *store_nt_index_new(struct sspi_view text, const char *path, char *error,
                                          size_t error_size) MUST_USE;

/* Wipes and frees; NULL is fine. */
void store_nt_index_free(struct store_nt_index *index);

/* As store_users_nt_find() and store_users_nt_domain(), but they write no dummy: if they return
 * false, the outputs are unchanged. Takes the same time for every name of one length. */
bool store_nt_index_find(const struct store_nt_index *index, struct sspi_view user,
                         struct sspi_view domain, struct store_nt_user *ret_user) MUST_USE;
bool store_nt_index_domain(const struct store_nt_index *index,
                           char ret_domain[STORE_USERS_NAME_LIMIT + 1]) MUST_USE;

#endif
