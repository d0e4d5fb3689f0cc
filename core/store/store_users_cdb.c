/* SPDX-License-Identifier: Apache-2.0 */
/* Looks users up in a database. store_users_cdb_layout.h describes its records.
 *
 * tinycdb maps the whole file and reads through the mapping. Its cdb_find() checks each offset and
 * length in the file against the size of the file or the end of its records. It writes its result
 * only into the struct cdb. So each lookup works on a copy of its own and takes no lock. */
#include "store_users_cdb.h"

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hex.h"
#include "store_users_cdb_layout.h"

struct store_users_cdb {
    struct cdb map;
    struct hash_suite suite;
};

/* ---- opening ---- */

bool store_users_cdb_is(int file)
{
    /* The lengths of key and value come first. */
    unsigned char start[8 + sizeof(STORE_USERS_CDB_MAGIC) - 1];
    return pread(file, start, sizeof(start), STORE_USERS_CDB_START) == (ssize_t)sizeof(start) &&
           cdb_unpack(start) == sizeof(start) - 8 &&
           memcmp(start + 8, STORE_USERS_CDB_MAGIC, sizeof(start) - 8) == 0;
}

static bool find(const struct store_users_cdb *cdb, const void *key, size_t key_len,
                 struct sspi_view *ret_value)
{
    struct cdb map = cdb->map;
    if (cdb_find(&map, key, (unsigned)key_len) != 1)
        return false;
    const char *value = cdb_getdata(&map);
    if (value != NULL)
        *ret_value = (struct sspi_view){value, cdb_datalen(&map)};
    return value != NULL;
}

/* Reads the numbers of a record that has exactly `n_numbers`. */
static bool find_numbers(const struct store_users_cdb *cdb, const void *key, size_t key_len,
                         uint32_t *ret_numbers, size_t n_numbers)
{
    struct sspi_view value;
    if (!find(cdb, key, key_len, &value) || value.len != 4 * n_numbers)
        return false;
    for (size_t i = 0; i < n_numbers; i++)
        ret_numbers[i] = cdb_unpack((const unsigned char *)value.data + 4 * i);
    return true;
}

/* In a complete file, the tables end where the file ends. */
static bool is_complete(const struct store_users_cdb *cdb, uint64_t size)
{
    const unsigned char *contents = cdb_get(&cdb->map, STORE_USERS_CDB_START, 0);
    uint64_t end = 0;
    for (size_t i = 0; contents != NULL && i < STORE_USERS_CDB_TABLES; i++) {
        uint64_t offset = cdb_unpack(contents + 8 * i);
        uint64_t length = 8 * (uint64_t)cdb_unpack(contents + 8 * i + 4);
        if (end < offset + length)
            end = offset + length;
    }
    return end == size;
}

/* Returns what is wrong with the database. NULL: it can be used. */
static const char *find_problem(const struct store_users_cdb *cdb, const struct stat *info)
{
    static const char all[] = STORE_USERS_CDB_ALL;
    uint32_t version, counts[STORE_USERS_CDB_COUNTS];
    if (!is_complete(cdb, (uint64_t)info->st_size))
        return "the database is not complete: replace it in one step, as sspi-passwd does";
    if (!find_numbers(cdb, STORE_USERS_CDB_MAGIC, sizeof(STORE_USERS_CDB_MAGIC) - 1, &version, 1) ||
        version != STORE_USERS_CDB_VERSION)
        return "the database has another version; make it again with sspi-passwd --compile";
    if (!find_numbers(cdb, all, sizeof(all) - 1, counts, STORE_USERS_CDB_COUNTS))
        return "the database is damaged; make it again with sspi-passwd --compile";
    return NULL;
}

/* Maps the database in an open file. The caller may close the file afterwards. NULL: *ret_problem
 * says why. */
