/* SPDX-License-Identifier: Apache-2.0 */
/* The users of a file that may change. Each lookup takes a reference to the current contents, so
 * that a reload does not wait for lookups. */
#include "store_users.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_info.h"
#include "store_nt_index.h"
#include "store_source.h"
#include "store_users_contents.h"

/* Its contents are a struct store_users_contents. The lock is not held while a thread reads them,
 * because those of a database may have to come from the disk. */
struct sspi_users {
    struct store_source source;
    bool is_database;
};

static void *load(struct store_source *source, struct stat *seen, char *error, size_t error_size)
{
    const struct sspi_users *users = (const struct sspi_users *)source;
    return store_users_contents_load(source->path, users->is_database, seen, error, error_size);
}

static void free_contents(struct store_source *source, void *contents)
{
    (void)source;
    store_users_contents_unref(contents);
}

static const struct store_source_kind users_kind = {
    .load = load,
    .free_contents = free_contents,
    .free = store_source_free,
};

STORE_SOURCE(store_users, struct sspi_users, source)

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

struct sspi_users *store_users_open(const char *name, char *error, size_t error_size)
{
    bool is_database = starts_with(name, STORE_USERS_CDB_PREFIX);
    const char *path = is_database ? name + strlen(STORE_USERS_CDB_PREFIX) : name;
    /* malloc() sets it to ENOMEM if memory runs out, and no later call here changes it. */
    errno = 0;
    if (path[0] == '\0') {
        snprintf(error, error_size, "\"%s\" names no file; give its path%s", name,
                 is_database ? " behind the colon" : "");
        return NULL;
    }
    struct sspi_users *users = calloc(1, sizeof(*users));
    if (users == NULL || !store_source_init(&users->source, &users_kind, path)) {
        snprintf(error, error_size, "%s: " OUT_OF_MEMORY, path);
        free(users);
        return NULL;
    }
    users->is_database = is_database;
    if (store_source_reload(&users->source, error, error_size) == STORE_SOURCE_RELOADED)
        return users;
    store_users_unref(users);
    return NULL;
}

const char *store_users_path(const struct sspi_users *users)
{
    return store_source_path(&users->source);
}

uint64_t store_users_generation(const struct sspi_users *users)
{
    return store_source_generation(&users->source);
}

/* ---- looking users up ---- */

static struct store_users_contents *contents_of(struct sspi_users *users)
{
    pthread_mutex_lock(&users->source.lock);
    struct store_users_contents *contents = store_users_contents_ref(users->source.contents);
    pthread_mutex_unlock(&users->source.lock);
    return contents;
}

bool store_users_hash(struct sspi_users *users, struct sspi_view user, struct sspi_view realm,
                      enum sspi_digest_algorithm algorithm, uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    struct store_users_contents *contents = contents_of(users);
    memset(ret_hash, 0x5a, STORE_USERS_HASH_MAX);
    bool known = store_users_contents_hash(contents, user, realm, algorithm, ret_hash);
    store_users_contents_unref(contents);
    return known;
}

bool store_users_sasl_hash(struct sspi_users *users, struct sspi_view user, struct sspi_view realm,
                           uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    struct store_users_contents *contents = contents_of(users);
    memset(ret_hash, 0x5a, STORE_USERS_HASH_MAX);
    bool known = store_users_contents_hash(contents, user, realm, SSPI_DIGEST_MD5, ret_hash);
    /* The second lookup is always made, so the work is the same for every user. */
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
    struct store_users_contents *contents = contents_of(users);
    memset(hash, 0x5a, sizeof(hash));
    memcpy(ret_hash, hash, sizeof(hash));
    bool known = store_users_contents_user(contents, userhash, realm, algorithm, ret_user);
    /* The second lookup is made for an unknown user as well. */
    struct sspi_view user = known
                                ? (struct sspi_view){ret_user->data + start, ret_user->len - start}
                                : SSPI_VIEW("nobody");
    known = store_users_contents_hash(contents, user, realm, algorithm, hash) && known;
    if (known)
        memcpy(ret_hash, hash, sizeof(hash));
    bytes_wipe(hash, sizeof(hash));
    store_users_contents_unref(contents);
    return known;
}

void store_users_count(struct sspi_users *users, struct sspi_view realm,
                       enum sspi_digest_algorithm algorithm, size_t *ret_users,
                       size_t *ret_with_algorithm)
{
    struct store_users_contents *contents = contents_of(users);
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
    /* If every user has a line of an algorithm, that algorithm has the most lines. */
    size_t most = n_with[0] > n_with[1] ? n_with[0] : n_with[1];
    for (size_t i = 0; i < 2; i++)
        if (n_with[i] == most)
            ret_algorithms[n_algorithms++] = candidates[i];
    return n_algorithms;
}

/* ---- users of NTLM ---- */

bool store_users_nt_find(struct sspi_users *users, struct sspi_view user, struct sspi_view domain,
                         struct store_nt_user *ret_user)
{
    struct store_users_contents *contents = contents_of(users);
    const struct store_nt_index *index = store_users_contents_nt(contents);
    *ret_user = (struct store_nt_user){0};
    memset(ret_user->hash, 0x5a, sizeof(ret_user->hash));
    bool known = index != NULL && store_nt_index_find(index, user, domain, ret_user);
    store_users_contents_unref(contents);
    return known;
}

bool store_users_nt_domain(struct sspi_users *users, char ret_domain[STORE_USERS_NAME_LIMIT + 1])
{
    struct store_users_contents *contents = contents_of(users);
    const struct store_nt_index *index = store_users_contents_nt(contents);
    bool known = index != NULL && store_nt_index_domain(index, ret_domain);
    store_users_contents_unref(contents);
    return known;
}
