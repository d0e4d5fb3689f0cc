/* SPDX-License-Identifier: Apache-2.0 */
#include "store_users_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_info.h"
#include "hash.h"
#include "hex.h"
#include "store_siphash.h"
#include "store_users_parse.h"

/* The algorithms that lines may have are small numbers from 1. */
#define N_ALGORITHMS (SSPI_DIGEST_SHA_512_256 + 1)

_Static_assert(STORE_USERS_FILE_LIMIT <= UINT32_MAX / N_ALGORITHMS, "a slot holds any line");

struct user {
    struct sspi_view name;
    uint32_t realm;              /* index in realms */
    uint32_t line[N_ALGORITHMS]; /* where the hash was found, for errors */
    uint32_t sasl_line;
    const uint8_t *hash[N_ALGORITHMS]; /* NULL: none; the userhash follows it */
    const uint8_t *sasl_hash;
};

struct realm {
    struct sspi_view name;
    size_t n_users;
    size_t n_with[N_ALGORITHMS];
};

/* Open addressing: a slot is an index + 1, 0 is empty; more than half of the slots are. */
struct table {
    uint32_t *slots;
    size_t mask;
};

struct store_users_index {
    uint8_t key[STORE_SIPHASH_KEY_SIZE];
    char *text; /* names, hashes and userhashes; never more octets than the file, because the file
                   has two digits for each octet of a hash */
    size_t text_len;
    size_t text_used;
    struct user *users;
    uint32_t n_users;
    struct realm *realms;
    uint32_t n_realms;
    struct table by_user;
    struct table by_realm;
    /* A slot is the user's index * N_ALGORITHMS + the algorithm. The slots take 8 to 16 octets a
     * line, and the userhashes in `text` take another 16 or 32. To compute the userhashes in each
     * lookup would save memory, but needs a context of libcrypto. It would also take time only if a
     * user may match, which a client could measure. */
    struct table by_userhash;
};

static bool table_make(struct table *table, size_t n_max)
{
    size_t n_slots = 16;
    while (n_slots <= 2 * n_max)
        n_slots *= 2;
    table->slots = calloc(n_slots, sizeof(*table->slots));
    table->mask = n_slots - 1;
    return table->slots != NULL;
}

static const char *keep(struct store_users_index *index, const void *data, size_t len)
{
    char *to = index->text + index->text_used;
    memcpy(to, data, len);
    index->text_used += len;
    return to;
}

/* The slot of the realm, or the empty slot where it belongs. */
static uint32_t *find_realm(const struct store_users_index *index, struct sspi_view realm)
{
    size_t at = store_siphash(index->key, realm.data, realm.len).low;
    for (;; at++) {
        uint32_t *slot = &index->by_realm.slots[at & index->by_realm.mask];
        if (*slot == 0 || bytes_equal(index->realms[*slot - 1].name, realm))
            return slot;
    }
}

/* As find_realm(). Both names are within STORE_USERS_NAME_LIMIT. */
static uint32_t *find_user(const struct store_users_index *index, struct sspi_view user,
                           struct sspi_view realm)
{
    char name[2 * STORE_USERS_NAME_LIMIT + 1];
    memcpy(name, user.data, user.len);
    name[user.len] = ':';
    if (realm.len > 0)
        memcpy(name + user.len + 1, realm.data, realm.len);
    size_t at = store_siphash(index->key, name, user.len + 1 + realm.len).low;
    for (;; at++) {
        uint32_t *slot = &index->by_user.slots[at & index->by_user.mask];
        if (*slot == 0)
            return slot;
        const struct user *found = &index->users[*slot - 1];
        if (bytes_equal(found->name, user) && bytes_equal(index->realms[found->realm].name, realm))
            return slot;
    }
}

/* As find_realm(), for a userhash of hash_len(algorithm) octets. */
static uint32_t *find_userhash(const struct store_users_index *index, const uint8_t *userhash,
                               enum sspi_digest_algorithm algorithm)
{
    size_t len = hash_len(algorithm);
    size_t at = store_siphash(index->key, userhash, len).low;
    for (;; at++) {
        uint32_t *slot = &index->by_userhash.slots[at & index->by_userhash.mask];
        if (*slot == 0)
            return slot;
        const struct user *found = &index->users[*slot / N_ALGORITHMS];
        if (*slot % N_ALGORITHMS == algorithm &&
            memcmp(found->hash[algorithm] + len, userhash, len) == 0)
            return slot;
    }
}

static uint32_t realm_of(struct store_users_index *index, struct sspi_view name)
{
    uint32_t *slot = find_realm(index, name);
    if (*slot == 0) {
        index->realms[index->n_realms].name.data = keep(index, name.data, name.len);
        index->realms[index->n_realms].name.len = name.len;
        *slot = ++index->n_realms;
    }
    return *slot - 1;
}