static struct store_users_cdb *map_file(int file, const struct stat *info, const char **ret_problem)
{
    if (!S_ISREG(info->st_mode)) {
        *ret_problem = "not a regular file; name a database";
        return NULL;
    }
    if (!store_users_cdb_is(file)) {
        *ret_problem = "not a database of sspi-passwd --compile; name a text file without "
                       "\"" STORE_USERS_CDB_PREFIX "\"";
        return NULL;
    }
    if (info->st_size > (off_t)STORE_USERS_CDB_LIMIT) {
        *ret_problem = "larger than 4 GiB; split it by realm";
        return NULL;
    }
    struct store_users_cdb *cdb = calloc(1, sizeof(*cdb));
    if (cdb == NULL || cdb_init(&cdb->map, file) != 0) {
        *ret_problem = strerror(errno);
        free(cdb);
        return NULL;
    }
    *ret_problem = find_problem(cdb, info);
    if (*ret_problem == NULL && !hash_suite_init(&cdb->suite))
        *ret_problem = "this machine's OpenSSL has no SHA-256";
    if (*ret_problem != NULL) {
        store_users_cdb_free(cdb);
        return NULL;
    }
    return cdb;
}

struct store_users_cdb *store_users_cdb_open(const char *path, struct stat *ret_identity,
                                             char *error, size_t error_size)
{
    const char *problem;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0 || fstat(file, ret_identity) != 0) {
        snprintf(error, error_size, "%s: cannot open it: %s", path, strerror(errno));
        if (file >= 0)
            close(file);
        return NULL;
    }
    struct store_users_cdb *cdb = map_file(file, ret_identity, &problem);
    /* Loads the pages now, so that a lookup does not wait for the disk. */
    if (cdb != NULL)
        (void)posix_fadvise(file, 0, 0, POSIX_FADV_WILLNEED);
    else
        snprintf(error, error_size, "%s: %s", path, problem);
    close(file);
    return cdb;
}

void store_users_cdb_free(struct store_users_cdb *cdb)
{
    if (cdb == NULL)
        return;
    cdb_free(&cdb->map);
    hash_suite_clear(&cdb->suite);
    free(cdb);
}

/* ---- looking up ---- */

struct line {
    const char *hash; /* hash_len() octets */
    struct sspi_view name;
};

/* `tag` is the first octet of its key. */
static bool find_line(const struct store_users_cdb *cdb, uint8_t tag,
                      enum sspi_digest_algorithm algorithm, const uint8_t *userhash,
                      struct line *ret_line)
{
    uint8_t key[STORE_USERS_CDB_KEY_MAX] = {tag};
    size_t len = hash_len(algorithm);
    struct sspi_view value;
    memcpy(key + 1, userhash, len);
    if (!find(cdb, key, 1 + len, &value) || value.len <= len)
        return false;
    *ret_line = (struct line){value.data, {value.data + len, value.len - len}};
    return true;
}

/* Returns the user if `name` is user:realm with that realm. */
static bool cut_realm(struct sspi_view name, struct sspi_view realm, struct sspi_view *ret_user)
{
    if (name.len <= realm.len + 1)
        return false;
    size_t len = name.len - realm.len - 1;
    struct sspi_view end = {name.data + len + 1, realm.len};
    *ret_user = (struct sspi_view){name.data, len};
    return len <= STORE_USERS_NAME_LIMIT && name.data[len] == ':' && bytes_equal(end, realm) &&
           memchr(name.data, ':', len) == NULL;
}

static bool userhash_of(const struct store_users_cdb *cdb, struct sspi_view user,
                        struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                        uint8_t ret_userhash[HASH_MAX])
{
    struct hash_run run;
    if (!hash_run_init(&run, &cdb->suite))
        return false;
    bool done = store_users_userhash(&run, algorithm, user, realm, ret_userhash);
    hash_run_clear(&run);
    return done;
}

static bool hash_of(const struct store_users_cdb *cdb, uint8_t tag, struct sspi_view user,
                    struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                    uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    uint8_t userhash[HASH_MAX];
    struct line line;
    struct sspi_view found;
    if (user.len == 0 || user.len > STORE_USERS_NAME_LIMIT || realm.len > STORE_USERS_NAME_LIMIT ||
        !userhash_of(cdb, user, realm, algorithm, userhash) ||
        !find_line(cdb, tag, algorithm, userhash, &line) || !cut_realm(line.name, realm, &found) ||
        !bytes_equal(found, user))
        return false;
    memcpy(ret_hash, line.hash, hash_len(algorithm));
    return true;
}

