/* SPDX-License-Identifier: Apache-2.0 */
#include "store_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_info.h"
#include "store_key_lines.h"
#include "store_keyring.h"
#include "store_source.h"
#include "store_text.h"

/* Its contents are a struct store_keyring. */
struct store_keys {
    struct store_source source;
    const struct clock *clock;
};

/* ---- the file ---- */

static bool check_mode(int file, const struct stat *info, const char *path, char *error,
                       size_t error_size)
{
    (void)file;
    return store_key_lines_check_mode(path, info->st_mode, error, error_size);
}

static const struct store_text_kind text_kind = {
    .what = "a file of sspi-key",
    .limit = STORE_KEY_FILE_LIMIT,
    .when_larger = "16 KiB; name a file of sspi-key",
    .writer = "sspi-key",
    .check = check_mode,
};

static void *load(struct store_source *source, struct stat *seen, char *error, size_t error_size)
{
    BYTES_CLEANUP struct bytes text = {0};
    STORE_KEY_LINES_CLEANUP struct store_key_lines lines;
    if (!store_text_read(source->path, &text_kind, seen, &text, error, error_size) ||
        !store_key_lines_read(source->path, bytes_as_view(&text), &lines, error, error_size))
        return NULL;
    struct store_keyring *keyring = store_keyring_new(lines.keys, lines.n_keys);
    if (keyring == NULL)
        snprintf(error, error_size, "%s: memory or libcrypto's HKDF or AES-256-GCM failed",
                 source->path);
    return keyring;
}

/* ---- the source ---- */

static void free_contents(struct store_source *source, void *contents)
{
    (void)source;
    store_keyring_unref(contents);
}

static const struct store_source_kind keys_kind = {
    .load = load,
    .free_contents = free_contents,
    .free = store_source_free,
};

STORE_SOURCE(store_keys, struct store_keys, source)

static struct store_keys *make(const char *path, const struct clock *clock)
{
    struct store_keys *keys = calloc(1, sizeof(*keys));
    if (keys == NULL || !store_source_init(&keys->source, &keys_kind, path)) {
        free(keys);
        return NULL;
    }
    keys->clock = clock;
    return keys;
}

struct store_keys *store_keys_open(const char *path, const struct clock *clock, char *error,
                                   size_t error_size)
{
    struct store_keys *keys = make(path, clock);
    if (keys == NULL) {
        snprintf(error, error_size, "%s: " OUT_OF_MEMORY, path);
        return NULL;
    }
    if (store_source_reload(&keys->source, error, error_size) == STORE_SOURCE_RELOADED)
        return keys;
    store_keys_unref(keys);
    return NULL;
}

struct store_keys *store_keys_new(const uint8_t key[STORE_KEY_SIZE], const struct clock *clock)
{
    struct store_key copy;
    struct store_keys *keys = make(NULL, clock);
    if (keys == NULL)
        return NULL;
    memcpy(copy.octets, key, sizeof(copy.octets));
    keys->source.contents = store_keyring_new(&copy, 1);
    bytes_wipe(&copy, sizeof(copy));
    if (keys->source.contents == NULL) {
        store_keys_unref(keys);
        return NULL;
    }
    atomic_store(&keys->source.generation, 1); /* loaded, so there is nothing to read again */
    return keys;
}

struct store_keyring *store_keys_keyring(struct store_keys *keys)
{
    pthread_mutex_lock(&keys->source.lock);
    struct store_keyring *keyring = store_keyring_ref(keys->source.contents);
    pthread_mutex_unlock(&keys->source.lock);
    return keyring;
}

const struct clock *store_keys_clock(const struct store_keys *keys)
{
    return keys->clock;
}
