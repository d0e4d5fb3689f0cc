/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_users.h"

#define A     "0123456789abcdef0123456789abcdef"
#define B     "fedcba9876543210fedcba9876543210"
#define ALICE SSPI_VIEW("alice")
#define REALM SSPI_VIEW("realm")

static char directory[] = "/tmp/store_users.XXXXXX";
static char path[64];
static char error[512];
static struct sspi_users *users;

static int make_directory(void **unused)
{
    (void)unused;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/users", directory);
    return 0;
}

static int remove_directory(void **unused)
{
    (void)unused;
    return rmdir(directory);
}

static int teardown(void **unused)
{
    (void)unused;
    store_users_close(users);
    users = NULL;
    unlink(path);
    return 0;
}

/* Another inode each time, so that every write is a change. */
static void write_file(const char *text)
{
    char new_path[80];
    snprintf(new_path, sizeof new_path, "%s.new", path);
    FILE *file = fopen(new_path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(new_path, path), 0);
}

static void open_text(const char *text)
{
    write_file(text);
    memset(error, 0, sizeof error);
    users = store_users_open(path, error, sizeof error);
}

static bool has(struct sspi_view user, struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                int first_octet)
{
    uint8_t hash[STORE_USERS_HASH_MAX];
    bool found = store_users_hash(users, user, realm, algorithm, hash);
    return found && hash[0] == first_octet;
}

static void finds_each_hash_under_user_realm_and_algorithm(void **unused)
{
    (void)unused;
    open_text("# users\r\nalice:realm:" A "\r\n\nalice:realm:SHA-256:" B A "\nalice:other:" B
              "\nbob:realm:SHA-512-256:" A A "\nalice:DOM:NT:" A);
    assert_non_null(users);
    assert_true(has(ALICE, REALM, SSPI_DIGEST_MD5, 0x01));
    assert_true(has(ALICE, REALM, SSPI_DIGEST_SHA_256, 0xfe));
    assert_true(has(ALICE, SSPI_VIEW("other"), SSPI_DIGEST_MD5, 0xfe));
    assert_true(has(SSPI_VIEW("bob"), REALM, SSPI_DIGEST_SHA_512_256, 0x01));

    uint8_t hash[STORE_USERS_HASH_MAX];
    assert_false(store_users_hash(users, ALICE, REALM, SSPI_DIGEST_SHA_512_256, hash));
    assert_false(store_users_hash(users, SSPI_VIEW("Alice"), REALM, SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, ALICE, SSPI_VIEW("DOM"), SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, ALICE, REALM, SSPI_DIGEST_NONE, hash));
    assert_false(store_users_hash(users, ALICE, REALM, (enum sspi_digest_algorithm)99, hash));
    assert_false(store_users_hash(users, SSPI_VIEW(""), REALM, SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, ALICE, SSPI_VIEW(""), SSPI_DIGEST_MD5, hash));
    assert_string_equal(store_users_path(users), path);
}

static void names_from_clients_may_be_of_any_length_and_octets(void **unused)
{
    (void)unused;
    open_text("alice:realm:" A "\n");
    char name[70000];
    memset(name, 'a', sizeof name);
    uint8_t hash[STORE_USERS_HASH_MAX];
    for (size_t len = 250; len < 260; len++) {
        assert_false(
            store_users_hash(users, (struct sspi_view){name, len}, REALM, SSPI_DIGEST_MD5, hash));
        assert_false(
            store_users_hash(users, ALICE, (struct sspi_view){name, len}, SSPI_DIGEST_MD5, hash));
    }
    assert_false(store_users_hash(users, (struct sspi_view){name, sizeof name},
                                  (struct sspi_view){name, sizeof name}, SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, SSPI_VIEW("alice\0"), REALM, SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, SSPI_VIEW("alice:realm"), SSPI_VIEW("realm"),
                                  SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, (struct sspi_view){NULL, 0}, (struct sspi_view){NULL, 0},
                                  SSPI_DIGEST_MD5, hash));
}

static void an_unknown_user_gets_the_same_dummy_each_time(void **unused)
{
    (void)unused;
    open_text("alice:realm:" A "\n");
    uint8_t first[STORE_USERS_HASH_MAX], second[STORE_USERS_HASH_MAX];
    memset(first, 1, sizeof first);
    memset(second, 2, sizeof second);
    assert_false(store_users_hash(users, SSPI_VIEW("x"), REALM, SSPI_DIGEST_SHA_256, first));
    assert_false(store_users_hash(users, SSPI_VIEW("y"), REALM, SSPI_DIGEST_SHA_256, second));
    assert_memory_equal(first, second, sizeof first);
}

