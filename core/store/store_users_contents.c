/* SPDX-License-Identifier: Apache-2.0 */
#include "store_users_contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_info.h"
#include "hash.h"
#include "ref.h"
#include "store_nt_index.h"
#include "store_text.h"
#include "store_users_cdb.h"
#include "store_users_index.h"

/* A text file has `index` and `nt`, a database has `cdb`. */
struct store_users_contents {
    struct ref ref;
    struct store_users_index *index;
    struct store_nt_index *nt;
    struct store_users_cdb *cdb;
};

static bool is_text(int file, const struct stat *info, const char *path, char *error,
                    size_t error_size)
{
    (void)info;
    if (!store_users_cdb_is(file))
        return true;
    snprintf(error, error_size, "%s: this file is a database; name it " STORE_USERS_CDB_PREFIX "%s",
             path, path);
    return false;
}

static const struct store_text_kind text_kind = {
    .what = "a user file",
    .limit = STORE_USERS_FILE_LIMIT,
    .when_larger = "64 MiB; make a database of it with sspi-passwd --compile",
    .writer = "sspi-passwd",
    .check = is_text,
};

/* False: `error` is filled. */
static bool open_indexes(struct store_users_contents *contents, const char *path,
                         struct stat *ret_identity, char *error, size_t error_size)
{
    BYTES_CLEANUP struct bytes text = {0};
    if (!store_text_read(path, &text_kind, ret_identity, &text, error, error_size))
        return false;
    contents->index = store_users_index_new(bytes_as_view(&text), path, error, error_size);
    if (contents->index != NULL)
        contents->nt = store_nt_index_new(bytes_as_view(&text), path, error, error_size);
    return contents->nt != NULL;
}

struct store_users_contents *store_users_contents_load(const char *path, bool is_database,
                                                       struct stat *ret_identity, char *error,
                                                       size_t error_size)
{
    struct store_users_contents *contents = calloc(1, sizeof(*contents));
    if (contents == NULL) {
        snprintf(error, error_size, "%s: " OUT_OF_MEMORY, path);
        return NULL;
    }
    ref_init(&contents->ref);
    bool done;
    if (is_database) {
        contents->cdb = store_users_cdb_open(path, ret_identity, error, error_size);
        done = contents->cdb != NULL;
    } else {
        done = open_indexes(contents, path, ret_identity, error, error_size);
    }
    if (!done) {
        store_users_contents_unref(contents);
        return NULL;
    }
    return contents;
}

static void contents_free(struct store_users_contents *contents)
{
    store_users_index_free(contents->index);
    store_nt_index_free(contents->nt);
    store_users_cdb_free(contents->cdb);
    free(contents);
}

REF(store_users_contents, struct store_users_contents, ref, contents_free)

const struct store_nt_index *store_users_contents_nt(const struct store_users_contents *contents)
{
    return contents->nt;
}

static bool copy_hash(const uint8_t *hash, enum sspi_digest_algorithm algorithm,
                      uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    if (hash != NULL)
        memcpy(ret_hash, hash, hash_len(algorithm));
    return hash != NULL;
}

bool store_users_contents_hash(const struct store_users_contents *contents, struct sspi_view user,
                               struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                               uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    if (contents->cdb != NULL)
        return store_users_cdb_hash(contents->cdb, user, realm, algorithm, ret_hash);
    return copy_hash(store_users_index_hash(contents->index, user, realm, algorithm), algorithm,
                     ret_hash);
}

bool store_users_contents_sasl_hash(const struct store_users_contents *contents,
                                    struct sspi_view user, struct sspi_view realm,
                                    uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    if (contents->cdb != NULL)
        return store_users_cdb_sasl_hash(contents->cdb, user, realm, ret_hash);
    return copy_hash(store_users_index_sasl_hash(contents->index, user, realm), SSPI_DIGEST_MD5,
                     ret_hash);
}

bool store_users_contents_user(const struct store_users_contents *contents,
                               struct sspi_view userhash, struct sspi_view realm,
                               enum sspi_digest_algorithm algorithm, struct bytes *ret_user)
{
    struct sspi_view user;
    if (contents->cdb != NULL)
        return store_users_cdb_user(contents->cdb, userhash, realm, algorithm, ret_user);
    if (!store_users_index_user(contents->index, userhash, realm, algorithm, &user))
        return false;
    bytes_append_view(ret_user, user);
    return !ret_user->failed;
}

void store_users_contents_count(const struct store_users_contents *contents, struct sspi_view realm,
                                enum sspi_digest_algorithm algorithm, size_t *ret_users,
                                size_t *ret_with_algorithm)
{
    if (contents->cdb != NULL)
        store_users_cdb_count(contents->cdb, realm, algorithm, ret_users, ret_with_algorithm);
    else
        store_users_index_count(contents->index, realm, algorithm, ret_users, ret_with_algorithm);
}
