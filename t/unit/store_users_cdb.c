/* SPDX-License-Identifier: Apache-2.0 */
/* Makes databases of users. store_users.c tests the lookups for both kinds of files. */
#include "store_users_test.h"

#include <errno.h>

#define LINES "alice:realm:" A "\nalice:realm:SHA-256:" B A "\nbob:other:" A "\n"

static struct store_users_line line_of(const char *text)
{
    struct store_users_line line;
    const char *problem;
    assert_int_equal(store_users_parse_line(bytes_view(text), &line, &problem), STORE_USERS_DIGEST);
    return line;
}

static void a_second_line_of_a_user_and_algorithm_is_refused_and_adds_nothing(void **unused)
{
    (void)unused;
    int file = new_file();
    struct store_users_cdb_writer *writer = store_users_cdb_writer_new(file);
    add_lines(writer, LINES);
    struct store_users_line again = line_of("alice:realm:" B);
    errno = 0;
    assert_false(store_users_cdb_writer_add(writer, &again));
    assert_int_equal(errno, EEXIST);
    struct store_users_line other = line_of("alice:other:" B);
    assert_true(store_users_cdb_writer_add(writer, &other));
    const char *problem;
    assert_int_equal(
        store_users_parse_line(SSPI_VIEW("alice:realm:MD5-ISO-8859-1:" B), &other, &problem),
        STORE_USERS_SASL);
    assert_true(store_users_cdb_writer_add(writer, &other));
    errno = 0;
    assert_false(store_users_cdb_writer_add(writer, &other));
    assert_int_equal(errno, EEXIST);
    assert_true(store_users_cdb_writer_finish(writer));
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
    store_users_cdb_free(cdb);
}

static void a_failed_lookup_does_not_change_the_outputs(void **unused)
{
    (void)unused;
    write_users(LINES, &as.database);
    struct store_users_cdb *cdb = open_database();
    uint8_t hash[STORE_USERS_HASH_MAX] = {0x77};
    BYTES_CLEANUP struct bytes user = {0};
    assert_false(store_users_cdb_hash(cdb, SSPI_VIEW("bob"), REALM, SSPI_DIGEST_MD5, hash));
    assert_int_equal(hash[0], 0x77);
    assert_false(store_users_cdb_user(cdb, userhash_of("bob", "other", SSPI_DIGEST_MD5), REALM,
                                      SSPI_DIGEST_MD5, &user));
    assert_int_equal(user.len, 0);
    assert_false(user.failed);
    store_users_cdb_free(cdb);
    store_users_cdb_free(NULL);
}

/* More users and realms than the initial tables of the writer hold. */
static void many_users_and_realms_are_counted_and_found(void **unused)
{
    (void)unused;
    enum { N_USERS = 6000, N_REALMS = 700 };
    char text[128], name[32], realm[32];
    int file = new_file();
    struct store_users_cdb_writer *writer = store_users_cdb_writer_new(file);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < N_USERS; i++) {
            /* Realms neither together nor in order; every third user has both lines. */
            snprintf(text, sizeof(text), "user%d:realm%d:%s" A, i, i * 31 % N_REALMS,
                     pass == 0 ? "" : "SHA-256:" B);
            struct store_users_line line = line_of(text);
            if (pass == 0 || i % 3 == 0)
                assert_true(store_users_cdb_writer_add(writer, &line));
        }
    assert_true(store_users_cdb_writer_finish(writer));
    close(file);
    struct store_users_cdb *cdb = open_database();
    assert_non_null(cdb);
    size_t n_expected[N_REALMS][2] = {{0}};
    for (int i = 0; i < N_USERS; i++) {
        uint8_t hash[STORE_USERS_HASH_MAX];
        BYTES_CLEANUP struct bytes found = {0};
        snprintf(name, sizeof(name), "user%d", i);
        snprintf(realm, sizeof(realm), "realm%d", i * 31 % N_REALMS);
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
        snprintf(realm, sizeof(realm), "realm%d", i);
        store_users_cdb_count(cdb, bytes_view(realm), SSPI_DIGEST_SHA_256, &n_users, &n_with);
        assert_int_equal(n_users, n_expected[i][0]);
        assert_int_equal(n_with, n_expected[i][1]);
    }
    store_users_cdb_count(cdb, (struct sspi_view){NULL, 0}, SSPI_DIGEST_SHA_256, &n_users, &n_with);
    assert_int_equal(n_users, N_USERS);
    assert_int_equal(n_with, N_USERS / 3);
    store_users_cdb_free(cdb);
}

