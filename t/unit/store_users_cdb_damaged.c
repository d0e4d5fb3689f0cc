/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are not databases, and damaged databases. */
#include "store_users_test.h"

#include <cdb.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define LINES "alice:realm:" A "\nalice:realm:SHA-256:" B A "\nbob:other:" A "\n"

static void refuses(const char *what)
{
    struct store_users_cdb *cdb = open_database();
    assert_null(cdb);
    if (strncmp(error, path, strlen(path)) != 0 || strstr(error, what) == NULL)
        fail_msg("error is \"%s\"", error);
}

/* ---- files that are not databases ---- */

static void a_file_that_is_no_database_is_refused(void **unused)
{
    (void)unused;
    refuses("cannot open it: No such file");
    write_users("alice:realm:" A "\n", &as.text);
    refuses("not a database of sspi-passwd --compile; name a text file without \"cdb:\"");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    refuses("not a regular file");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refuses("not a regular file"); /* open() must not wait for a writer */
    unlink(path);
    write_users(LINES, &as.database);
    assert_int_equal(truncate(path, (off_t)UINT32_MAX + 1), 0);
    refuses("4 GiB");
}

/* Writes a cdb of another program, whose first record is `key` and `value`. */
static void write_cdb(const char *key, const void *value, unsigned value_len)
{
    struct cdb_make make;
    int file = new_file();
    assert_int_equal(cdb_make_start(&make, file), 0);
    assert_int_equal(cdb_make_add(&make, key, (unsigned)strlen(key), value, value_len), 0);
    assert_int_equal(cdb_make_finish(&make), 0);
    close(file);
}

static void another_cdb_or_version_is_refused(void **unused)
{
    (void)unused;
    write_cdb("alice", "secret", 6);
    refuses("not a database of sspi-passwd --compile");
    write_cdb("sspi-users", "\2\0\0", 4);
    refuses("another version");
    write_cdb("sspi-users", "\1\0\0", 3);
    refuses("another version");
    write_cdb("sspi-users", "\1\0\0", 4); /* without the counts */
    refuses("damaged");
}

static void a_file_that_ends_early_or_late_is_refused(void **unused)
{
    (void)unused;
    struct stat info;
    write_users(LINES, &as.database);
    assert_int_equal(stat(path, &info), 0);
    struct store_users_cdb *cdb = open_database();
    assert_non_null(cdb);
    store_users_cdb_free(cdb);
    assert_int_equal(truncate(path, info.st_size + 1), 0);
    refuses("not complete");
    for (off_t size = info.st_size - 1; size > 0; size -= 7) {
        assert_int_equal(truncate(path, size), 0);
        refuses(size < 2048 + 18 ? "not a database" : "not complete");
    }
    assert_int_equal(truncate(path, 0), 0);
    refuses("not a database");
}

/* ---- damaged records: they are not found, and reads stay inside the file ---- */

/* Maps the file for writing. */
static unsigned char *map_file(size_t *ret_len)
{
    struct stat info;
    int file = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(fstat(file, &info), 0);
    void *memory = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    close(file);
    *ret_len = (size_t)info.st_size;
    return memory;
}

/* Returns the place of `text`. The lengths of a record stand 8 octets before its key. */
static unsigned char *find_text(unsigned char *memory, size_t len, const char *text)
{
    for (size_t i = 0; i + strlen(text) <= len; i++)
        if (memcmp(memory + i, text, strlen(text)) == 0)
            return memory + i;
    fail();
    return NULL;
}

static bool finds(struct store_users_cdb *cdb, const char *user, const char *realm)
{
    uint8_t hash[STORE_USERS_HASH_MAX];
    BYTES_CLEANUP struct bytes name = {0};
    bool by_name =
        store_users_cdb_hash(cdb, bytes_view(user), bytes_view(realm), SSPI_DIGEST_MD5, hash);
    bool by_userhash = store_users_cdb_user(cdb, userhash_of(user, realm, SSPI_DIGEST_MD5),
                                            bytes_view(realm), SSPI_DIGEST_MD5, &name);
    assert_int_equal(by_name, by_userhash);
    return by_name;
}

