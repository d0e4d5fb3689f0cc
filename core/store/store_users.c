/* SPDX-License-Identifier: Apache-2.0 */
/* The user file as a file: reading it, and reading it again when it changed. */
#include "store_users.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hash.h"
#include "store_users_index.h"

struct sspi_users {
    char *path;
    /* Guards all below. The index is used under it alone, so it is freed when it is replaced; a
     * lookup holds it for about 0.1 microseconds. */
    pthread_mutex_t lock;
    struct store_users_index *index;
    struct stat seen; /* the file last judged, good or bad: that is why an error is told once */
    uint64_t looked_ms;
    bool refreshing; /* one thread is reading the file, without the lock */
};

/* Reads exactly `len` octets and then the end. */
static bool read_all(int file, char *to, size_t len)
{
    size_t n_read = 0;
    for (;;) {
        /* One octet more than there should be: it must not come. */
        ssize_t got = read(file, to + n_read, len + 1 - n_read);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0 || n_read + (size_t)got > len) {
            errno = EAGAIN; /* it changes under our eyes */
            return got == 0 && n_read == len;
        }
        n_read += (size_t)got;
    }
}

static struct store_users_index *read_index(int file, const char *path, struct stat *ret_identity,
                                            char *error, size_t error_size)
{
    struct stat info;
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
        snprintf(error, error_size, "%s: not a regular file; name a user file", path);
        return NULL;
    }
    *ret_identity = info;
    if (info.st_size > (off_t)STORE_USERS_FILE_LIMIT) {
        snprintf(error, error_size, "%s: larger than 64 MiB; split it by realm", path);
        return NULL;
    }
    size_t len = (size_t)info.st_size;
    char *text = malloc(len + 1);
    if (text == NULL) {
        snprintf(error, error_size, "%s: not enough memory to read it", path);
        return NULL;
    }
    struct store_users_index *index = NULL;
    if (read_all(file, text, len))
        index = store_users_index_make((struct sspi_view){text, len}, path, error, error_size);
    else if (errno == EAGAIN)
        snprintf(error, error_size,
                 "%s: it changed while it was read; replace it in one step, as "
                 "sspi-passwd does",
                 path);
    else
        snprintf(error, error_size, "%s: cannot read it: %s", path, strerror(errno));
    bytes_wipe(text, len);
    free(text);
    return index;
}

/* `identity` becomes that of the opened file, and stays as it is when it cannot be opened. */
static struct store_users_index *load(const char *path, struct stat *identity, char *error,
                                      size_t error_size)
{
    /* Not blocking: opening a FIFO would wait for ever. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        snprintf(error, error_size, "%s: cannot open it: %s", path, strerror(errno));
        return NULL;
    }
    struct store_users_index *index = read_index(file, path, identity, error, error_size);
    close(file);
    return index;
}

struct sspi_users *store_users_open(const char *path, char *error, size_t error_size)
{
    struct stat identity = {0};
    struct store_users_index *index = load(path, &identity, error, error_size);
    if (index == NULL)
        return NULL;
    struct sspi_users *users = calloc(1, sizeof *users);
    char *copy = strdup(path);
    if (users == NULL || copy == NULL || pthread_mutex_init(&users->lock, NULL) != 0) {
        snprintf(error, error_size, "%s: not enough memory for its users", path);
        store_users_index_free(index);
        free(copy);
        free(users);
        return NULL;
    }
    users->path = copy;
    users->index = index;
    users->seen = identity;
    return users;
}

void store_users_close(struct sspi_users *users)
{
    if (users == NULL)
        return;
    pthread_mutex_destroy(&users->lock);
    store_users_index_free(users->index);
    free(users->path);
    free(users);
}

const char *store_users_path(const struct sspi_users *users)
{
    return users->path;
}

/* True for the one thread that is to look at the file now. */
static bool begin_refresh(struct sspi_users *users, uint64_t now_ms)
{
    pthread_mutex_lock(&users->lock);
    bool due = !users->refreshing && store_file_is_due(now_ms, users->looked_ms);
    if (due) {
        users->refreshing = true;
        users->looked_ms = now_ms;
    }
    pthread_mutex_unlock(&users->lock);
    return due;
}

/* `index` is NULL to keep the old one. */
static void end_refresh(struct sspi_users *users, struct store_users_index *index,
                        const struct stat *seen)
{
    struct store_users_index *old = NULL;
    pthread_mutex_lock(&users->lock);
    if (index != NULL) {
        old = users->index;
        users->index = index;
    }
    users->seen = *seen;
    users->refreshing = false;
    pthread_mutex_unlock(&users->lock);
    store_users_index_free(old);
}

enum store_refresh store_users_refresh(struct sspi_users *users, uint64_t now_ms, char *error,
                                       size_t error_size)
{
    if (!begin_refresh(users, now_ms))
        return STORE_REFRESH_UNCHANGED;
    struct stat now;
    store_file_look(users->path, &now);
    if (store_file_same(&now, &users->seen)) { /* nobody else writes `seen` while we refresh */
        end_refresh(users, NULL, &now);
        return STORE_REFRESH_UNCHANGED;
    }
    struct store_users_index *index = load(users->path, &now, error, error_size);
    enum store_refresh answer = index != NULL ? STORE_REFRESH_DONE : STORE_REFRESH_UNREADABLE;
    end_refresh(users, index, &now);
    return answer;
}

bool store_users_hash(struct sspi_users *users, struct sspi_view user, struct sspi_view realm,
                      enum sspi_digest_algorithm algorithm, uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    memset(ret_hash, 0x5a, STORE_USERS_HASH_MAX);
    pthread_mutex_lock(&users->lock);
    const uint8_t *hash = store_users_index_hash(users->index, user, realm, algorithm);
    if (hash != NULL)
        memcpy(ret_hash, hash, hash_len(algorithm));
    pthread_mutex_unlock(&users->lock);
    return hash != NULL;
}

void store_users_count(struct sspi_users *users, struct sspi_view realm,
                       enum sspi_digest_algorithm algorithm, size_t *ret_users,
                       size_t *ret_with_algorithm)
{
    pthread_mutex_lock(&users->lock);
    store_users_index_count(users->index, realm, algorithm, ret_users, ret_with_algorithm);
    pthread_mutex_unlock(&users->lock);
}

size_t store_users_algorithms(struct sspi_users *users, struct sspi_view realm,
                              enum sspi_digest_algorithm ret_algorithms[2])
{
    static const enum sspi_digest_algorithm candidates[] = {SSPI_DIGEST_SHA_256, SSPI_DIGEST_MD5};
    size_t n_users, n_with[2], n_algorithms = 0;

    for (size_t i = 0; i < 2; i++)
        store_users_count(users, realm, candidates[i], &n_users, &n_with[i]);
    /* What every user has a line for is what has the most lines. */
    size_t most = n_with[0] > n_with[1] ? n_with[0] : n_with[1];
    for (size_t i = 0; i < 2; i++)
        if (n_with[i] == most)
            ret_algorithms[n_algorithms++] = candidates[i];
    return n_algorithms;
}
