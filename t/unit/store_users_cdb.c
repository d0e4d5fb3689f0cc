/* SPDX-License-Identifier: Apache-2.0 */
/* The database itself: making one, and files that are none. What lookups find is tested for both
 * kinds of files in store_users.c. */
#include "store_users_test.h"

#include <cdb.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define LINES "alice:realm:" A "\nalice:realm:SHA-256:" B A "\nbob:other:" A "\n"

static struct store_users_cdb *open_database(void)
{
    struct stat identity;
    error[0] = '\0';
    return store_users_cdb_open(path, &identity, error, sizeof error);
}

static void refuses(const char *what)
{
    struct store_users_cdb *cdb = open_database();
    assert_null(cdb);
    if (strncmp(error, path, strlen(path)) != 0 || strstr(error, what) == NULL)
        fail_msg("error is \"%s\"", error);
}

static struct store_users_line line_of(const char *text)
{
    struct store_users_line line;
    const char *problem;
    assert_int_equal(store_users_parse_line(bytes_view(text), &line, &problem), STORE_USERS_DIGEST);
    return line;
}

static int new_file(void)
{
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    return file;
}

static void a_second_line_of_a_user_and_algorithm_is_refused_and_adds_nothing(void **unused)
{
    (void)unused;
    int file = new_file();
    struct store_users_cdb_writer *writer = store_users_cdb_begin(file);
    add_lines(writer, LINES);
    struct store_users_line again = line_of("alice:realm:" B);
    errno = 0;
    assert_false(store_users_cdb_add(writer, &again));
    assert_int_equal(errno, EEXIST);
    struct store_users_line other = line_of("alice:other:" B);
    assert_true(store_users_cdb_add(writer, &other));
    assert_true(store_users_cdb_end(writer));
    close(file);
    struct store_users_cdb *cdb = open_database();
    assert_non_null(cdb);
    uint8_t hash[STORE_USERS_HASH_MAX];
    assert_true(store_users_cdb_hash(cdb, ALICE, REALM, SSPI_DIGEST_MD5, hash));
    assert_int_equal(hash[0], 0x01);
    size_t n_users, n_with;
    store_users_cdb_count(cdb, REALM, SSPI_DIGEST_MD5, &n_users, &n_with);
    assert_int_equal(n_users, 1);
    assert_int_equal(n_with, 1);
    store_users_cdb_close(cdb);
}

static void what_is_not_found_leaves_the_outputs_alone(void **unused)
{
    (void)unused;
    write_users(LINES, &as_database);
    struct store_users_cdb *cdb = open_database();
    uint8_t hash[STORE_USERS_HASH_MAX] = {0x77};
    BYTES_CLEANUP struct bytes user = {0};
    assert_false(store_users_cdb_hash(cdb, SSPI_VIEW("bob"), REALM, SSPI_DIGEST_MD5, hash));
    assert_int_equal(hash[0], 0x77);
    assert_false(store_users_cdb_user(cdb, userhash_of("bob", "other", SSPI_DIGEST_MD5), REALM,
                                      SSPI_DIGEST_MD5, &user));
    assert_int_equal(user.len, 0);
    assert_false(user.failed);
    store_users_cdb_close(cdb);
    store_users_cdb_close(NULL);
}

/* More than the tables of the writer begin with. */
static void many_users_and_realms_are_counted_and_found(void **unused)
{
    (void)unused;
    enum { N_USERS = 6000, N_REALMS = 700 };
    char text[128], name[32], realm[32];
    int file = new_file();
    struct store_users_cdb_writer *writer = store_users_cdb_begin(file);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < N_USERS; i++) {
            /* Realms neither together nor in order; every third user has both lines. */
            snprintf(text, sizeof text, "user%d:realm%d:%s" A, i, i * 31 % N_REALMS,
                     pass == 0 ? "" : "SHA-256:" B);
            struct store_users_line line = line_of(text);
            if (pass == 0 || i % 3 == 0)
                assert_true(store_users_cdb_add(writer, &line));
        }
    assert_true(store_users_cdb_end(writer));
    close(file);
    struct store_users_cdb *cdb = open_database();
    assert_non_null(cdb);
    size_t n_expected[N_REALMS][2] = {{0}};
    for (int i = 0; i < N_USERS; i++) {
        uint8_t hash[STORE_USERS_HASH_MAX];
        BYTES_CLEANUP struct bytes found = {0};
        snprintf(name, sizeof name, "user%d", i);
        snprintf(realm, sizeof realm, "realm%d", i * 31 % N_REALMS);
        assert_true(
            store_users_cdb_hash(cdb, bytes_view(name), bytes_view(realm), SSPI_DIGEST_MD5, hash));
        assert_int_equal(store_users_cdb_hash(cdb, bytes_view(name), bytes_view(realm),
                                              SSPI_DIGEST_SHA_256, hash),
                         i % 3 == 0);
        n_expected[i * 31 % N_REALMS][0]++;
        n_expected[i * 31 % N_REALMS][1] += i % 3 == 0;
        if (i % 50 != 0)
            continue;
        assert_true(store_users_cdb_user(cdb, userhash_of(name, realm, SSPI_DIGEST_MD5),
                                         bytes_view(realm), SSPI_DIGEST_MD5, &found));
        assert_true(bytes_equal(bytes_as_view(&found), bytes_view(name)));
    }
    size_t n_users, n_with;
    for (int i = 0; i < N_REALMS; i++) {
        snprintf(realm, sizeof realm, "realm%d", i);
        store_users_cdb_count(cdb, bytes_view(realm), SSPI_DIGEST_SHA_256, &n_users, &n_with);
        assert_int_equal(n_users, n_expected[i][0]);
        assert_int_equal(n_with, n_expected[i][1]);
    }
    store_users_cdb_count(cdb, (struct sspi_view){NULL, 0}, SSPI_DIGEST_SHA_256, &n_users, &n_with);
    assert_int_equal(n_users, N_USERS);
    assert_int_equal(n_with, N_USERS / 3);
    store_users_cdb_close(cdb);
}

