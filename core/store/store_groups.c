/* SPDX-License-Identifier: Apache-2.0 */
/* Each lookup takes a reference to the current index, so that a reload does not wait for lookups.
 */
#include "store_groups.h"

#include <stdio.h>
#include <stdlib.h>

#include "error_info.h"
#include "store_source.h"
#include "store_text.h"

/* Its contents are a struct store_groups_index. */
struct store_groups {
    struct store_source source;
};

static const struct store_text_kind text_kind = {
    .what = "a group file",
    .limit = STORE_GROUPS_FILE_LIMIT,
    .when_larger = "16 MiB; use groups of a directory for so many users",
    .writer = "mv",
};

static void *load(struct store_source *source, struct stat *seen, char *error, size_t error_size)
{
    BYTES_CLEANUP struct bytes text = {0};
    if (!store_text_read(source->path, &text_kind, seen, &text, error, error_size))
        return NULL;
    return store_groups_index_new(&text, source->path, error, error_size);
}

static void free_contents(struct store_source *source, void *contents)
{
    (void)source;
    store_groups_index_unref(contents);
}

static const struct store_source_kind groups_kind = {
    .load = load,
    .free_contents = free_contents,
    .free = store_source_free,
};

STORE_SOURCE(store_groups, struct store_groups, source)

struct store_groups *store_groups_open(const char *path, char *error, size_t error_size)
{
    struct store_groups *groups = calloc(1, sizeof(*groups));
    if (groups == NULL || !store_source_init(&groups->source, &groups_kind, path)) {
        snprintf(error, error_size, "%s: " OUT_OF_MEMORY, path);
        free(groups);
        return NULL;
    }
    if (store_source_reload(&groups->source, error, error_size) == STORE_SOURCE_RELOADED)
        return groups;
    store_groups_unref(groups);
    return NULL;
}

static struct store_groups_index *index_of(struct store_groups *groups)
{
    pthread_mutex_lock(&groups->source.lock);
    struct store_groups_index *index = store_groups_index_ref(groups->source.contents);
    pthread_mutex_unlock(&groups->source.lock);
    return index;
}

bool store_groups_has(struct store_groups *groups, const struct store_groups_user *user,
                      struct sspi_view group)
{
    struct store_groups_index *index = index_of(groups);
    bool has = store_groups_index_has(index, user, group);
    store_groups_index_unref(index);
    return has;
}

void store_groups_visit(struct store_groups *groups, const struct store_groups_user *user,
                        void (*visit)(void *self, struct sspi_view group), void *self)
{
    struct store_groups_index *index = index_of(groups);
    store_groups_index_visit(index, user, visit, self);
    store_groups_index_unref(index);
}