static void assert_count(struct sspi_view realm, enum sspi_digest_algorithm algorithm,
                         size_t n_users, size_t n_with)
{
    size_t got_users = 99, got_with = 99;
    store_users_count(users, realm, algorithm, &got_users, &got_with);
    assert_int_equal(got_users, n_users);
    assert_int_equal(got_with, n_with);
}

static void counts_users_of_a_realm(void **unused)
{
    (void)unused;
    open_text("alice:realm:" A "\nalice:realm:SHA-256:" A A "\nbob:realm:" A "\ncarol:other:" A
              "\ndave:realm:NT:" A "\n");
    assert_count(REALM, SSPI_DIGEST_MD5, 2, 2);
    assert_count(REALM, SSPI_DIGEST_SHA_256, 2, 1);
    assert_count(REALM, SSPI_DIGEST_SHA_512_256, 2, 0);
    assert_count(REALM, SSPI_DIGEST_NONE, 2, 0);
    assert_count(SSPI_VIEW("other"), SSPI_DIGEST_MD5, 1, 1);
    assert_count(SSPI_VIEW("none"), SSPI_DIGEST_MD5, 0, 0);
    /* The absent view: all realms. */
    assert_count((struct sspi_view){NULL, 0}, SSPI_DIGEST_MD5, 3, 3);
    assert_count((struct sspi_view){NULL, 0}, SSPI_DIGEST_SHA_256, 3, 1);
}

static void assert_error(const char *text, const char *where, const char *what)
{
    open_text(text);
    assert_null(users);
    char start[128];
    snprintf(start, sizeof start, "%s%s", path, where);
    if (strncmp(error, start, strlen(start)) != 0 || strstr(error, what) == NULL)
        fail_msg("error is \"%s\"", error);
    assert_null(strstr(error, "0123456789")); /* no hash, not even a part of one */
}

static void errors_name_file_line_and_remedy(void **unused)
{
    (void)unused;
    assert_error("#\n\nalice:realm:" A "0\n", ":3: ", "not 32 hexadecimal digits");
    assert_error("alice:realm:" A "\nbob:realm:SHA-256:0123456789", ":2: ", "truncated");
    assert_error("alice:realm:" A "\nbob", ":2: ", "truncated");
    assert_error("alice:realm:" A "\nbob:realm:" A "\nalice:realm:MD5:" B "\n",
                 ":3: ", "a second MD5 line of a user and realm that line 1 has");
}

static void a_complete_last_line_needs_no_line_end(void **unused)
{
    (void)unused;
    open_text("alice:realm:" A);
    assert_non_null(users);
    assert_true(has(ALICE, REALM, SSPI_DIGEST_MD5, 0x01));
}

