/* SPDX-License-Identifier: Apache-2.0 */
/* The users as a file that may change: who looks at it, who reads it again, who goes on with what
 * there was. */
#include "store_users.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref.h"
#include "store_users_contents.h"

struct sspi_users {
    struct ref ref;
    char *path;
    bool is_database;
    atomic_uint_fast64_t generation; /* of the contents; written under the lock */
    /* Guards all below, but is not held while somebody looks into the contents: those of a database
     * may have to come from the disk. */
    pthread_mutex_t lock;
    struct store_users_contents *contents;
    uint64_t looked_ms;
    uint64_t found_ms; /* when store_users_look_now() last found a change */
    bool is_looking;   /* from a look to its end, or to the end of its reread */
    struct stat seen;  /* the file of the last look, good or bad, so an error is reported once. The
                        * thread that is looking reads it without the lock. */
};

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

struct sspi_users *store_users_open(const char *name, char *error, size_t error_size)
{
    bool is_database = starts_with(name, STORE_USERS_CDB_PREFIX);
    const char *path = is_database ? name + strlen(STORE_USERS_CDB_PREFIX) : name;
    errno = 0; /* what fails for want of memory sets it, and nothing on the way back does */
    if (path[0] == '\0') {
        snprintf(error, error_size, "\"%s\" names no file; give its path%s", name,
                 is_database ? " behind the colon" : "");
        return NULL;
    }
    struct stat identity = {0};
    struct store_users_contents *contents =
        store_users_contents_load(path, is_database, &identity, error, error_size);
    if (contents == NULL)
        return NULL;
    struct sspi_users *users = calloc(1, sizeof *users);
    char *copy = strdup(path);
    if (users == NULL || copy == NULL || pthread_mutex_init(&users->lock, NULL) != 0) {
        snprintf(error, error_size, "%s: not enough memory for its users", path);
        store_users_contents_unref(contents);
        free(copy);
        free(users);
        return NULL;
    }
    ref_init(&users->ref);
    atomic_init(&users->generation, 1);
    users->path = copy;
    users->is_database = is_database;
    users->contents = contents;
    users->seen = identity;
    return users;
}

static void users_free(struct sspi_users *users)
{
    pthread_mutex_destroy(&users->lock);
    store_users_contents_unref(users->contents);
    free(users->path);
    free(users);
}

REF(store_users, struct sspi_users, ref, users_free)

const char *store_users_path(const struct sspi_users *users)
{
    return users->path;
}

uint64_t store_users_generation(const struct sspi_users *users)
{
    return atomic_load(&users->generation);
}

/* ---- a file that changed ---- */

/* True for only one thread, which must look at the file now, if `before_ms` is long enough ago. */
static bool begin_look(struct sspi_users *users, uint64_t now_ms, const uint64_t *before_ms)
{
    pthread_mutex_lock(&users->lock);
    bool due = !users->is_looking && store_file_is_due(now_ms, *before_ms);
    if (due) {
        users->is_looking = true;
        users->looked_ms = now_ms;
    }
    pthread_mutex_unlock(&users->lock);
    return due;
}

/* Called by the thread that is looking. Ends the look if the file has not changed. */
static bool has_changed(struct sspi_users *users)
{
    struct stat now;
    store_file_look(users->path, &now);
    if (!store_file_same(&now, &users->seen))
        return true;
    store_users_look_again(users);
    return false;
}

bool store_users_look(struct sspi_users *users, uint64_t now_ms)
{
    return begin_look(users, now_ms, &users->looked_ms) && has_changed(users);
}

bool store_users_look_now(struct sspi_users *users, uint64_t now_ms)
{
    if (!begin_look(users, now_ms, &users->found_ms) || !has_changed(users))
        return false;
    pthread_mutex_lock(&users->lock);
    users->found_ms = now_ms;
    pthread_mutex_unlock(&users->lock);
    return true;
}

