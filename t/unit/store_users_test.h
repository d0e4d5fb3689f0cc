/* SPDX-License-Identifier: Apache-2.0 */
/* A user file of either kind that tests write, open and replace. */
#ifndef STORE_USERS_TEST_H
#define STORE_USERS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include "hash.h"
#include "store_users.h"
#include "store_users_cdb.h"
#include "store_users_cdb_writer.h"

#define A     "0123456789abcdef0123456789abcdef"
#define B     "fedcba9876543210fedcba9876543210"
#define ALICE SSPI_VIEW("alice")
#define REALM SSPI_VIEW("realm")

/* The kinds of files that a test may use: the address of a member is the test's initial state. */
static struct {
    char text, database;
} as;

/* One test for each kind. */
#define ONE(test, way) cmocka_unit_test_prestate_setup_teardown(test, NULL, teardown, &as.way)
#define BOTH(test)     ONE(test, text), ONE(test, database)

static char directory[] = "/tmp/store_users.XXXXXX";
static char path[64];
static char error[512];
static struct sspi_users *users;

static inline int make_directory(void **unused)
{
    (void)unused;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/users", directory);
    return 0;
}

static inline int remove_directory(void **unused)
{
    (void)unused;
    return rmdir(directory);
}

static inline int teardown(void **unused)
{
    (void)unused;
    store_users_unref(users);
    users = NULL;
    unlink(path);
    return 0;
}

/* Adds each line of a user file. */
static inline void add_lines(struct store_users_cdb_writer *writer, const char *text)
{
    struct sspi_view rest = bytes_view(text), whole, line;
    struct store_users_line parsed;
    const char *problem;
    while (store_users_parse_next(&rest, &whole, &line)) {
        enum store_users_kind kind = store_users_parse_line(line, &parsed, &problem);
        if (kind == STORE_USERS_DIGEST || kind == STORE_USERS_SASL)
            assert_true(store_users_cdb_writer_add(writer, &parsed));
    }
}

/* Another inode each time, so that every write is a change. */
static inline void write_users(const char *text, void *kind)
{
    char new_path[80];
    bool is_database = kind == &as.database;
    snprintf(new_path, sizeof(new_path), "%s.new", path);
    int file = open(new_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    if (is_database) {
        struct store_users_cdb_writer *writer = store_users_cdb_writer_new(file);
        assert_non_null(writer);
        add_lines(writer, text);
        assert_true(store_users_cdb_writer_finish(writer));
    } else {
        assert_int_equal(write(file, text, strlen(text)), strlen(text));
    }
    assert_int_equal(close(file), 0);
    assert_int_equal(rename(new_path, path), 0);
}

/* Sets `users`. If that is NULL, `error` has the message. */
static inline void open_users(const char *text, void *kind)
{
    char name[80];
    write_users(text, kind);
    memset(error, 0, sizeof(error));
    snprintf(name, sizeof(name), "%s%s", kind == &as.database ? STORE_USERS_CDB_PREFIX : "", path);
    users = store_users_open(name, error, sizeof(error));
}

/* Opens only the database. If it returns NULL, `error` has the message. */
static inline struct store_users_cdb *open_database(void)
{
    struct stat identity;
    error[0] = '\0';
    return store_users_cdb_open(path, &identity, error, sizeof(error));
}

static inline int new_file(void)
{
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    return file;
}

static inline bool has(struct sspi_view user, struct sspi_view realm,
                       enum sspi_digest_algorithm algorithm, int first_octet)
{
    uint8_t hash[STORE_USERS_HASH_MAX];
    bool found = store_users_hash(users, user, realm, algorithm, hash);
    return found && hash[0] == first_octet;
}

/* H(user:realm) as clients write it. */
static inline struct sspi_view userhash_of(const char *user, const char *realm,
                                           enum sspi_digest_algorithm algorithm)
{
    static char text[2 * HASH_MAX + 1];
    uint8_t digest[HASH_MAX];
    struct hash_suite suite;
    BYTES_CLEANUP struct bytes name = {0};
    bytes_append_format(&name, "%s:%s", user, realm);
    assert_true(hash_suite_init(&suite));
    assert_true(hash_once(&suite, algorithm, bytes_as_view(&name), digest));
    hash_suite_clear(&suite);
    for (size_t i = 0; i < hash_len(algorithm); i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return (struct sspi_view){text, 2 * hash_len(algorithm)};
}

/* True if the userhash finds `user` and a hash that begins with first_octet. */
static inline bool leads_to(struct sspi_view userhash, struct sspi_view realm,
                            enum sspi_digest_algorithm algorithm, const char *user, int first_octet)
{
    uint8_t hash[STORE_USERS_HASH_MAX];
    BYTES_CLEANUP struct bytes name = {0};
    bytes_append_text(&name, "before");
    if (!store_users_hash_of_userhash(users, userhash, realm, algorithm, &name, hash)) {
        assert_int_equal(name.len, strlen("before")); /* nothing was appended */
        return false;
    }
    assert_memory_equal(name.data, "before", strlen("before"));
    struct sspi_view found = {name.data + strlen("before"), name.len - strlen("before")};
    return bytes_equal(found, bytes_view(user)) && hash[0] == first_octet;
}

static inline void assert_count(struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                                size_t n_users, size_t n_with)
{
    size_t got_users = 99, got_with = 99;
    store_users_count(users, realm, algorithm, &got_users, &got_with);
    assert_int_equal(got_users, n_users);
    assert_int_equal(got_with, n_with);
}

#endif