/* A chmod may have made a file readable that could not be read again before. */
static void a_file_whose_mode_changed_is_read_again(void **unused)
{
    (void)unused;
    open_text("alice:realm:" A "\n");
    assert_non_null(users);
    struct stat before, after;
    assert_int_equal(stat(path, &before), 0);
    do { /* the clock of the file system has ticks */
        assert_int_equal(chmod(path, 0600), 0);
        assert_int_equal(stat(path, &after), 0);
    } while (after.st_ctim.tv_sec == before.st_ctim.tv_sec &&
             after.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
    assert_int_equal(store_users_refresh(users, 5000, error, sizeof error), STORE_REFRESH_DONE);
    assert_int_equal(store_users_refresh(users, 6000, error, sizeof error),
                     STORE_REFRESH_UNCHANGED);
}

static void an_empty_file_has_no_users(void **unused)
{
    (void)unused;
    open_text("");
    assert_non_null(users);
    assert_false(has(ALICE, REALM, SSPI_DIGEST_MD5, 0x01));
    assert_count(REALM, SSPI_DIGEST_MD5, 0, 0);
}

static void what_is_not_a_readable_file_is_named(void **unused)
{
    (void)unused;
    assert_null(store_users_open(path, error, sizeof error));
    assert_non_null(strstr(error, "cannot open it: No such file"));
    assert_null(store_users_open("/", error, sizeof error));
    assert_non_null(strstr(error, "not a regular file"));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(store_users_open(path, error, sizeof error)); /* and does not wait */
    assert_non_null(strstr(error, "not a regular file"));
    unlink(path);
    write_file("");
    assert_int_equal(truncate(path, (off_t)STORE_USERS_FILE_LIMIT + 1), 0);
    assert_null(store_users_open(path, error, sizeof error));
    assert_non_null(strstr(error, "64 MiB"));
}

static void a_change_is_picked_up_once_a_second(void **unused)
{
    (void)unused;
    open_text("alice:realm:" A "\n");
    assert_int_equal(store_users_refresh(users, 5000, error, sizeof error),
                     STORE_REFRESH_UNCHANGED);
    write_file("alice:realm:" B "\n");
    assert_int_equal(store_users_refresh(users, 5999, error, sizeof error),
                     STORE_REFRESH_UNCHANGED);
    assert_true(has(ALICE, REALM, SSPI_DIGEST_MD5, 0x01));
    assert_int_equal(store_users_refresh(users, 6000, error, sizeof error), STORE_REFRESH_DONE);
    assert_true(has(ALICE, REALM, SSPI_DIGEST_MD5, 0xfe));
    assert_int_equal(store_users_refresh(users, 7000, error, sizeof error),
                     STORE_REFRESH_UNCHANGED);
    write_file("alice:realm:" A "\n");
    assert_int_equal(store_users_refresh(users, 10, error, sizeof error), STORE_REFRESH_DONE);
}

static void a_bad_change_is_told_once_and_the_old_users_stay(void **unused)
{
    (void)unused;
    open_text("alice:realm:" A "\n");
    write_file("alice:realm\n");
    assert_int_equal(store_users_refresh(users, 1000, error, sizeof error),
                     STORE_REFRESH_UNREADABLE);
    assert_non_null(strstr(error, ":1: "));
    assert_int_equal(store_users_refresh(users, 2000, error, sizeof error),
                     STORE_REFRESH_UNCHANGED);
    assert_true(has(ALICE, REALM, SSPI_DIGEST_MD5, 0x01));

    unlink(path);
    assert_int_equal(store_users_refresh(users, 3000, error, sizeof error),
                     STORE_REFRESH_UNREADABLE);
    assert_int_equal(store_users_refresh(users, 4000, error, sizeof error),
                     STORE_REFRESH_UNCHANGED);
    assert_true(has(ALICE, REALM, SSPI_DIGEST_MD5, 0x01));

    write_file("alice:realm:" B "\n");
    assert_int_equal(store_users_refresh(users, 5000, error, sizeof error), STORE_REFRESH_DONE);
    assert_true(has(ALICE, REALM, SSPI_DIGEST_MD5, 0xfe));
}

static _Atomic bool stop;

static void *look_up(void *failed)
{
    uint8_t hash[STORE_USERS_HASH_MAX];
    while (!stop)
        if (!store_users_hash(users, ALICE, REALM, SSPI_DIGEST_MD5, hash) ||
            (hash[0] != 0x01 && hash[0] != 0xfe))
            *(_Atomic bool *)failed = true;
    return NULL;
}

static void lookups_go_on_while_the_file_is_read_again(void **unused)
{
    (void)unused;
    open_text("alice:realm:" A "\n");
    _Atomic bool failed = false;
    pthread_t threads[2];
    stop = false;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_up, &failed), 0);
    for (unsigned i = 1; i <= 100; i++) {
        write_file(i % 2 ? "alice:realm:" B "\n" : "alice:realm:" A "\n");
        assert_int_equal(store_users_refresh(users, i * 1000, error, sizeof error),
                         STORE_REFRESH_DONE);
    }
    stop = true;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_false(failed);
}

static void a_file_of_100000_lines_is_found_whole(void **unused)
{
    (void)unused;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 50000; i++)
        fprintf(file, "user%d:realm%d:" A "\nuser%d:realm%d:SHA-256:" A B "\n", i, i % 777, i,
                i % 777);
    fclose(file);
    clock_t start = clock();
    users = store_users_open(path, error, sizeof error);
    clock_t took = clock() - start;
    print_message("# read in %ld ms of CPU time\n", (long)(took * 1000 / CLOCKS_PER_SEC));
    assert_non_null(users);
    for (int i = 0; i < 50000; i++) {
        char user[32], realm[32];
        struct sspi_view user_view = {user, (size_t)snprintf(user, sizeof user, "user%d", i)};
        struct sspi_view realm_view = {realm,
                                       (size_t)snprintf(realm, sizeof realm, "realm%d", i % 777)};
        assert_true(has(user_view, realm_view, SSPI_DIGEST_SHA_256, 0x01));
    }
    assert_count(SSPI_VIEW("realm0"), SSPI_DIGEST_SHA_256, 65, 65);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    const struct CMUnitTest tests[] = {
        TEST(finds_each_hash_under_user_realm_and_algorithm),
        TEST(names_from_clients_may_be_of_any_length_and_octets),
        TEST(an_unknown_user_gets_the_same_dummy_each_time),
        TEST(counts_users_of_a_realm),
        TEST(errors_name_file_line_and_remedy),
        TEST(a_complete_last_line_needs_no_line_end),
        TEST(a_file_whose_mode_changed_is_read_again),
        TEST(an_empty_file_has_no_users),
        TEST(what_is_not_a_readable_file_is_named),
        TEST(a_change_is_picked_up_once_a_second),
        TEST(a_bad_change_is_told_once_and_the_old_users_stay),
        TEST(lookups_go_on_while_the_file_is_read_again),
        TEST(a_file_of_100000_lines_is_found_whole),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
