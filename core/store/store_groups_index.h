/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of one state of a group file, found by a member's name. They never change after
 * loading, so any number of threads may read them. The last owner frees them. */
#ifndef STORE_GROUPS_INDEX_H
#define STORE_GROUPS_INDEX_H

#include "bytes.h"

/* The most octets of a file, and of a line: 16 MiB, which is httpd's limit of a line. */
#define STORE_GROUPS_FILE_LIMIT (16u << 20)

/* The most groups of one member. */
#define STORE_GROUPS_OF_MEMBER_LIMIT 4096

/* Whose groups are asked for: the member that is `prefix` and `name` together. */
struct store_groups_user {
    struct sspi_view prefix; /* may be empty */
    struct sspi_view name;
    bool ignores_case; /* of ASCII letters */
};

struct store_groups_index; /* opaque */

/* Reads the text of a group file, at most STORE_GROUPS_FILE_LIMIT octets. It takes over the
 * contents of `text`, and leaves an empty one there. NULL: the text is not one of a group file, a
 * member is in too many groups, or no memory. `error` then holds "path:line: what is wrong; what
 * would be right". */
struct store_groups_index *store_groups_index_new(struct bytes *text, const char *path, char *error,
                                                  size_t error_size) MUST_USE;

/* See ref.h. */
struct store_groups_index *store_groups_index_ref(struct store_groups_index *index);
void store_groups_index_unref(struct store_groups_index *index);

/* As store_groups_has() and store_groups_visit() of store_groups.h. They allocate nothing and take
 * two binary searches. */
bool store_groups_index_has(const struct store_groups_index *index,
                            const struct store_groups_user *user, struct sspi_view group) MUST_USE;
void store_groups_index_visit(const struct store_groups_index *index,
                              const struct store_groups_user *user,
                              void (*visit)(void *self, struct sspi_view group), void *self);

#endif
