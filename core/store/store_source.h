/* SPDX-License-Identifier: Apache-2.0 */
/* A source: contents that come from a file and are read again when the file changes. Keytabs and
 * users are sources. The names that winbind returns are a source without a file: winbind is asked
 * for them until it has returned them.
 *
 * A thread that uses the contents calls store_source_check_changed() first. If it returns true,
 * this thread must call store_source_reload() or store_source_cancel_reload() later, or let another
 * thread call it. Until then all threads use the old contents, and no other thread starts a reload.
 */
#ifndef STORE_SOURCE_H
#define STORE_SOURCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "bytes.h"
#include "ref.h"

/* Two regular checks of a file are at least this far apart. */
#define STORE_SOURCE_INTERVAL_MS 1000u

struct store_source;

struct store_source_kind {
    /* Reads new contents. `seen` is the state of the file before the call. The function replaces it
     * by the state of the file that it opened, if it knows that. NULL: `error` says why. It is
     * called without the lock, by one thread at a time. */
    void *(*load)(struct store_source *source, struct stat *seen, char *error, size_t error_size);
    /* Frees contents. Called like `load`, or when no other thread has the source. */
    void (*free_contents)(struct store_source *source, void *contents);
    /* Optional. Each regular check calls it under the lock. */
    void (*on_check)(struct store_source *source);
    /* Frees the object that the source is a part of. It calls store_source_clear(). */
    void (*free)(struct store_source *source);
};

/* The first member of the object. */
struct store_source {
    struct ref ref;
    const struct store_source_kind *kind;
    char *path;                      /* NULL: no file */
    atomic_uint_fast64_t generation; /* counts the contents; changes under the lock */
    atomic_uint_fast64_t checked_ms; /* time of the last regular check */
    pthread_mutex_t lock;            /* guards what follows, except `seen` */
    void *contents;                  /* NULL: nothing was loaded yet */
    uint64_t found_ms;               /* when store_source_check_changed_now() last found a change */
    bool is_claimed; /* from the start of a check to its end, or to the end of the reload */
    /* The state of the file at the last load, even if that failed, so that an error is reported
     * once. Only the thread that claimed the source uses it. */
    struct stat seen;
};

/* Prepares a source without contents; the caller is its first owner. `path` is copied; NULL: no
 * file. False: no memory. */
bool store_source_init(struct store_source *source, const struct store_source_kind *kind,
                       const char *path) MUST_USE;

/* Frees the contents, and all that store_source_init() allocated. */
void store_source_clear(struct store_source *source);

/* The `free` of a kind whose object has nothing else to free. */
void store_source_free(struct store_source *source);

/* See ref.h. */
struct store_source *store_source_ref(struct store_source *source);
void store_source_unref(struct store_source *source);

/* The path of the file. */
const char *store_source_path(const struct store_source *source);

/* The number of the current contents: 0 before the first load, and one more after each. It takes no
 * lock, so a thread may see the old number for a moment. */
uint64_t store_source_generation(const struct store_source *source);

/* A regular check, at most once a second of `now_ms` (one stat). True for only one thread: the file
 * changed since the last load, and the thread has claimed the reload, see above. */
bool store_source_check_changed(struct store_source *source, uint64_t now_ms) MUST_USE;

/* As store_source_check_changed(), but without waiting for the next regular check: for credentials
 * that the contents do not verify. It checks the file on each call (one stat), and returns true at
 * most once a second. Always false for a source without a file. */
bool store_source_check_changed_now(struct store_source *source, uint64_t now_ms) MUST_USE;

enum store_source_result {
    STORE_SOURCE_UNCHANGED,
    STORE_SOURCE_RELOADED,
    STORE_SOURCE_UNREADABLE /* The contents could not be loaded: the old ones stay, and `error` says
                             * why. Each change of the file is reported once. */
};

/* Loads the contents: RELOADED or UNREADABLE. Blocks on the file. For the thread that claimed the
 * reload, and for the first load. */
enum store_source_result store_source_reload(struct store_source *source, char *error,
                                             size_t error_size);

/* Gives up a claim without a reload. A later check finds the change again. */
void store_source_cancel_reload(struct store_source *source);

/* A regular check and, after a change, the reload, for callers that may block. */
enum store_source_result store_source_refresh(struct store_source *source, uint64_t now_ms,
                                              char *error, size_t error_size);

/* Defines the functions that a type of a source has for its callers. */
#define STORE_SOURCE(prefix, type, member)                                                         \
    type *prefix##_ref(type *object)                                                               \
    {                                                                                              \
        (void)store_source_ref(&object->member);                                                   \
        return object;                                                                             \
    }                                                                                              \
    void prefix##_unref(type *object)                                                              \
    {                                                                                              \
        store_source_unref(object == NULL ? NULL : &object->member);                               \
    }                                                                                              \
    struct store_source *prefix##_source(type *object)                                             \
    {                                                                                              \
        return &object->member;                                                                    \
    }

/* True if both describe the same file, unchanged. The time of the last status change counts too,
 * because chmod may make a file readable. */
bool store_source_same_file(const struct stat *a, const struct stat *b);

#endif