/* If this machine does not have the algorithm (FIPS: MD5), no client can send the userhash either.
 */
static void add_userhash(struct store_users_index *index, const struct store_users_line *line,
                         uint32_t number, struct hash_run *run)
{
    uint8_t userhash[HASH_MAX];
    if (!store_users_userhash(run, line->algorithm, line->user, line->realm, userhash))
        return;
    keep(index, userhash, hash_len(line->algorithm));
    uint32_t *slot = find_userhash(index, userhash, line->algorithm);
    if (*slot == 0) /* otherwise another name has this userhash: a deliberate collision of MD5 */
        *slot = number * N_ALGORITHMS + line->algorithm;
}

static struct user *user_of(struct store_users_index *index, const struct store_users_line *line)
{
    uint32_t *slot = find_user(index, line->user, line->realm);
    struct user *user = &index->users[*slot == 0 ? index->n_users : *slot - 1];
    if (*slot == 0) {
        user->name.data = keep(index, line->user.data, line->user.len);
        user->name.len = line->user.len;
        user->realm = realm_of(index, line->realm);
        *slot = ++index->n_users;
    }
    return user;
}

/* A user who has only a line of SASL is not counted. */
static bool is_counted(const struct user *user)
{
    bool is = false;
    for (size_t i = 0; i < N_ALGORITHMS; i++)
        is = is || user->hash[i] != NULL;
    return is;
}

/* Returns the line that already has this user's hash of this algorithm. 0: it was added now. */
static uint32_t add_digest(struct store_users_index *index, const struct store_users_line *line,
                           uint32_t number, struct hash_run *run)
{
    struct user *user = user_of(index, line);
    struct realm *realm = &index->realms[user->realm];
    if (user->hash[line->algorithm] != NULL)
        return user->line[line->algorithm];
    realm->n_users += !is_counted(user);
    realm->n_with[line->algorithm]++;
    user->hash[line->algorithm] =
        (const uint8_t *)keep(index, line->hash, hash_len(line->algorithm));
    user->line[line->algorithm] = number;
    add_userhash(index, line, (uint32_t)(user - index->users), run);
    return 0;
}

/* As add_digest(). */
static uint32_t add_sasl(struct store_users_index *index, const struct store_users_line *line,
                         uint32_t number)
{
    struct user *user = user_of(index, line);
    if (user->sasl_hash != NULL)
        return user->sasl_line;
    user->sasl_hash = (const uint8_t *)keep(index, line->hash, hash_len(line->algorithm));
    user->sasl_line = number;
    return 0;
}

static void refuse_second(const char *name, const char *path, uint32_t number, uint32_t earlier,
                          char *error, size_t error_size)
{
    snprintf(error, error_size,
             "%s:%u: a second %s line of the user and realm of line %u; remove one of the two",
             path, number, name, earlier);
}

/* False: `error` is filled. */
static bool add_lines(struct store_users_index *index, struct sspi_view rest, struct hash_run *run,
                      const char *path, char *error, size_t error_size)
{
    struct sspi_view whole, text;
    struct store_users_line line;
    bool right = true;
    for (uint32_t number = 1; right && store_users_parse_next(&rest, &whole, &text); number++) {
        const char *problem;
        uint32_t earlier;
        switch (store_users_parse_line(text, &line, &problem)) {
        case STORE_USERS_NOTHING:
        case STORE_USERS_NT:
            break;
        case STORE_USERS_DIGEST:
            earlier = add_digest(index, &line, number, run);
            right = earlier == 0;
            if (!right)
                refuse_second(hash_name(line.algorithm), path, number, earlier, error, error_size);
            break;
        case STORE_USERS_SASL:
            earlier = add_sasl(index, &line, number);
            right = earlier == 0;
            if (!right)
                refuse_second(STORE_USERS_SASL_NAME, path, number, earlier, error, error_size);
            break;
        case STORE_USERS_BAD:
        default:
            right = false;
            snprintf(error, error_size, "%s:%u: %s%s", path, number, problem,
                     whole.data[whole.len - 1] == '\n'
                         ? ""
                         : " (the file ends within this line: it may be truncated)");
            break;
        }
    }
    bytes_wipe(&line, sizeof(line));
    return right;
}

/* The tables use a keyed hash, whose key only a reader of the file can compute. So users who choose
 * their own names cannot make them collide in one slot. */
static bool make_key(struct store_users_index *index, struct hash_run *run, struct sspi_view text)
{
    uint8_t digest[HASH_MAX];
    hash_begin(run, SSPI_DIGEST_SHA_256);
    hash_update_view(run, text);
    bool done = hash_end(run, digest);
    memcpy(index->key, digest, sizeof(index->key));
    bytes_wipe(digest, sizeof(digest));
    return done;
}

