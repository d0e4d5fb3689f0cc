/* SPDX-License-Identifier: Apache-2.0 */
#include "store_users_test.h"

#include <sys/stat.h>
#include <time.h>

static void finds_each_hash_under_user_realm_and_algorithm(void **kind)
{
    open_users("# users\r\nalice:realm:" A "\r\n\nalice:realm:SHA-256:" B A "\nalice:other:" B
               "\nbob:realm:SHA-512-256:" A A "\nalice:DOM:NT:" A,
               *kind);
    assert_non_null(users);
    assert_true(has(ALICE, REALM, SSPI_DIGEST_MD5, 0x01));
    assert_true(has(ALICE, REALM, SSPI_DIGEST_SHA_256, 0xfe));
    assert_true(has(ALICE, SSPI_VIEW("other"), SSPI_DIGEST_MD5, 0xfe));
    assert_true(has(SSPI_VIEW("bob"), REALM, SSPI_DIGEST_SHA_512_256, 0x01));

    uint8_t hash[STORE_USERS_HASH_MAX];
    assert_false(store_users_hash(users, ALICE, REALM, SSPI_DIGEST_SHA_512_256, hash));
    assert_false(store_users_hash(users, SSPI_VIEW("Alice"), REALM, SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, ALICE, SSPI_VIEW("DOM"), SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, SSPI_VIEW(""), REALM, SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, ALICE, SSPI_VIEW(""), SSPI_DIGEST_MD5, hash));
    assert_string_equal(store_users_path(users), path);
}

/* Lines are stored without -sess. A caller that needs -sess asks for the base algorithm. */
static void an_algorithm_without_lines_finds_nothing(void **kind)
{
    static const enum sspi_digest_algorithm others[] = {
        SSPI_DIGEST_NONE, SSPI_DIGEST_MD5_SESS, SSPI_DIGEST_SHA_256_SESS,
        SSPI_DIGEST_SHA_512_256_SESS, (enum sspi_digest_algorithm)99};
    open_users("alice:realm:" A "\nalice:realm:SHA-256:" A A "\nalice:realm:SHA-512-256:" A A,
               *kind);
    uint8_t hash[STORE_USERS_HASH_MAX];
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        assert_false(store_users_hash(users, ALICE, REALM, others[i], hash));
        assert_false(leads_to(userhash_of("alice", "realm", SSPI_DIGEST_MD5), REALM, others[i],
                              "alice", 0x01));
        assert_count(REALM, others[i], 1, 0);
    }
}

static void names_from_clients_may_be_of_any_length_and_octets(void **kind)
{
    open_users("alice:realm:" A "\n", *kind);
    static char name[70000];
    memset(name, 'a', sizeof(name));
    uint8_t hash[STORE_USERS_HASH_MAX];
    for (size_t len = 250; len < 260; len++) {
        assert_false(
            store_users_hash(users, (struct sspi_view){name, len}, REALM, SSPI_DIGEST_MD5, hash));
        assert_false(
            store_users_hash(users, ALICE, (struct sspi_view){name, len}, SSPI_DIGEST_MD5, hash));
        assert_count((struct sspi_view){name, len}, SSPI_DIGEST_MD5, 0, 0);
    }
    assert_false(store_users_hash(users, (struct sspi_view){name, sizeof(name)},
                                  (struct sspi_view){name, sizeof(name)}, SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, SSPI_VIEW("alice\0"), REALM, SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, SSPI_VIEW("alice:realm"), SSPI_VIEW("realm"),
                                  SSPI_DIGEST_MD5, hash));
    struct sspi_view absent = {NULL, 0};
    assert_false(store_users_hash(users, absent, absent, SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, ALICE, absent, SSPI_DIGEST_MD5, hash));
}

/* The colon between user and realm belongs to neither name. */
static void a_colon_in_a_clients_name_does_not_move_the_realm(void **kind)
{
    open_users("alice:realm:" A "\nbob::" A "\n", *kind);
    uint8_t hash[STORE_USERS_HASH_MAX];
    assert_false(
        store_users_hash(users, SSPI_VIEW("alice:realm"), SSPI_VIEW(""), SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, ALICE, SSPI_VIEW("realm:"), SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, SSPI_VIEW("bob:"), SSPI_VIEW(""), SSPI_DIGEST_MD5, hash));
    assert_false(store_users_hash(users, SSPI_VIEW("bob"), SSPI_VIEW(":"), SSPI_DIGEST_MD5, hash));
}