static void names_may_have_255_octets(void **unused)
{
    (void)unused;
    char text[700], longest[256];
    memset(longest, 'a', 255);
    longest[255] = '\0';
    snprintf(text, sizeof text, "%s:%s:" A "\n", longest, longest);
    write_users(text, &as_database);
    struct store_users_cdb *cdb = open_database();
    struct sspi_view name = bytes_view(longest);
    uint8_t hash[STORE_USERS_HASH_MAX];
    size_t n_users, n_with;
    BYTES_CLEANUP struct bytes user = {0};
    assert_true(store_users_cdb_hash(cdb, name, name, SSPI_DIGEST_MD5, hash));
    assert_true(store_users_cdb_user(cdb, userhash_of(longest, longest, SSPI_DIGEST_MD5), name,
                                     SSPI_DIGEST_MD5, &user));
    assert_true(bytes_equal(bytes_as_view(&user), name));
    store_users_cdb_count(cdb, name, SSPI_DIGEST_MD5, &n_users, &n_with);
    assert_int_equal(n_users, 1);
    store_users_cdb_close(cdb);

    int file = new_file();
    struct store_users_cdb_writer *writer = store_users_cdb_begin(file);
    struct store_users_line line = line_of("alice:realm:" A);
    char longer[256];
    memset(longer, 'a', sizeof longer);
    line.user = (struct sspi_view){longer, sizeof longer};
    assert_false(store_users_cdb_add(writer, &line));
    line.user = ALICE;
    line.realm = (struct sspi_view){longer, sizeof longer};
    assert_false(store_users_cdb_add(writer, &line));
    assert_true(store_users_cdb_end(writer));
    close(file);
}

static void what_cannot_be_written_is_no_database(void **unused)
{
    (void)unused;
    struct store_users_line line = line_of("alice:realm:" A);
    int full = open("/dev/full", O_RDWR | O_CLOEXEC);
    struct store_users_cdb_writer *writer = store_users_cdb_begin(full);
    assert_non_null(writer);
    assert_true(store_users_cdb_add(writer, &line)); /* waits in a buffer */
    errno = 0;
    assert_false(store_users_cdb_end(writer));
    assert_int_equal(errno, ENOSPC);

    writer = store_users_cdb_begin(full);
    char text[100];
    bool added = true;
    for (int i = 0; added && i < 1000; i++) {
        snprintf(text, sizeof text, "user%d:realm:" A, i);
        line = line_of(text);
        errno = 0;
        added = store_users_cdb_add(writer, &line);
    }
    assert_false(added);
    assert_int_equal(errno, ENOSPC);
    assert_false(store_users_cdb_add(writer, &line)); /* and stays so */
    assert_false(store_users_cdb_end(writer));
    close(full);
}

static void the_writer_takes_what_lines_are_of(void **unused)
{
    (void)unused;
    int file = new_file();
    struct store_users_cdb_writer *writer = store_users_cdb_begin(file);
    struct store_users_line line = line_of("alice:realm:" A);
    line.algorithm = SSPI_DIGEST_MD5_SESS;
    assert_false(store_users_cdb_add(writer, &line));
    line.algorithm = SSPI_DIGEST_NONE;
    assert_false(store_users_cdb_add(writer, &line));
    line = line_of("alice:realm:" A);
    line.user.len = 0;
    assert_false(store_users_cdb_add(writer, &line));
    assert_true(store_users_cdb_end(writer));
    close(file);
}

/* ---- files that are none ---- */

