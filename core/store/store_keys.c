/* SPDX-License-Identifier: Apache-2.0 */
#include "store_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_info.h"
#include "hex.h"
#include "store_keyring.h"
#include "store_source.h"
#include "store_text.h"

#define OTHERS_ALL S_IRWXO

/* Its contents are a struct store_keyring. */
struct store_keys {
    struct store_source source;
    const struct clock *clock;
};

/* ---- the file ---- */

/* The keys of the lines so far, and the number of the line that each key is on. */
struct reading {
    struct store_key keys[STORE_KEYRING_LIMIT];
    size_t lines[STORE_KEYRING_LIMIT];
    size_t n_keys;
    size_t line;
    const char *path;
    char *error;
    size_t error_size;
};

static void reading_wipe(struct reading *reading)
{
    bytes_wipe(reading, sizeof(*reading));
}

/* `what` is a fixed text, so that no key reaches a log. */
static bool refuse(const struct reading *reading, const char *what)
{
    snprintf(reading->error, reading->error_size, "%s:%zu: %s", reading->path, reading->line, what);
    return false;
}

/* True for a key that no random generator made, such as the placeholder 000…0. */
static bool is_constant(const struct store_key *key)
{
    for (size_t i = 1; i < sizeof(key->octets); i++)
        if (key->octets[i] != key->octets[0])
            return false;
    return true;
}

/* A key that stands twice is a mistake at a rotation: the second one was to be another key. */
static bool check_repeated(const struct reading *reading, const struct store_key *key)
{
    for (size_t i = 0; i < reading->n_keys; i++) {
        if (memcmp(reading->keys[i].octets, key->octets, sizeof(key->octets)) != 0)
            continue;
        char text[64];
        snprintf(text, sizeof(text), "the key of line %zu again; remove one of them",
                 reading->lines[i]);
        return refuse(reading, text);
    }
    return true;
}

static bool add_key(struct reading *reading, struct sspi_view digits)
{
    struct store_key *key = &reading->keys[reading->n_keys];
    if (reading->n_keys == STORE_KEYRING_LIMIT)
        return refuse(reading, "more than 16 keys; remove the oldest ones, as sspi-key --rotate "
                               "does");
    if (!hex_decode(digits, key->octets, sizeof(key->octets)))
        return refuse(reading, "not a key; a line has 64 hexadecimal digits, which sspi-key --add "
                               "writes, or begins with #");
    if (is_constant(key))
        return refuse(reading, "not a random key; make one with sspi-key");
    if (!check_repeated(reading, key))
        return false;
    reading->lines[reading->n_keys++] = reading->line;
    return true;
}

static bool is_blank(char octet)
{
    return octet == ' ' || octet == '\t' || octet == '\r';
}

static struct sspi_view trim(struct sspi_view text)
{
    while (text.len > 0 && is_blank(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

static bool read_line(struct reading *reading, struct sspi_view line)
{
    reading->line++;
    if (line.len > STORE_KEYS_LINE_LIMIT)
        return refuse(reading, "longer than 256 octets; a line has 64 hexadecimal digits");
    line = trim(line);
    return line.len == 0 || line.data[0] == '#' || add_key(reading, line);
}

static bool read_lines(struct reading *reading, struct sspi_view text)
{
    while (text.len > 0) {
        const char *end = memchr(text.data, '\n', text.len);
        struct sspi_view line = {text.data, end == NULL ? text.len : (size_t)(end - text.data)};
        if (!read_line(reading, line))
            return false;
        size_t n_read = end == NULL ? line.len : line.len + 1;
        text.data += n_read;
        text.len -= n_read;
    }
    if (reading->n_keys > 0)
        return true;
    snprintf(reading->error, reading->error_size, "%s: no key; make the file with sspi-key -c",
             reading->path);
    return false;
}

/* An account that can read a key can log in as any user. */
static bool check_mode(int file, const struct stat *info, const char *path, char *error,
                       size_t error_size)
{
    (void)file;
    if ((info->st_mode & OTHERS_ALL) == 0)
        return true;
    snprintf(error, error_size,
             "%s: has mode %04o, so every account of this machine can use it; set mode 0600 "
             "(chmod 0600), or 0640 with the workers' group",
             path, (unsigned)(info->st_mode & 07777));
    return false;
}

static const struct store_text_kind text_kind = {
    .what = "a file of sspi-key",
    .limit = STORE_KEYS_FILE_LIMIT,
    .when_larger = "16 KiB; name a file of sspi-key",
    .writer = "sspi-key",
    .check = check_mode,
};

static void *load(struct store_source *source, struct stat *seen, char *error, size_t error_size)
{
    BYTES_CLEANUP struct bytes text = {0};
    __attribute__((cleanup(reading_wipe))) struct reading reading = {
        .path = source->path, .error = error, .error_size = error_size};
    if (!store_text_read(source->path, &text_kind, seen, &text, error, error_size) ||
        !read_lines(&reading, bytes_as_view(&text)))
        return NULL;
    struct store_keyring *keyring = store_keyring_new(reading.keys, reading.n_keys);
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

static void keys_free(struct store_source *source)
{
    store_source_clear(source);
    free(source);
}

static const struct store_source_kind keys_kind = {
    .load = load,
    .free_contents = free_contents,
    .free = keys_free,
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
