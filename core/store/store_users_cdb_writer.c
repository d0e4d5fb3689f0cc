/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a database of users. store_users_cdb_layout.h describes its records. */
#include "store_users_cdb_writer.h"

#include <cdb.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store_users_cdb_layout.h"

#define FIRST_SLOTS   1024
#define FIRST_TALLIES 16

/* tinycdb's tables have two slots of 8 octets a record. */
#define TABLES_SIZE 16

/* An added user or realm. Its key is half a SHA-256 of user:realm, or of the realm, which has no
 * colon. An entry has 20 octets, and the tables are at least half empty: 42 MB for a million users.
 * The library tinycdb itself could look up a key while it writes, but it would search all keys. */
struct entry {
    uint8_t id[HASH_MAX / 2];
    /* Of a user: one bit for each algorithm. Of a realm: its index in tallies. 0: an empty slot. */
    uint32_t value;
};

#define SASL_BIT 1u /* the bit of SSPI_DIGEST_NONE, which no line has */

struct tally {
    char *realm; /* NULL: all realms */
    size_t realm_len;
    uint32_t counts[STORE_USERS_CDB_COUNTS];
};

struct store_users_cdb_writer {
    struct cdb_make make;
    struct hash_suite suite;
    struct hash_run run;
    bool failed;
    uint64_t size; /* of the file, tables included */
    struct entry *entries;
    size_t n_entries;
    size_t n_slots;        /* a power of two */
    struct tally *tallies; /* the first is that of all realms */
    size_t n_tallies;
    size_t tallies_capacity;
    size_t last_tally; /* lines of a realm mostly follow each other */
};

static bool put(struct store_users_cdb_writer *writer, const void *key, size_t key_len,
                const void *value, size_t value_len)
{
    uint64_t size = writer->size + 8 + key_len + value_len + TABLES_SIZE;
    if (size > STORE_USERS_CDB_LIMIT) {
        errno = EFBIG;
        return false;
    }
    writer->size = size;
    return cdb_make_add(&writer->make, key, (unsigned)key_len, value, (unsigned)value_len) == 0;
}

static bool put_numbers(struct store_users_cdb_writer *writer, const void *key, size_t key_len,
                        const uint32_t *numbers, size_t n_numbers)
{
    unsigned char value[4 * STORE_USERS_CDB_COUNTS];
    for (size_t i = 0; i < n_numbers; i++)
        cdb_pack(numbers[i], value + 4 * i);
    return put(writer, key, key_len, value, 4 * n_numbers);
}

static bool put_line(struct store_users_cdb_writer *writer, const struct store_users_line *line)
{
    bool is_sasl = line->kind == STORE_USERS_SASL;
    uint8_t key[STORE_USERS_CDB_KEY_MAX] = {is_sasl ? STORE_USERS_CDB_SASL
                                                    : (uint8_t)line->algorithm};
    uint8_t value[STORE_USERS_HASH_MAX + STORE_USERS_CDB_NAME_MAX];
    size_t len = hash_len(line->algorithm);
    uint8_t *at = value + len;
    if (!store_users_userhash(&writer->run, line->algorithm, line->user, line->realm, key + 1)) {
        errno = ENOTSUP;
        return false;
    }
    memcpy(value, line->hash, len);
    memcpy(at, line->user.data, line->user.len);
    at += line->user.len;
    *at++ = ':';
    memcpy(at, line->realm.data, line->realm.len);
    at += line->realm.len;
    bool done = put(writer, key, 1 + len, value, (size_t)(at - value));
    bytes_wipe(value, sizeof(value));
    return done;
}

/* ---- what was added ---- */

/* Returns the entry of that id, or the empty one where it belongs. */
static struct entry *find(struct entry *entries, size_t n_slots, const uint8_t *id)
{
    uint64_t at;
    memcpy(&at, id, sizeof(at));
    for (;; at++) {
        struct entry *entry = &entries[at & (n_slots - 1)];
        if (entry->value == 0 || memcmp(entry->id, id, sizeof(entry->id)) == 0)
            return entry;
    }
}