bool store_users_cdb_hash(const struct store_users_cdb *cdb, struct sspi_view user,
                          struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                          uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    return store_users_parse_takes(algorithm) &&
           hash_of(cdb, (uint8_t)algorithm, user, realm, algorithm, ret_hash);
}

bool store_users_cdb_sasl_hash(const struct store_users_cdb *cdb, struct sspi_view user,
                               struct sspi_view realm, uint8_t ret_hash[STORE_USERS_HASH_MAX])
{
    return hash_of(cdb, STORE_USERS_CDB_SASL, user, realm, SSPI_DIGEST_MD5, ret_hash);
}

bool store_users_cdb_user(const struct store_users_cdb *cdb, struct sspi_view userhash,
                          struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                          struct bytes *ret_user)
{
    uint8_t octets[HASH_MAX];
    struct line line;
    struct sspi_view user;
    if (!store_users_parse_takes(algorithm) ||
        !hex_decode_lower(userhash, octets, hash_len(algorithm)) ||
        !find_line(cdb, (uint8_t)algorithm, algorithm, octets, &line) ||
        !cut_realm(line.name, realm, &user))
        return false;
    bytes_append_view(ret_user, user);
    return !ret_user->failed;
}

void store_users_cdb_count(const struct store_users_cdb *cdb, struct sspi_view realm,
                           enum sspi_digest_algorithm algorithm, size_t *ret_users,
                           size_t *ret_with_algorithm)
{
    char key[1 + STORE_USERS_NAME_LIMIT] = STORE_USERS_CDB_ALL;
    size_t key_len = 1;
    uint32_t counts[STORE_USERS_CDB_COUNTS];
    *ret_users = 0;
    *ret_with_algorithm = 0;
    if (realm.len > STORE_USERS_NAME_LIMIT)
        return;
    if (realm.data != NULL) {
        key[0] = STORE_USERS_CDB_REALM;
        memcpy(key + 1, realm.data, realm.len);
        key_len += realm.len;
    }
    if (!find_numbers(cdb, key, key_len, counts, STORE_USERS_CDB_COUNTS))
        return;
    *ret_users = counts[0];
    if (store_users_parse_takes(algorithm))
        *ret_with_algorithm = counts[algorithm];
}

/* ---- walking ---- */

/* Reads a record as find_line() does. False: it is a record of another kind. */
static bool read_line(struct cdb *map, struct store_users_line *ret_line)
{
    const char *key = cdb_getkey(map), *value = cdb_getdata(map);
    if (key == NULL || value == NULL || cdb_keylen(map) == 0)
        return false;
    bool is_sasl = key[0] == STORE_USERS_CDB_SASL;
    enum sspi_digest_algorithm algorithm = is_sasl ? SSPI_DIGEST_MD5 : (unsigned char)key[0];
    size_t len = hash_len(algorithm);
    if (!store_users_parse_takes(algorithm) || cdb_keylen(map) != 1 + len ||
        cdb_datalen(map) <= len)
        return false;
    struct sspi_view name = {value + len, cdb_datalen(map) - len};
    const char *colon = memchr(name.data, ':', name.len);
    if (colon == NULL)
        return false;
    size_t user_len = (size_t)(colon - name.data);
    if (user_len == 0 || user_len > STORE_USERS_NAME_LIMIT ||
        name.len - user_len - 1 > STORE_USERS_NAME_LIMIT)
        return false;
    *ret_line = (struct store_users_line){.kind = is_sasl ? STORE_USERS_SASL : STORE_USERS_DIGEST,
                                          .user = {name.data, user_len},
                                          .realm = {colon + 1, name.len - user_len - 1},
                                          .algorithm = algorithm};
    memcpy(ret_line->hash, value, len);
    return true;
}

bool store_users_cdb_next(const struct store_users_cdb *cdb, unsigned *position,
                          struct store_users_line *ret_line)
{
    struct cdb map = cdb->map;
    if (*position == 0)
        cdb_seqinit(position, &map);
    for (unsigned before = *position; cdb_seqnext(position, &map) > 0; before = *position) {
        /* Lengths in a damaged file can make tinycdb's sum of them wrap. */
        if (*position <= before)
            return false;
        if (read_line(&map, ret_line))
            return true;
    }
    return false;
}