static void names_may_have_255_octets(void **unused)
{
    (void)unused;
    char text[700], longest[256];
    memset(longest, 'a', 255);
    longest[255] = '\0';
    snprintf(text, sizeof(text), "%s:%s:" A "\n", longest, longest);
    write_users(text, &as.database);
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
    store_users_cdb_free(cdb);

    int file = new_file();
    struct store_users_cdb_writer *writer = store_users_cdb_writer_new(file);
    struct store_users_line line = line_of("alice:realm:" A);
    char longer[256];
    memset(longer, 'a', sizeof(longer));
    line.user = (struct sspi_view){longer, sizeof(longer)};
    assert_false(store_users_cdb_writer_add(writer, &line));
    line.user = ALICE;
    line.realm = (struct sspi_view){longer, sizeof(longer)};
    assert_false(store_users_cdb_writer_add(writer, &line));
    assert_true(store_users_cdb_writer_finish(writer));
    close(file);
}

static void a_write_error_makes_no_database(void **unused)
{
    (void)unused;
    struct store_users_line line = line_of("alice:realm:" A);
    int full = open("/dev/full", O_RDWR | O_CLOEXEC);
    struct store_users_cdb_writer *writer = store_users_cdb_writer_new(full);
    assert_non_null(writer);
    assert_true(store_users_cdb_writer_add(writer, &line)); /* the line is still in a buffer */
    errno = 0;
    assert_false(store_users_cdb_writer_finish(writer));
    assert_int_equal(errno, ENOSPC);

    writer = store_users_cdb_writer_new(full);
    char text[100];
    bool added = true;
    for (int i = 0; added && i < 1000; i++) {
        snprintf(text, sizeof(text), "user%d:realm:" A, i);
        line = line_of(text);
        errno = 0;
        added = store_users_cdb_writer_add(writer, &line);
    }
    assert_false(added);
    assert_int_equal(errno, ENOSPC);
    assert_false(store_users_cdb_writer_add(writer, &line)); /* a failure is permanent */
    assert_false(store_users_cdb_writer_finish(writer));
    close(full);
}

static void the_writer_refuses_lines_that_no_user_file_has(void **unused)
{
    (void)unused;
    int file = new_file();
    struct store_users_cdb_writer *writer = store_users_cdb_writer_new(file);
    struct store_users_line line = line_of("alice:realm:" A);
    line.algorithm = SSPI_DIGEST_MD5_SESS;
    assert_false(store_users_cdb_writer_add(writer, &line));
    line.algorithm = SSPI_DIGEST_NONE;
    assert_false(store_users_cdb_writer_add(writer, &line));
    line = line_of("alice:realm:" A);
    line.kind = STORE_USERS_NT;
    assert_false(store_users_cdb_writer_add(writer, &line));
    line.kind = STORE_USERS_SASL;
    line.algorithm = SSPI_DIGEST_SHA_256;
    assert_false(store_users_cdb_writer_add(writer, &line));
    line = line_of("alice:realm:" A);
    line.user.len = 0;
    assert_false(store_users_cdb_writer_add(writer, &line));
    assert_true(store_users_cdb_writer_finish(writer));
    close(file);
}

static void lines_come_out_in_their_order(void **unused)
{
    (void)unused;
    write_users(LINES "bob:other:MD5-ISO-8859-1:" B "\ncarol::SHA-512-256:" A B "\n", &as.database);
    struct store_users_cdb *cdb = open_database();
    BYTES_CLEANUP struct bytes text = {0};
    struct store_users_line line;
    unsigned place = 0;
    while (store_users_cdb_next(cdb, &place, &line))
        bytes_append_format(&text, "%.*s:%.*s:%s%s:%02x\n", (int)line.user.len, line.user.data,
                            (int)line.realm.len, line.realm.data,
                            line.kind == STORE_USERS_SASL ? "SASL " : "", hash_name(line.algorithm),
                            line.hash[0]);
    assert_false(store_users_cdb_next(cdb, &place, &line)); /* the end is permanent */
    bytes_append_char(&text, '\0');
    assert_string_equal(text.data, "alice:realm:MD5:01\nalice:realm:SHA-256:fe\nbob:other:MD5:01\n"
                                   "bob:other:SASL MD5:fe\ncarol::SHA-512-256:01\n");
    store_users_cdb_free(cdb);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_second_line_of_a_user_and_algorithm_is_refused_and_adds_nothing),
        TEST(a_failed_lookup_does_not_change_the_outputs),
        TEST(many_users_and_realms_are_counted_and_found),
        TEST(names_may_have_255_octets),
        TEST(a_write_error_makes_no_database),
        TEST(the_writer_refuses_lines_that_no_user_file_has),
        TEST(lines_come_out_in_their_order),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
