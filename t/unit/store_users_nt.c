/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "store_users.h"
#include "store_source.h"

#define A "0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210"

static char path[] = "/tmp/store_users_nt.XXXXXX";
static char error[512];

static int make_file(void **state)
{
    int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int remove_file(void **state)
{
    return unlink(path);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct sspi_users *open_users(const char *text)
{
    write_file(text);
    struct sspi_users *users = store_users_open(path, error, sizeof(error));
    if (users == NULL)
        print_message("# %s\n", error);
    assert_non_null(users);
    return users;
}

/* `name` is "user" or "DOMAIN\user" of the expected line; NULL: no line is expected. */
static void assert_finds(struct sspi_users *users, const char *user, const char *domain,
                         const char *name, uint8_t first)
{
    struct store_nt_user found;
    char whole[2 * sizeof(found.user)];
    assert_int_equal(store_users_nt_find(users, bytes_view(user), bytes_view(domain), &found),
                     name != NULL);
    assert_int_equal(found.hash[0], name != NULL ? first : 0x5a);
    snprintf(whole, sizeof(whole), "%s\\%s", found.domain, found.user);
    assert_string_equal(whole, name != NULL ? name : "\\");
}

static void lines_are_found_without_case(void **state)
{
    struct sspi_users *users = open_users("# users\r\n"
                                          "Alice:Corp:NT:" A "\r\n"
                                          "alice:Corp:" B "\n"
                                          "alice:Corp:SHA-256:" B B "\n"
                                          "alice:Lab:nt:" B "\n"
                                          "\n"
                                          "J\xc3\x96rg:M\xc3\xbcnchen:NT:" A "\n"
                                          "o'neil, x@y:a.b.example:NT:" B);
    assert_finds(users, "alice", "CORP", "Corp\\Alice", 0x01);
    assert_finds(users, "ALICE", "corp", "Corp\\Alice", 0x01);
    assert_finds(users, "aLICE", "lAB", "Lab\\alice", 0xfe);
    assert_finds(users, "j\xc3\xb6RG", "m\xc3\x9cNCHEN", "M\xc3\xbcnchen\\J\xc3\x96rg", 0x01);
    assert_finds(users, "O'Neil, X@Y", "A.B.Example", "a.b.example\\o'neil, x@y", 0xfe);
    assert_finds(users, "alic", "Corp", NULL, 0);
    assert_finds(users, "alicee", "Corp", NULL, 0);
    assert_finds(users, "alice", "Corp2", NULL, 0);
    assert_finds(users, "alice", "Cor", NULL, 0);
    assert_finds(users, "", "Corp", NULL, 0);
    assert_finds(users, "jorg", "M\xc3\xbcnchen", NULL, 0);
    store_users_unref(users);
}

static void no_domain_is_that_of_the_first_line(void **state)
{
    char domain[STORE_USERS_NAME_LIMIT + 1];
    struct sspi_users *users = open_users("alice:office:" A "\n"
                                          "zoe:Lab:NT:" A "\n"
                                          "alice:Corp:NT:" B "\n"
                                          "alice:Lab:NT:" A "\n");
    assert_true(store_users_nt_domain(users, domain));
    assert_string_equal(domain, "Lab");
    assert_finds(users, "Alice", "", "Lab\\alice", 0x01);
    assert_finds(users, "bob", "", NULL, 0);
    store_users_unref(users);
}

static void a_file_without_nt_lines_has_no_nt_users(void **state)
{
    char domain[STORE_USERS_NAME_LIMIT + 1];
    static const char *const all[] = {"", "# nobody\n", "alice:office:" A "\n"};

    for (size_t i = 0; i < 3; i++) {
        struct sspi_users *users = open_users(all[i]);
        assert_false(store_users_nt_domain(users, domain));
        assert_finds(users, "alice", "office", NULL, 0);
        assert_finds(users, "alice", "", NULL, 0);
        store_users_unref(users);
    }
}

static void a_name_with_a_nul_is_not_found(void **state)
{
    struct store_nt_user found;
    struct sspi_users *users = open_users("alice:Corp:NT:" A "\n");
    assert_false(store_users_nt_find(users, SSPI_VIEW("ALICE\0CORP"), SSPI_VIEW(""), &found));
    assert_false(store_users_nt_find(users, SSPI_VIEW(""), SSPI_VIEW("ALICE\0CORP"), &found));
    assert_false(store_users_nt_find(users, SSPI_VIEW("alice\0"), SSPI_VIEW("Corp"), &found));
    assert_false(store_users_nt_find(users, SSPI_VIEW("alice"), SSPI_VIEW("\0Corp"), &found));
    assert_false(store_users_nt_find(users, SSPI_VIEW("\xff"), SSPI_VIEW("Corp"), &found));
    store_users_unref(users);
}

static void names_may_be_of_any_length(void **state)
{
    char text[2 * STORE_USERS_NAME_LIMIT + 64], name[4096];
    char longest[STORE_USERS_NAME_LIMIT + 1];
    struct store_nt_user found;
    memset(longest, 'n', STORE_USERS_NAME_LIMIT);
    longest[STORE_USERS_NAME_LIMIT] = '\0';
    snprintf(text, sizeof(text), "%s:%s:NT:" A "\n", longest, longest);
    struct sspi_users *users = open_users(text);
    memset(name, 'N', sizeof(name));
    for (size_t len = STORE_USERS_NAME_LIMIT - 1; len <= STORE_USERS_NAME_LIMIT + 1; len++) {
        struct sspi_view view = {name, len};
        assert_int_equal(store_users_nt_find(users, view, view, &found),
                         len == STORE_USERS_NAME_LIMIT);
    }
    struct sspi_view view = {name, sizeof(name)};
    assert_false(store_users_nt_find(users, view, view, &found));
    store_users_unref(users);
}

static void wrong_files_are_refused_with_their_line(void **state)
{
    static const struct {
        const char *text, *words;
    } all[] = {
        {"alice:Corp:NT:" A "\nALICE:corp:NT:" B "\n", ":2: a second NT line"},
        {"\nj\xc3\xb6rg:Corp:NT:" A "\nx:Corp:NT:" A "\nJ\xc3\x96RG:CORP:NT:" A "\n",
         ":4: a second NT line of the user and domain of line 2 (their case is ignored)"},
        {"alice::NT:" A "\n", ":1: an NT line needs a domain"},
        {"x:y:" A "\nCorp\\alice:Corp:NT:" A "\n", ":2: an NT line has a backslash"},
        {"alice:Co\\rp:NT:" A "\n", ":1: an NT line has a backslash"},
        {"alice:Corp:NT:" A "0\n", ":1: the NT hash is not 32"},
        {"alice:Corp:NT:\n", ":1: the NT hash is not 32"},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        write_file(all[i].text);
        assert_null(store_users_open(path, error, sizeof(error)));
        assert_non_null(strstr(error, all[i].words));
        assert_null(strstr(error, A));
    }
}

/* Each of 1000 users is found, and names next to theirs are not. */
static void each_of_many_is_found(void **state)
{
    BYTES_CLEANUP struct bytes text = {0};
    enum { N_USERS = 1000 };
    for (unsigned i = 0; i < N_USERS; i++)
        bytes_append_format(&text,
                            "user%u:DOM%u:NT:%02x"
                            "0000000000000000000000000000"
                            "00\n",
                            i, i % 7, i % 251);
    bytes_append_char(&text, '\0');
    struct sspi_users *users = open_users(text.data);
    for (unsigned i = 0; i < N_USERS; i++) {
        struct store_nt_user found;
        char user[32], domain[32];
        snprintf(user, sizeof(user), "USER%u", i);
        snprintf(domain, sizeof(domain), "dom%u", i % 7);
        assert_true(store_users_nt_find(users, bytes_view(user), bytes_view(domain), &found));
        assert_int_equal(found.hash[0], i % 251);
        snprintf(domain, sizeof(domain), "dom%u", (i + 1) % 7);
        assert_false(store_users_nt_find(users, bytes_view(user), bytes_view(domain), &found));
    }
    store_users_unref(users);
}

static void a_changed_file_is_read_again(void **state)
{
    struct sspi_users *users = open_users("alice:Corp:NT:" A "\n");
    write_file("bob:Corp:NT:" B "\n");
    assert_int_equal(store_source_reload(store_users_source(users), error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    assert_finds(users, "alice", "Corp", NULL, 0);
    assert_finds(users, "bob", "Corp", "Corp\\bob", 0xfe);
    /* If the new file cannot be used, the old users stay. */
    write_file("bob:Corp:NT:" A "\nBOB:Corp:NT:" A "\n");
    assert_int_equal(store_source_reload(store_users_source(users), error, sizeof(error)),
                     STORE_SOURCE_UNREADABLE);
    assert_finds(users, "bob", "Corp", "Corp\\bob", 0xfe);
    store_users_unref(users);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_found_without_case),
        cmocka_unit_test(no_domain_is_that_of_the_first_line),
        cmocka_unit_test(a_file_without_nt_lines_has_no_nt_users),
        cmocka_unit_test(a_name_with_a_nul_is_not_found),
        cmocka_unit_test(names_may_be_of_any_length),
        cmocka_unit_test(wrong_files_are_refused_with_their_line),
        cmocka_unit_test(each_of_many_is_found),
        cmocka_unit_test(a_changed_file_is_read_again),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