/* Makes room for a user and a realm. */
static bool reserve_entries(struct store_users_cdb_writer *writer)
{
    if (2 * (writer->n_entries + 2) <= writer->n_slots)
        return true;
    size_t n_slots = writer->n_slots == 0 ? FIRST_SLOTS : 2 * writer->n_slots;
    struct entry *entries = calloc(n_slots, sizeof(*entries));
    if (entries == NULL)
        return false;
    for (size_t i = 0; i < writer->n_slots; i++)
        if (writer->entries[i].value != 0)
            *find(entries, n_slots, writer->entries[i].id) = writer->entries[i];
    free(writer->entries);
    writer->entries = entries;
    writer->n_slots = n_slots;
    return true;
}

/* Returns the entry of SHA-256 over `user` and `realm`. If `user` is absent, the hash covers only
 * `realm`. NULL: libcrypto failed. The caller made room. */
static struct entry *find_id(struct store_users_cdb_writer *writer, struct sspi_view user,
                             struct sspi_view realm, uint8_t ret_id[HASH_MAX])
{
    bool done = true;
    if (user.data != NULL) {
        done = store_users_userhash(&writer->run, SSPI_DIGEST_SHA_256, user, realm, ret_id);
    } else {
        hash_begin(&writer->run, SSPI_DIGEST_SHA_256);
        hash_update_view(&writer->run, realm);
        done = hash_end(&writer->run, ret_id);
    }
    return done ? find(writer->entries, writer->n_slots, ret_id) : NULL;
}

/* The empty entry becomes that of `id`. */
static void take(struct store_users_cdb_writer *writer, struct entry *entry, const uint8_t *id,
                 uint32_t value)
{
    memcpy(entry->id, id, sizeof(entry->id));
    entry->value = value;
    writer->n_entries++;
}

/* The index of a new tally; 0: no memory. */
static size_t add_tally(struct store_users_cdb_writer *writer, struct sspi_view realm)
{
    if (writer->n_tallies == writer->tallies_capacity) {
        size_t capacity = 2 * writer->tallies_capacity;
        struct tally *tallies = reallocarray(writer->tallies, capacity, sizeof(*tallies));
        if (tallies == NULL)
            return 0;
        writer->tallies = tallies;
        writer->tallies_capacity = capacity;
    }
    struct tally *tally = &writer->tallies[writer->n_tallies];
    *tally = (struct tally){.realm = malloc(realm.len + 1), .realm_len = realm.len};
    if (tally->realm == NULL)
        return 0;
    memcpy(tally->realm, realm.data, realm.len);
    return writer->n_tallies++;
}

/* NULL: no memory, or libcrypto failed. */
static struct tally *tally_of(struct store_users_cdb_writer *writer, struct sspi_view realm)
{
    struct tally *last = &writer->tallies[writer->last_tally];
    uint8_t id[HASH_MAX];
    if (last->realm != NULL && bytes_equal((struct sspi_view){last->realm, last->realm_len}, realm))
        return last;
    struct entry *entry = find_id(writer, (struct sspi_view){NULL, 0}, realm, id);
    if (entry == NULL)
        return NULL;
    if (entry->value == 0) {
        size_t index = add_tally(writer, realm);
        if (index == 0)
            return NULL;
        take(writer, entry, id, (uint32_t)index);
    }
    writer->last_tally = entry->value;
    return &writer->tallies[entry->value];
}

/* ---- the writer ---- */

static void free_writer(struct store_users_cdb_writer *writer)
{
    int why = errno;
    for (size_t i = 0; i < writer->n_tallies; i++)
        free(writer->tallies[i].realm);
    free(writer->tallies);
    free(writer->entries);
    hash_run_clear(&writer->run);
    hash_suite_clear(&writer->suite);
    bytes_wipe(writer, sizeof(*writer)); /* tinycdb's buffer holds hashes */
    free(writer);
    errno = why;
}

