/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_ccaches.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acceptor_ccache_name.h"
#include "acceptor_job.h"
#include "clock.h"
#include "error_info.h"
#include "ref.h"

struct directory {
    struct directory *next;
    char *path;
};

struct acceptor_ccaches {
    struct ref ref;
    struct directory *directories; /* only the parent changes them */
    atomic_uint_fast64_t due_ms;   /* of the next sweep */
    atomic_bool is_claimed;        /* a thread has the job */
};

struct acceptor_ccaches *acceptor_ccaches_new(void)
{
    struct acceptor_ccaches *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return NULL;
    ref_init(&made->ref);
    atomic_init(&made->due_ms, UINT64_MAX);
    atomic_init(&made->is_claimed, false);
    return made;
}

static void destroy(struct acceptor_ccaches *ccaches)
{
    while (ccaches->directories != NULL) {
        struct directory *first = ccaches->directories;
        ccaches->directories = first->next;
        free(first->path);
        free(first);
    }
    free(ccaches);
}

REF(acceptor_ccaches, struct acceptor_ccaches, ref, destroy)

/* ---- sweeping ---- */

/* Opens a directory to read it. A symbolic link is not followed. NULL: it cannot be read. */
static DIR *open_directory(const char *path)
{
    int file = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *opened = file == -1 ? NULL : fdopendir(file);
    if (opened == NULL && file != -1)
        (void)close(file);
    return opened;
}

/* Decides whether a file is removed, by its name. */
typedef bool decides(const void *self, const char *name);

/* unlinkat() removes a link, never what it points to. */
static void remove_files(const char *path, decides *is_removed, const void *self)
{
    DIR *opened = open_directory(path);
    const struct dirent *entry;
    struct stat found;
    if (opened == NULL)
        return;
    while ((entry = readdir(opened)) != NULL)
        if (is_removed(self, entry->d_name) &&
            fstatat(dirfd(opened), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(found.st_mode))
            (void)unlinkat(dirfd(opened), entry->d_name, 0);
    (void)closedir(opened);
}

struct moment {
    struct acceptor_ccache_creator self;
    uint64_t now_ms;
};

static bool is_over(const void *moment_, const char *name)
{
    const struct moment *moment = moment_;
    return acceptor_ccache_name_is_over(name, &moment->self, moment->now_ms);
}

static void sweep(const char *path)
{
    const struct clock *clock = clock_machine();
    struct moment moment = {.now_ms = clock->now_ms(clock->self)};
    acceptor_ccache_creator_self(&moment.self);
    remove_files(path, is_over, &moment);
}

/* ---- directories ---- */

static bool check_directory(const char *path, uid_t worker_uid, char *why)
{
    struct stat found;
    if (lstat(path, &found) != 0)
        snprintf(why, SSPI_ERROR_SIZE, "%.300s: %s", path, strerror(errno));
    else if (!S_ISDIR(found.st_mode))
        snprintf(why, SSPI_ERROR_SIZE, "%.300s is not a directory", path);
    else if (found.st_uid != worker_uid || (found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        snprintf(why, SSPI_ERROR_SIZE,
                 "%.250s has owner %u and mode %04o, but only the workers' account may enter it: "
                 "chown %u and chmod 0700",
                 path, (unsigned)found.st_uid, (unsigned)(found.st_mode & 07777),
                 (unsigned)worker_uid);
    else
        return true;
    return false;
}

bool acceptor_ccaches_open(struct acceptor_ccaches *ccaches, struct sspi_view path,
                           uid_t worker_uid, uint64_t now_ms, char *why)
{
    if (acceptor_ccaches_find(ccaches, path) != NULL)
        return true;
    struct directory *made = calloc(1, sizeof(*made));
    char *copy = strndup(path.data, path.len);
    if (made == NULL || copy == NULL)
        snprintf(why, SSPI_ERROR_SIZE, OUT_OF_MEMORY);
    if (made == NULL || copy == NULL || !check_directory(copy, worker_uid, why)) {
        free(made);
        free(copy);
        return false;
    }
    *made = (struct directory){ccaches->directories, copy};
    ccaches->directories = made;
    sweep(copy);
    atomic_store(&ccaches->due_ms, now_ms + ACCEPTOR_CCACHES_INTERVAL_MS);
    return true;
}

const char *acceptor_ccaches_find(const struct acceptor_ccaches *ccaches, struct sspi_view path)
{
    for (const struct directory *at = ccaches->directories; at != NULL; at = at->next)
        if (bytes_equal(bytes_view(at->path), path))
            return at->path;
    return NULL;
}

/* ---- the job ---- */

struct sweeping {
    struct sspi_job job;
    struct acceptor_ccaches *ccaches; /* its own reference */
};

static void run(struct sspi_job *job)
{
    const struct sweeping *sweeping = (struct sweeping *)job;
    for (const struct directory *at = sweeping->ccaches->directories; at != NULL; at = at->next)
        sweep(at->path);
    atomic_store(&sweeping->ccaches->due_ms,
                 clock_machine_steady_ms() + ACCEPTOR_CCACHES_INTERVAL_MS);
}

/* A job that never ran stays due. */
static void destroy_sweeping(struct sspi_job *job)
{
    struct sweeping *sweeping = (struct sweeping *)job;
    atomic_store(&sweeping->ccaches->is_claimed, false);
    acceptor_ccaches_unref(sweeping->ccaches);
    free(sweeping);
}

struct sspi_job *acceptor_ccaches_check_due(struct acceptor_ccaches *ccaches, uint64_t now_ms)
{
    /* Almost all calls end here. */
    if (now_ms < atomic_load_explicit(&ccaches->due_ms, memory_order_relaxed) ||
        atomic_exchange(&ccaches->is_claimed, true))
        return NULL;
    struct sweeping *sweeping = calloc(1, sizeof(*sweeping));
    if (sweeping == NULL) {
        atomic_store(&ccaches->is_claimed, false);
        return NULL;
    }
    acceptor_job_init(&sweeping->job, run, destroy_sweeping);
    sweeping->ccaches = acceptor_ccaches_ref(ccaches);
    return &sweeping->job;
}

/* ---- logout ---- */

struct ended {
    const struct hash_suite *hashes;
    struct sspi_view session_id;
};

static bool is_of_ended(const void *ended_, const char *name)
{
    const struct ended *ended = ended_;
    return acceptor_ccache_name_is_of_session(ended->hashes, name, ended->session_id);
}

void acceptor_ccaches_remove_session(const struct acceptor_ccaches *ccaches,
                                     const struct hash_suite *hashes, struct sspi_view session_id)
{
    const struct ended ended = {hashes, session_id};
    for (const struct directory *at = ccaches->directories; at != NULL; at = at->next)
        remove_files(at->path, is_of_ended, &ended);
}
