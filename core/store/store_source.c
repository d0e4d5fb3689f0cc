/* SPDX-License-Identifier: Apache-2.0 */
#include "store_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool store_source_init(struct store_source *source, const struct store_source_kind *kind,
                       const char *path)
{
    *source = (struct store_source){.kind = kind};
    if (path != NULL) {
        source->path = strdup(path);
        if (source->path == NULL)
            return false;
    }
    if (pthread_mutex_init(&source->lock, NULL) != 0) {
        free(source->path);
        return false;
    }
    ref_init(&source->ref);
    return true;
}

void store_source_clear(struct store_source *source)
{
    if (source->contents != NULL)
        source->kind->free_contents(source, source->contents);
    pthread_mutex_destroy(&source->lock);
    free(source->path);
}

void store_source_free(struct store_source *source)
{
    store_source_clear(source);
    free(source);
}

static void destroy(struct store_source *source)
{
    source->kind->free(source);
}

REF(store_source, struct store_source, ref, destroy)

const char *store_source_path(const struct store_source *source)
{
    return source->path;
}

uint64_t store_source_generation(const struct store_source *source)
{
    return atomic_load(&source->generation);
}

/* ---- has the file changed? ---- */

/* A file that does not exist, or cannot be examined, is described by zeros. False: this process may
 * not search a directory of the path. Workers may not search the credentials of a systemd unit. */
static bool examine(const struct store_source *source, struct stat *ret_seen)
{
    if (source->path != NULL && stat(source->path, ret_seen) == 0)
        return true;
    bool denied = source->path != NULL && errno == EACCES;
    *ret_seen = (struct stat){0};
    return !denied;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool store_source_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           same_time(a->st_mtim, b->st_mtim) && same_time(a->st_ctim, b->st_ctim);
}

/* True also if the clock was set back. */
static bool is_due(uint64_t now_ms, uint64_t before_ms)
{
    return now_ms < before_ms || now_ms - before_ms >= STORE_SOURCE_INTERVAL_MS;
}

/* Under the lock. */
static bool claim(struct store_source *source, uint64_t now_ms, uint64_t before_ms)
{
    bool claimed = !source->is_claimed && is_due(now_ms, before_ms);
    if (claimed)
        source->is_claimed = true;
    return claimed;
}

/* Only for the thread that claimed the source. Gives up the claim if the file did not change, or if
 * this process cannot know that. */
static bool has_changed(struct store_source *source)
{
    struct stat now;
    bool known = examine(source, &now);
    if (source->path == NULL ? store_source_generation(source) == 0
                             : known && !store_source_same_file(&now, &source->seen))
        return true;
    store_source_cancel_reload(source);
    return false;
}

bool store_source_check_changed(struct store_source *source, uint64_t now_ms)
{
    /* Almost all calls end here, without the lock. */
    if (!is_due(now_ms, atomic_load(&source->checked_ms)))
        return false;
    pthread_mutex_lock(&source->lock);
    bool claimed = claim(source, now_ms, atomic_load(&source->checked_ms));
    if (claimed) {
        atomic_store(&source->checked_ms, now_ms);
        if (source->kind->on_check != NULL)
            source->kind->on_check(source);
    }
    pthread_mutex_unlock(&source->lock);
    return claimed && has_changed(source);
}

bool store_source_check_changed_now(struct store_source *source, uint64_t now_ms)
{
    if (source->path == NULL)
        return false;
    pthread_mutex_lock(&source->lock);
    bool claimed = claim(source, now_ms, source->found_ms);
    pthread_mutex_unlock(&source->lock);
    if (!claimed || !has_changed(source))
        return false;
    pthread_mutex_lock(&source->lock);
    source->found_ms = now_ms;
    pthread_mutex_unlock(&source->lock);
    return true;
}

void store_source_cancel_reload(struct store_source *source)
{
    pthread_mutex_lock(&source->lock);
    source->is_claimed = false;
    pthread_mutex_unlock(&source->lock);
}

/* ---- read it again ---- */

static void replace(struct store_source *source, void *contents)
{
    pthread_mutex_lock(&source->lock);
    void *old = source->contents;
    source->contents = contents;
    atomic_fetch_add(&source->generation, 1);
    pthread_mutex_unlock(&source->lock);
    if (old != NULL)
        source->kind->free_contents(source, old);
}

enum store_source_result store_source_reload(struct store_source *source, char *error,
                                             size_t error_size)
{
    examine(source, &source->seen);
    void *contents = source->kind->load(source, &source->seen, error, error_size);
    if (contents != NULL)
        replace(source, contents);
    store_source_cancel_reload(source);
    return contents != NULL ? STORE_SOURCE_RELOADED : STORE_SOURCE_UNREADABLE;
}

enum store_source_result store_source_refresh(struct store_source *source, uint64_t now_ms,
                                              char *error, size_t error_size)
{
    if (!store_source_check_changed(source, now_ms))
        return STORE_SOURCE_UNCHANGED;
    return store_source_reload(source, error, error_size);
}