static void an_unknown_user_gets_the_same_dummy_each_time(void **kind)
{
    open_users("alice:realm:" A "\nnobody:realm:SHA-256:" A A "\n", *kind);
    uint8_t first[STORE_USERS_HASH_MAX], next[STORE_USERS_HASH_MAX];
    BYTES_CLEANUP struct bytes name = {0};
    memset(first, 1, sizeof(first));
    memset(next, 2, sizeof(next));
    assert_false(store_users_hash(users, SSPI_VIEW("x"), REALM, SSPI_DIGEST_SHA_256, first));
    assert_false(store_users_hash(users, SSPI_VIEW("y"), REALM, SSPI_DIGEST_SHA_256, next));
    assert_memory_equal(first, next, sizeof(first));
    memset(next, 2, sizeof(next));
    assert_false(store_users_hash_of_userhash(users, userhash_of("x", "realm", SSPI_DIGEST_SHA_256),
                                              REALM, SSPI_DIGEST_SHA_256, &name, next));
    assert_memory_equal(first, next, sizeof(first));
    memset(next, 2, sizeof(next));
    assert_false(store_users_hash_of_userhash(users, SSPI_VIEW("no digits"), REALM,
                                              SSPI_DIGEST_SHA_256, &name, next));
    assert_memory_equal(first, next, sizeof(first));
    assert_int_equal(name.len, 0);
}

static void counts_users_of_a_realm(void **kind)
{
    open_users("alice:realm:" A "\nalice:realm:SHA-256:" A A "\nbob:realm:" A "\ncarol:other:" A
               "\ndave::SHA-512-256:" A A "\ndave:realm:NT:" A "\n",
               *kind);
    assert_count(REALM, SSPI_DIGEST_MD5, 2, 2);
    assert_count(REALM, SSPI_DIGEST_SHA_256, 2, 1);
    assert_count(REALM, SSPI_DIGEST_SHA_512_256, 2, 0);
    assert_count(SSPI_VIEW("other"), SSPI_DIGEST_MD5, 1, 1);
    assert_count(SSPI_VIEW(""), SSPI_DIGEST_SHA_512_256, 1, 1);
    assert_count(SSPI_VIEW("none"), SSPI_DIGEST_MD5, 0, 0);
    /* An absent view means all realms. */
    assert_count((struct sspi_view){NULL, 0}, SSPI_DIGEST_MD5, 4, 3);
    assert_count((struct sspi_view){NULL, 0}, SSPI_DIGEST_SHA_256, 4, 1);
}

static void algorithms_to_offer_are_those_of_every_user(void **kind)
{
    enum sspi_digest_algorithm offered[2];
    open_users("alice:realm:" A "\nalice:realm:SHA-256:" A A "\nbob:old:" A "\n", *kind);
    assert_int_equal(store_users_algorithms(users, REALM, offered), 2);
    assert_int_equal(offered[0], SSPI_DIGEST_SHA_256);
    assert_int_equal(offered[1], SSPI_DIGEST_MD5);
    assert_int_equal(store_users_algorithms(users, SSPI_VIEW("old"), offered), 1);
    assert_int_equal(offered[0], SSPI_DIGEST_MD5);
}

/* Windows sends no realm beside user@domain. */
static void a_user_may_be_in_the_empty_realm(void **kind)
{
    open_users("dave@example.org::" A "\ndave@example.org:realm:" B "\n", *kind);
    struct sspi_view dave = SSPI_VIEW("dave@example.org");
    assert_true(has(dave, SSPI_VIEW(""), SSPI_DIGEST_MD5, 0x01));
    assert_true(has(dave, REALM, SSPI_DIGEST_MD5, 0xfe));
    assert_true(leads_to(userhash_of("dave@example.org", "", SSPI_DIGEST_MD5), SSPI_VIEW(""),
                         SSPI_DIGEST_MD5, "dave@example.org", 0x01));
}

