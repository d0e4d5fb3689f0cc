/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of the directory that requirements name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "acceptor_directory.h"

#define ADMINS "S-1-5-21-1-2-3-512"

static struct acceptor_directory *directory;

static int set_up(void **state)
{
    (void)state;
    directory = acceptor_directory_new();
    return directory == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    acceptor_directory_unref(directory);
    return 0;
}

static bool add(const char *word)
{
    char error[SSPI_ERROR_SIZE] = "";
    bool added = acceptor_directory_add(directory, bytes_view(word), error);
    assert_true(added == (error[0] == '\0'));
    return added;
}

static struct sid sid_of(const char *text)
{
    struct sid sid;
    assert_true(sid_parse(bytes_view(text), &sid));
    return sid;
}

static bool is_own(const char *text)
{
    struct sid sid = sid_of(text);
    return acceptor_directory_is_own(directory, &sid);
}

static bool is_named(const char *text)
{
    struct sid sid = sid_of(text);
    return acceptor_directory_is_named(directory, &sid);
}

static void finds_a_sid_by_its_text(void **state)
{
    struct sid sid;
    (void)state;
    assert_true(add(ADMINS));
    assert_true(acceptor_directory_find(directory, SSPI_VIEW("s-1-5-21-1-2-3-512"), &sid));
    struct sid wanted = sid_of(ADMINS);
    assert_int_equal(sid_compare(&sid, &wanted), 0);
    assert_false(acceptor_directory_find(directory, SSPI_VIEW("S-1-5-21-1-2-3-513"), &sid));
}

static void a_name_without_a_sid_matches_no_user(void **state)
{
    struct sid sid;
    (void)state;
    assert_true(add("EXAMPLE\\admins"));
    assert_false(acceptor_directory_find(directory, SSPI_VIEW("EXAMPLE\\admins"), &sid));
}

static void refuses_words_that_name_no_group_of_a_directory(void **state)
{
    static const char *const wrong[] = {"",          "admins",        "\\admins",
                                        "EXAMPLE\\", "A\\B\\C",       "EXAMPLE\\a\nb",
                                        "\\",        "S-1-5-21-1-2-", "EXAMPLE\\\xff"};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(add(wrong[i]));
}

static void a_name_has_512_octets_at_most(void **state)
{
    char name[ACCEPTOR_DIRECTORY_NAME_LIMIT + 2];
    (void)state;
    memset(name, 'x', sizeof(name));
    name[7] = '\\';
    name[ACCEPTOR_DIRECTORY_NAME_LIMIT + 1] = '\0';
    assert_false(add(name));
    name[ACCEPTOR_DIRECTORY_NAME_LIMIT] = '\0';
    assert_true(add(name));
}

static void keeps_1024_words_at_most_and_repeated_ones_once(void **state)
{
    char word[64];
    (void)state;
    for (int i = 0; i < ACCEPTOR_DIRECTORY_WORDS_LIMIT; i++) {
        snprintf(word, sizeof(word), "S-1-5-21-1-2-3-%d", i);
        assert_true(add(word));
        assert_true(add(word));
    }
    assert_true(add("s-1-5-21-1-2-3-0"));
    assert_false(add("S-1-5-21-1-2-3-1024"));
    for (int i = 0; i < ACCEPTOR_DIRECTORY_WORDS_LIMIT; i++) {
        snprintf(word, sizeof(word), "S-1-5-21-1-2-3-%d", i);
        assert_true(is_named(word));
    }
    assert_false(is_named("S-1-5-21-1-2-3-1024"));
}

static void the_domains_of_named_sids_and_builtin_are_ours(void **state)
{
    (void)state;
    assert_false(is_own(ADMINS));
    assert_true(add(ADMINS));
    assert_true(add("S-1-5-21-1-2-9-512"));
    assert_true(is_own(ADMINS));
    assert_true(is_own("S-1-5-21-1-2-3-0"));
    assert_true(is_own("S-1-5-21-1-2-3-4294967295"));
    assert_true(is_own("S-1-5-21-1-2-9-1"));
    assert_false(is_own("S-1-5-21-1-2-4-512"));
    assert_false(is_own("S-1-5-21-1-2-3"));
    assert_true(is_own("S-1-5-32-544"));
}

static void a_sid_that_only_its_text_names_has_no_name(void **state)
{
    struct bytes name BYTES_CLEANUP = {0};
    struct sid sid = sid_of(ADMINS);
    (void)state;
    assert_true(add(ADMINS));
    assert_false(acceptor_directory_name(directory, &sid, &name));
    assert_int_equal(name.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_a_sid_by_its_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_without_a_sid_matches_no_user, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_words_that_name_no_group_of_a_directory, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_name_has_512_octets_at_most, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_1024_words_at_most_and_repeated_ones_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_domains_of_named_sids_and_builtin_are_ours, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_sid_that_only_its_text_names_has_no_name, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