/* False: `error` is filled. */
static bool fill(struct store_users_index *index, struct sspi_view text, const char *path,
                 char *error, size_t error_size)
{
    struct hash_suite suite;
    struct hash_run run;
    if (!hash_suite_init(&suite)) {
        snprintf(error, error_size,
                 "%s: this machine's OpenSSL has no SHA-256; correct openssl.cnf", path);
        return false;
    }
    bool done = hash_run_init(&run, &suite);
    if (done) {
        done = make_key(index, &run, text) && add_lines(index, text, &run, path, error, error_size);
        hash_run_clear(&run);
    }
    hash_suite_clear(&suite);
    return done;
}

struct store_users_index *store_users_index_new(struct sspi_view text, const char *path,
                                                char *error, size_t error_size)
{
    size_t n_lines = 1;
    for (size_t i = 0; i < text.len; i++)
        n_lines += text.data[i] == '\n';

    snprintf(error, error_size, "%s: " OUT_OF_MEMORY, path);
    struct store_users_index *index = calloc(1, sizeof(*index));
    if (index == NULL)
        return NULL;
    index->text_len = text.len;
    index->text = malloc(text.len + 1);
    index->users = calloc(n_lines, sizeof(*index->users));
    index->realms = calloc(n_lines, sizeof(*index->realms));
    if (index->text == NULL || index->users == NULL || index->realms == NULL ||
        !table_make(&index->by_user, n_lines) || !table_make(&index->by_realm, n_lines) ||
        !table_make(&index->by_userhash, n_lines) || !fill(index, text, path, error, error_size)) {
        store_users_index_free(index);
        return NULL;
    }
    return index;
}

void store_users_index_free(struct store_users_index *index)
{
    if (index == NULL)
        return;
    if (index->text != NULL)
        bytes_wipe(index->text, index->text_used);
    free(index->text);
    free(index->users);
    free(index->realms);
    free(index->by_user.slots);
    free(index->by_realm.slots);
    free(index->by_userhash.slots);
    bytes_wipe(index, sizeof(*index));
    free(index);
}

/* The names come from a client. NULL: there is no such user. */
static const struct user *look_up(const struct store_users_index *index, struct sspi_view user,
                                  struct sspi_view realm)
{
    if (user.len == 0 || user.len > STORE_USERS_NAME_LIMIT || realm.len > STORE_USERS_NAME_LIMIT)
        return NULL;
    uint32_t slot = *find_user(index, user, realm);
    return slot == 0 ? NULL : &index->users[slot - 1];
}

const uint8_t *store_users_index_hash(const struct store_users_index *index, struct sspi_view user,
                                      struct sspi_view realm, enum sspi_digest_algorithm algorithm)
{
    const struct user *found = look_up(index, user, realm);
    return found == NULL || !store_users_parse_takes(algorithm) ? NULL : found->hash[algorithm];
}

const uint8_t *store_users_index_sasl_hash(const struct store_users_index *index,
                                           struct sspi_view user, struct sspi_view realm)
{
    const struct user *found = look_up(index, user, realm);
    return found == NULL ? NULL : found->sasl_hash;
}

bool store_users_index_user(const struct store_users_index *index, struct sspi_view userhash,
                            struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                            struct sspi_view *ret_user)
{
    uint8_t octets[HASH_MAX];
    if (!store_users_parse_takes(algorithm) ||
        !hex_decode_lower(userhash, octets, hash_len(algorithm)))
        return false;
    uint32_t slot = *find_userhash(index, octets, algorithm);
    if (slot == 0)
        return false;
    const struct user *user = &index->users[slot / N_ALGORITHMS];
    if (!bytes_equal(index->realms[user->realm].name, realm))
        return false;
    *ret_user = user->name;
    return true;
}

static void count_realm(const struct realm *realm, enum sspi_digest_algorithm algorithm,
                        size_t *users, size_t *with_algorithm)
{
    *users += realm->n_users;
    if (store_users_parse_takes(algorithm))
        *with_algorithm += realm->n_with[algorithm];
}

void store_users_index_count(const struct store_users_index *index, struct sspi_view realm,
                             enum sspi_digest_algorithm algorithm, size_t *ret_users,
                             size_t *ret_with_algorithm)
{
    *ret_users = 0;
    *ret_with_algorithm = 0;
    if (realm.data == NULL) {
        for (size_t i = 0; i < index->n_realms; i++)
            count_realm(&index->realms[i], algorithm, ret_users, ret_with_algorithm);
        return;
    }
    uint32_t slot = *find_realm(index, realm);
    if (slot != 0)
        count_realm(&index->realms[slot - 1], algorithm, ret_users, ret_with_algorithm);
}
