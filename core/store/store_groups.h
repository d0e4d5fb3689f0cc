/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of a file of Apache's htgroup format (store_groups_parse.h). Members are full names of
 * users. The names of groups are compared without case, as httpd compares them. */
#ifndef STORE_GROUPS_H
#define STORE_GROUPS_H

#include "bytes.h"
#include "store_groups_index.h" /* struct store_groups_user */

struct store_groups; /* opaque */

/* Reads the file at `path`. NULL: `error` (never NULL) holds "file:line: what is wrong; what would
 * be right". Blocks on the file. */
struct store_groups *store_groups_open(const char *path, char *error, size_t error_size) MUST_USE;

/* See ref.h. */
struct store_groups *store_groups_ref(struct store_groups *groups);
void store_groups_unref(struct store_groups *groups);

struct store_source;

/* The file, which is read again when it changes. */
struct store_source *store_groups_source(struct store_groups *groups);

/* True if the file lists the user as a member of the group. The names may have any length.
 * Thread-safe. Allocates nothing, reads no file. */
bool store_groups_has(struct store_groups *groups, const struct store_groups_user *user,
                      struct sspi_view group) MUST_USE;

/* Calls `visit` for each group of the user, once each, in the order of their names without case.
 * The view is valid until `visit` returns. Thread-safe. Allocates nothing, reads no file. */
void store_groups_visit(struct store_groups *groups, const struct store_groups_user *user,
                        void (*visit)(void *self, struct sspi_view group), void *self);

#endif