void store_users_look_again(struct sspi_users *users)
{
    pthread_mutex_lock(&users->lock);
    users->is_looking = false;
    pthread_mutex_unlock(&users->lock);
}

enum store_refresh store_users_reread(struct sspi_users *users, char *error, size_t error_size)
{
    struct stat identity;
    /* A file that cannot be opened has an identity too, by which the next look knows it. */
    store_file_look(users->path, &identity);
    struct store_users_contents *contents =
        store_users_contents_load(users->path, users->is_database, &identity, error, error_size);
    struct store_users_contents *old = NULL;
    pthread_mutex_lock(&users->lock);
    if (contents != NULL) {
        old = users->contents;
        users->contents = contents;
        atomic_fetch_add(&users->generation, 1);
    }
    users->seen = identity;
    users->is_looking = false;
    pthread_mutex_unlock(&users->lock);
    store_users_contents_unref(old);
    return contents != NULL ? STORE_REFRESH_DONE : STORE_REFRESH_UNREADABLE;
}

enum store_refresh store_users_refresh(struct sspi_users *users, uint64_t now_ms, char *error,
                                       size_t error_size)
{
    if (!store_users_look(users, now_ms))
        return STORE_REFRESH_UNCHANGED;
    return store_users_reread(users, error, error_size);
}

/* ---- looking users up ---- */

struct store_users_contents *store_users_contents_of(struct sspi_users *users)
{
    pthread_mutex_lock(&users->lock);
    struct store_users_contents *contents = store_users_contents_ref(users->contents);
    pthread_mutex_unlock(&users->lock);
    return contents;
}

bool store_users_hash(struct sspi_users *users, struct sspi_view user, struct sspi_view realm,
                      enum sspi_digest_algorithm algorithm, uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    struct store_users_contents *contents = store_users_contents_of(users);
    memset(ret_hash, 0x5a, STORE_USERS_HASH_MAX);
    bool known = store_users_contents_hash(contents, user, realm, algorithm, ret_hash);
    store_users_contents_unref(contents);
    return known;
}

bool store_users_sasl_hash(struct sspi_users *users, struct sspi_view user, struct sspi_view realm,
                           uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    struct store_users_contents *contents = store_users_contents_of(users);
    memset(ret_hash, 0x5a, STORE_USERS_HASH_MAX);
    bool known = store_users_contents_hash(contents, user, realm, SSPI_DIGEST_MD5, ret_hash);
    /* Looked for in any case: the same work for every user. */
    known = store_users_contents_sasl_hash(contents, user, realm, ret_hash) || known;
    store_users_contents_unref(contents);
    return known;
}

bool store_users_hash_of_userhash(struct sspi_users *users, struct sspi_view userhash,
                                  struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                                  struct bytes *ret_user, uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    uint8_t hash[STORE_USERS_HASH_MAX];
    size_t start = ret_user->len;
    struct store_users_contents *contents = store_users_contents_of(users);
    memset(hash, 0x5a, sizeof hash);
    memcpy(ret_hash, hash, sizeof hash);
    bool known = store_users_contents_user(contents, userhash, realm, algorithm, ret_user);
    /* The second lookup is made for an unknown one as well. */
    struct sspi_view user = known
                                ? (struct sspi_view){ret_user->data + start, ret_user->len - start}
                                : SSPI_VIEW("nobody");
    known = store_users_contents_hash(contents, user, realm, algorithm, hash) && known;
    if (known)
        memcpy(ret_hash, hash, sizeof hash);
    bytes_wipe(hash, sizeof hash);
    store_users_contents_unref(contents);
    return known;
}

void store_users_count(struct sspi_users *users, struct sspi_view realm,
                       enum sspi_digest_algorithm algorithm, size_t *ret_users,
                       size_t *ret_with_algorithm)
{
    struct store_users_contents *contents = store_users_contents_of(users);
    store_users_contents_count(contents, realm, algorithm, ret_users, ret_with_algorithm);
    store_users_contents_unref(contents);
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