struct store_users_cdb_writer *store_users_cdb_writer_new(int file)
{
    static const uint32_t version = STORE_USERS_CDB_VERSION;
    struct store_users_cdb_writer *writer = calloc(1, sizeof(*writer));
    if (writer == NULL)
        return NULL;
    writer->size = STORE_USERS_CDB_START;
    writer->tallies = calloc(FIRST_TALLIES, sizeof(*writer->tallies));
    writer->tallies_capacity = FIRST_TALLIES;
    if (writer->tallies == NULL || !hash_suite_init(&writer->suite) ||
        !hash_run_init(&writer->run, &writer->suite) || cdb_make_start(&writer->make, file) != 0) {
        free_writer(writer);
        return NULL;
    }
    writer->n_tallies = 1;
    /* store_users_cdb_is() expects this record first. It is in tinycdb's buffer, not yet in the
     * file. */
    writer->failed =
        !put_numbers(writer, STORE_USERS_CDB_MAGIC, sizeof(STORE_USERS_CDB_MAGIC) - 1, &version, 1);
    return writer;
}

/* Counts the line for its user. Lines of SASL are not counted. */
static void count(struct store_users_cdb_writer *writer, struct tally *tally, struct entry *entry,
                  uint32_t bit, enum sspi_digest_algorithm algorithm)
{
    struct tally *both[] = {&writer->tallies[0], tally};
    bool is_new = (entry->value & ~SASL_BIT) == 0;
    entry->value |= bit;
    for (size_t i = 0; bit != SASL_BIT && i < 2; i++) {
        both[i]->counts[0] += is_new;
        both[i]->counts[algorithm]++;
    }
}

static bool add(struct store_users_cdb_writer *writer, const struct store_users_line *line)
{
    uint8_t id[HASH_MAX];
    if (!reserve_entries(writer))
        return false;
    struct tally *tally = tally_of(writer, line->realm);
    struct entry *entry = tally == NULL ? NULL : find_id(writer, line->user, line->realm, id);
    uint32_t bit = line->kind == STORE_USERS_SASL ? SASL_BIT : (uint32_t)1 << line->algorithm;
    if (entry == NULL)
        return false;
    if ((entry->value & bit) != 0) {
        errno = EEXIST;
        return false;
    }
    if (!put_line(writer, line))
        return false;
    if (entry->value == 0)
        take(writer, entry, id, 0);
    count(writer, tally, entry, bit, line->algorithm);
    return true;
}

static bool takes(const struct store_users_line *line)
{
    return line->kind == STORE_USERS_SASL
               ? line->algorithm == SSPI_DIGEST_MD5
               : line->kind == STORE_USERS_DIGEST && store_users_parse_takes(line->algorithm);
}

bool store_users_cdb_writer_add(struct store_users_cdb_writer *writer,
                                const struct store_users_line *line)
{
    if (writer->failed || !takes(line) || line->user.len == 0 ||
        line->user.len > STORE_USERS_NAME_LIMIT || line->realm.data == NULL ||
        line->realm.len > STORE_USERS_NAME_LIMIT) {
        errno = EINVAL;
        return false;
    }
    errno = ENOMEM; /* the value if libcrypto fails, which sets no errno */
    if (add(writer, line))
        return true;
    writer->failed = errno != EEXIST;
    return false;
}

static bool put_tally(struct store_users_cdb_writer *writer, const struct tally *tally)
{
    static const char all[] = STORE_USERS_CDB_ALL;
    char key[1 + STORE_USERS_NAME_LIMIT] = {STORE_USERS_CDB_REALM};
    if (tally->realm == NULL)
        return put_numbers(writer, all, sizeof(all) - 1, tally->counts, STORE_USERS_CDB_COUNTS);
    memcpy(key + 1, tally->realm, tally->realm_len);
    return put_numbers(writer, key, 1 + tally->realm_len, tally->counts, STORE_USERS_CDB_COUNTS);
}

bool store_users_cdb_writer_finish(struct store_users_cdb_writer *writer)
{
    bool right = !writer->failed;
    for (size_t i = 0; right && i < writer->n_tallies; i++)
        right = put_tally(writer, &writer->tallies[i]);
    int why = errno;
    bool ended = cdb_make_finish(&writer->make) == 0; /* frees, too */
    if (!right)
        errno = why;
    free_writer(writer);
    return right && ended;
}