static void a_userhash_finds_its_user_under_the_lines_own_algorithm(void **kind)
{
    open_users("alice:realm:" A "\nalice:realm:SHA-256:" B A "\nalice:other:" B
               "\nbob:realm:SHA-512-256:" A A "\n",
               *kind);
    assert_true(leads_to(userhash_of("alice", "realm", SSPI_DIGEST_MD5), REALM, SSPI_DIGEST_MD5,
                         "alice", 0x01));
    assert_true(leads_to(userhash_of("alice", "realm", SSPI_DIGEST_SHA_256), REALM,
                         SSPI_DIGEST_SHA_256, "alice", 0xfe));
    assert_true(leads_to(userhash_of("bob", "realm", SSPI_DIGEST_SHA_512_256), REALM,
                         SSPI_DIGEST_SHA_512_256, "bob", 0x01));
    assert_false(leads_to(userhash_of("bob", "realm", SSPI_DIGEST_MD5), REALM, SSPI_DIGEST_MD5,
                          "bob", 0x01));
    assert_false(leads_to(userhash_of("bob", "realm", SSPI_DIGEST_SHA_256), REALM,
                          SSPI_DIGEST_SHA_512_256, "bob", 0x01));
    /* RFC 7616 3.4.4: user and realm. */
    assert_false(leads_to(userhash_of("alice", "realm", SSPI_DIGEST_MD5), SSPI_VIEW("other"),
                          SSPI_DIGEST_MD5, "alice", 0x01));
    assert_false(leads_to(userhash_of("alice", "none", SSPI_DIGEST_MD5), REALM, SSPI_DIGEST_MD5,
                          "alice", 0x01));
}

/* RFC 7616 3.9.2 as corrected by erratum 4897. */
static void a_userhash_is_that_of_the_rfcs_example(void **kind)
{
    struct sspi_view realm = SSPI_VIEW("api@example.org");
    open_users("J\xc3\xa4s\xc3\xb8n Doe:api@example.org:SHA-512-256:" A A "\n", *kind);
    assert_true(
        leads_to(SSPI_VIEW("793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"),
                 realm, SSPI_DIGEST_SHA_512_256, "J\xc3\xa4s\xc3\xb8n Doe", 0x01));
}

/* A line in another Unicode form is found only by the hash of that form. */
static void a_userhash_is_of_the_name_as_it_stands(void **kind)
{
    static const char decomposed[] = "Ja\xcc\x88s";
    open_users("Ja\xcc\x88s:realm:" A "\n", *kind);
    assert_true(leads_to(userhash_of(decomposed, "realm", SSPI_DIGEST_MD5), REALM, SSPI_DIGEST_MD5,
                         decomposed, 0x01));
    assert_false(leads_to(userhash_of("J\xc3\xa4s", "realm", SSPI_DIGEST_MD5), REALM,
                          SSPI_DIGEST_MD5, decomposed, 0x01));
}

static void a_userhash_is_lower_case_and_of_the_right_length(void **kind)
{
    open_users("alice:realm:" A "\n", *kind);
    struct sspi_view right = userhash_of("alice", "realm", SSPI_DIGEST_MD5);
    char text[40];
    memcpy(text, right.data, right.len);
    text[right.len] = '0';
    assert_true(leads_to((struct sspi_view){text, 32}, REALM, SSPI_DIGEST_MD5, "alice", 0x01));
    for (size_t len = 0; len <= 33; len++)
        assert_int_equal(
            leads_to((struct sspi_view){text, len}, REALM, SSPI_DIGEST_MD5, "alice", 0x01),
            len == 32);
    for (size_t i = 0; i < 32; i++)
        if (text[i] >= 'a')
            text[i] = (char)(text[i] - 'a' + 'A');
    assert_false(leads_to((struct sspi_view){text, 32}, REALM, SSPI_DIGEST_MD5, "alice", 0x01));
}

static void a_name_that_does_not_fit_is_no_user(void **kind)
{
    open_users("alice:realm:" A "\n", *kind);
    uint8_t hash[STORE_USERS_HASH_MAX];
    BYTES_CLEANUP struct bytes name = {.limit = 4};
    assert_false(store_users_hash_of_userhash(users, userhash_of("alice", "realm", SSPI_DIGEST_MD5),
                                              REALM, SSPI_DIGEST_MD5, &name, hash));
    assert_true(name.failed);
}

static void an_empty_file_has_no_users(void **kind)
{
    open_users("", *kind);
    assert_non_null(users);
    assert_false(has(ALICE, REALM, SSPI_DIGEST_MD5, 0x01));
    assert_false(leads_to(userhash_of("alice", "realm", SSPI_DIGEST_MD5), REALM, SSPI_DIGEST_MD5,
                          "alice", 0x01));
    assert_count(REALM, SSPI_DIGEST_MD5, 0, 0);
    assert_count((struct sspi_view){NULL, 0}, SSPI_DIGEST_MD5, 0, 0);
}