static void what_is_no_database_is_told(void **unused)
{
    (void)unused;
    refuses("cannot open it: No such file");
    write_users("alice:realm:" A "\n", &as_text);
    refuses("not a database of sspi-passwd --compile; name a text file without \"cdb:\"");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    refuses("not a regular file");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refuses("not a regular file"); /* and does not wait */
    unlink(path);
    write_users(LINES, &as_database);
    assert_int_equal(truncate(path, (off_t)UINT32_MAX + 1), 0);
    refuses("4 GiB");
}

/* A cdb of somebody else's, whose first record is `key` and `value`. */
static void write_cdb(const char *key, const void *value, unsigned value_len)
{
    struct cdb_make make;
    int file = new_file();
    assert_int_equal(cdb_make_start(&make, file), 0);
    assert_int_equal(cdb_make_add(&make, key, (unsigned)strlen(key), value, value_len), 0);
    assert_int_equal(cdb_make_finish(&make), 0);
    close(file);
}

static void another_cdb_or_version_is_told(void **unused)
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

static void a_file_that_ends_early_or_late_is_told(void **unused)
{
    (void)unused;
    struct stat info;
    write_users(LINES, &as_database);
    assert_int_equal(stat(path, &info), 0);
    struct store_users_cdb *cdb = open_database();
    assert_non_null(cdb);
    store_users_cdb_close(cdb);
    assert_int_equal(truncate(path, info.st_size + 1), 0);
    refuses("not whole");
    for (off_t size = info.st_size - 1; size > 0; size -= 7) {
        assert_int_equal(truncate(path, size), 0);
        refuses(size < 2048 + 18 ? "not a database" : "not whole");
    }
    assert_int_equal(truncate(path, 0), 0);
    refuses("not a database");
}

/* ---- damaged records: found as nothing, and never left ---- */

/* Maps the file to be written into, before anybody opens it. */
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

/* Where the record of that text lies: the lengths of key and value are 8 octets before the key. */
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
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        size_t len;
        write_users("bob:other:" A "\nalice:realm:" A "\n", &as_database);
        unsigned char *memory = map_file(&len);
        memcpy(find_text(memory, len, "bob:other"), damages[i], strlen(damages[i]));
        munmap(memory, len);
        struct store_users_cdb *cdb = open_database();
        assert_non_null(cdb);
        assert_true(finds(cdb, "alice", "realm"));
        uint8_t hash[STORE_USERS_HASH_MAX];
        assert_false(
            store_users_cdb_hash(cdb, SSPI_VIEW("bob"), SSPI_VIEW("other"), SSPI_DIGEST_MD5, hash));
        store_users_cdb_close(cdb);
    }
}

static void a_record_of_another_length_is_not_found(void **unused)
{
    (void)unused;
    /* Value lengths: of 16 octets of hash and "bob:other" as much or nothing, more than there is.
     */
    static const uint32_t lengths[] = {0, 1, 15, 16, 17, 18, 24, 26, 4096, UINT32_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t len;
        write_users("bob:other:" A "\n", &as_database);
        unsigned char *memory = map_file(&len);
        unsigned char *value = find_text(memory, len, "bob:other") - 16;
        cdb_pack(lengths[i], value - 17 - 4);
        munmap(memory, len);
        struct store_users_cdb *cdb = open_database();
        assert_non_null(cdb);
        assert_false(finds(cdb, "bob", "other"));
        store_users_cdb_close(cdb);
    }
}

/* All tables of the file in turn lie elsewhere or are longer. */
static void a_table_outside_the_file_is_not_read(void **unused)
{
    (void)unused;
    static const uint32_t places[] = {0, 2047, 2048, 4096, 0x7fffffff, 0xfffffff8, UINT32_MAX};
    size_t len;
    write_users("bob:other:" A "\n", &as_database);
    struct store_users_cdb *cdb = open_database(); /* before they are changed */
    assert_true(finds(cdb, "bob", "other"));
    unsigned char *memory = map_file(&len);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        for (size_t table = 1; table < 256; table++) /* the first tells where records end */
            cdb_pack(places[i], memory + 8 * table);
        (void)finds(cdb, "bob", "other");
        for (size_t table = 1; table < 256; table++)
            cdb_pack(places[i], memory + 8 * table + 4);
        (void)finds(cdb, "bob", "other");
    }
    munmap(memory, len);
    store_users_cdb_close(cdb);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_second_line_of_a_user_and_algorithm_is_refused_and_adds_nothing),
        TEST(what_is_not_found_leaves_the_outputs_alone),
        TEST(many_users_and_realms_are_counted_and_found),
        TEST(names_may_have_255_octets),
        TEST(what_cannot_be_written_is_no_database),
        TEST(the_writer_takes_what_lines_are_of),
        TEST(what_is_no_database_is_told),
        TEST(another_cdb_or_version_is_told),
        TEST(a_file_that_ends_early_or_late_is_told),
        TEST(a_damaged_record_is_not_found),
        TEST(a_record_of_another_length_is_not_found),
        TEST(a_table_outside_the_file_is_not_read),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