static void a_damaged_record_is_not_found(void **unused)
{
    (void)unused;
    static const char damages[][16] = {
        "bob;other", "bob:othes", "bo::other", ":ob:other", "bOb:other",
    };
    for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
        size_t len;
        write_users("bob:other:" A "\nalice:realm:" A "\n", &as.database);
        unsigned char *memory = map_file(&len);
        memcpy(find_text(memory, len, "bob:other"), damages[i], strlen(damages[i]));
        munmap(memory, len);
        struct store_users_cdb *cdb = open_database();
        assert_non_null(cdb);
        assert_true(finds(cdb, "alice", "realm"));
        uint8_t hash[STORE_USERS_HASH_MAX];
        assert_false(
            store_users_cdb_hash(cdb, SSPI_VIEW("bob"), SSPI_VIEW("other"), SSPI_DIGEST_MD5, hash));
        store_users_cdb_free(cdb);
    }
}

static void a_record_of_another_length_is_not_found(void **unused)
{
    (void)unused;
    /* Value lengths: of 16 octets of hash and "bob:other" as much or nothing, more than there is.
     */
    static const uint32_t lengths[] = {0, 1, 15, 16, 17, 18, 24, 26, 4096, UINT32_MAX};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        size_t len;
        write_users("bob:other:" A "\n", &as.database);
        unsigned char *memory = map_file(&len);
        unsigned char *value = find_text(memory, len, "bob:other") - 16;
        cdb_pack(lengths[i], value - 17 - 4);
        munmap(memory, len);
        struct store_users_cdb *cdb = open_database();
        assert_non_null(cdb);
        assert_false(finds(cdb, "bob", "other"));
        store_users_cdb_free(cdb);
    }
}

/* With a length near 2^32 a sum of lengths wraps, and would lead to an earlier place in the file.
 */
static void a_walk_ends_whatever_the_lengths_are(void **unused)
{
    (void)unused;
    size_t len;
    write_users("alice:realm:" A "\nbob:other:" A "\n", &as.database);
    struct store_users_cdb *cdb = open_database(); /* opened before the test changes the record */
    unsigned char *memory = map_file(&len);
    unsigned char *record = find_text(memory, len, "bob:other") - 16 - 17 - 8;
    for (uint32_t less = 1; less < 4096; less++)
        for (unsigned which = 0; which < 2; which++) {
            struct store_users_line line;
            unsigned place = 0;
            size_t n_lines = 0;
            cdb_pack(which == 0 ? 0 - less : 17, record);
            cdb_pack(which == 0 ? 25 : 0 - less, record + 4);
            while (store_users_cdb_next(cdb, &place, &line))
                assert_true(++n_lines <= 2);
            assert_int_equal(n_lines, 1);
        }
    munmap(memory, len);
    store_users_cdb_free(cdb);
}

/* Each table of the file gets another place, then another length. */
static void a_table_outside_the_file_is_not_read(void **unused)
{
    (void)unused;
    static const uint32_t places[] = {0, 2047, 2048, 4096, 0x7fffffff, 0xfffffff8, UINT32_MAX};
    size_t len;
    write_users("bob:other:" A "\n", &as.database);
    struct store_users_cdb *cdb = open_database(); /* opened before the test changes the tables */
    assert_true(finds(cdb, "bob", "other"));
    unsigned char *memory = map_file(&len);
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        /* The place of the first table is the end of the records. */
        for (size_t table = 1; table < 256; table++)
            cdb_pack(places[i], memory + 8 * table);
        (void)finds(cdb, "bob", "other");
        for (size_t table = 1; table < 256; table++)
            cdb_pack(places[i], memory + 8 * table + 4);
        (void)finds(cdb, "bob", "other");
    }
    munmap(memory, len);
    store_users_cdb_free(cdb);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_file_that_is_no_database_is_refused),     TEST(another_cdb_or_version_is_refused),
        TEST(a_file_that_ends_early_or_late_is_refused), TEST(a_damaged_record_is_not_found),
        TEST(a_record_of_another_length_is_not_found),   TEST(a_walk_ends_whatever_the_lengths_are),
        TEST(a_table_outside_the_file_is_not_read),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