static void assert_error(const char *text, const char *where, const char *what)
{
    open_users(text, &as.text);
    assert_null(users);
    char start[128];
    snprintf(start, sizeof(start), "%s%s", path, where);
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
                 ":3: ", "a second MD5 line of the user and realm of line 1");
}

static void a_complete_last_line_needs_no_line_end(void **unused)
{
    (void)unused;
    open_users("alice:realm:" A, &as.text);
    assert_non_null(users);
    assert_true(has(ALICE, REALM, SSPI_DIGEST_MD5, 0x01));
}

static void refuses(const char *name, const char *what)
{
    assert_null(store_users_open(name, error, sizeof(error)));
    if (strstr(error, what) == NULL)
        fail_msg("error is \"%s\"", error);
}

static void what_is_not_a_readable_file_is_named(void **unused)
{
    (void)unused;
    refuses(path, "cannot open it: No such file");
    refuses("/", "not a regular file");
    refuses("", "names no file");
    assert_int_equal(mkfifo(path, 0600), 0);
    refuses(path, "not a regular file"); /* open() must not wait for a writer */
    unlink(path);
    write_users("", &as.text);
    assert_int_equal(truncate(path, (off_t)STORE_USERS_FILE_LIMIT + 1), 0);
    refuses(path, "64 MiB");
}

static void a_database_without_its_prefix_is_refused(void **unused)
{
    (void)unused;
    char wanted[128];
    write_users("alice:realm:" A "\n", &as.database);
    snprintf(wanted, sizeof(wanted), "this file is a database; name it cdb:%s", path);
    refuses(path, wanted);
    /* The message is the same for a file over the size limit. */
    assert_int_equal(truncate(path, (off_t)STORE_USERS_FILE_LIMIT + 1), 0);
    refuses(path, wanted);
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
    users = store_users_open(path, error, sizeof(error));
    clock_t took = clock() - start;
    print_message("# read in %ld ms of CPU time\n", (long)(took * 1000 / CLOCKS_PER_SEC));
    assert_non_null(users);
    for (int i = 0; i < 50000; i++) {
        char user[32], realm[32];
        struct sspi_view user_view = {user, (size_t)snprintf(user, sizeof(user), "user%d", i)};
        struct sspi_view realm_view = {realm,
                                       (size_t)snprintf(realm, sizeof(realm), "realm%d", i % 777)};
        assert_true(has(user_view, realm_view, SSPI_DIGEST_SHA_256, 0x01));
        if (i % 100 == 0)
            assert_true(leads_to(userhash_of(user, realm, SSPI_DIGEST_MD5), realm_view,
                                 SSPI_DIGEST_MD5, user, 0x01));
    }
    assert_count(SSPI_VIEW("realm0"), SSPI_DIGEST_SHA_256, 65, 65);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    const struct CMUnitTest tests[] = {
        BOTH(finds_each_hash_under_user_realm_and_algorithm),
        BOTH(an_algorithm_without_lines_finds_nothing),
        BOTH(names_from_clients_may_be_of_any_length_and_octets),
        BOTH(a_colon_in_a_clients_name_does_not_move_the_realm),
        BOTH(an_unknown_user_gets_the_same_dummy_each_time),
        BOTH(counts_users_of_a_realm),
        BOTH(algorithms_to_offer_are_those_of_every_user),
        BOTH(a_user_may_be_in_the_empty_realm),
        BOTH(a_userhash_finds_its_user_under_the_lines_own_algorithm),
        BOTH(a_userhash_is_that_of_the_rfcs_example),
        BOTH(a_userhash_is_of_the_name_as_it_stands),
        BOTH(a_userhash_is_lower_case_and_of_the_right_length),
        BOTH(a_name_that_does_not_fit_is_no_user),
        BOTH(an_empty_file_has_no_users),
        TEST(errors_name_file_line_and_remedy),
        TEST(a_complete_last_line_needs_no_line_end),
        TEST(what_is_not_a_readable_file_is_named),
        TEST(a_database_without_its_prefix_is_refused),
        TEST(a_file_of_100000_lines_is_found_whole),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
