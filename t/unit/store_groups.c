/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_groups.h"
#include "store_source.h"

#define KERBEROS(name_) ((struct store_groups_user){.name = SSPI_VIEW(name_)})
#define NTLM(name_)     ((struct store_groups_user){.name = SSPI_VIEW(name_), .ignores_case = true})
#define DIGEST(name_)   ((struct store_groups_user){SSPI_VIEW("digest:"), SSPI_VIEW(name_), false})

static char directory[] = "/tmp/store_groups.XXXXXX";
static char path[64];
static char error[512];
static struct store_groups *groups;

static int make_directory(void **unused)
{
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/groups", directory);
    return 0;
}

static int remove_directory(void **unused)
{
    return rmdir(directory);
}

static int teardown(void **unused)
{
    store_groups_unref(groups);
    groups = NULL;
    unlink(path);
    return 0;
}

/* Another inode each time, so that every write is a change. */
static void write_octets(const char *text, size_t len)
{
    char new_path[80];
    snprintf(new_path, sizeof(new_path), "%s.new", path);
    int file = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, len), len);
    assert_int_equal(close(file), 0);
    assert_int_equal(rename(new_path, path), 0);
}

static void open_octets(const char *text, size_t len)
{
    write_octets(text, len);
    memset(error, 0, sizeof(error));
    store_groups_unref(groups);
    groups = store_groups_open(path, error, sizeof(error));
}

static void open_groups(const char *text)
{
    open_octets(text, strlen(text));
    if (groups == NULL)
        fail_msg("%s", error);
}

static bool has(struct store_groups_user user, const char *group)
{
    struct sspi_view name = {group, strlen(group)};
    return store_groups_has(groups, &user, name);
}

static void append_name(void *self, struct sspi_view name)
{
    bytes_append_format(self, "[%.*s]", (int)name.len, name.data);
}

static void expect_groups(struct store_groups_user user, const char *names)
{
    BYTES_CLEANUP struct bytes got = {0};
    store_groups_visit(groups, &user, append_name, &got);
    bytes_append_char(&got, '\0');
    assert_string_equal(got.data, names);
}

static void a_member_is_in_the_groups_that_name_it(void **unused)
{
    open_groups("staff: alice@R bob@R\nadmins: alice@R\n# x: alice@R\nempty:\nnone\n");
    assert_true(has(KERBEROS("alice@R"), "staff"));
    assert_true(has(KERBEROS("alice@R"), "admins"));
    assert_true(has(KERBEROS("bob@R"), "staff"));
    assert_false(has(KERBEROS("bob@R"), "admins"));
    assert_false(has(KERBEROS("alice@R"), "empty"));
    assert_false(has(KERBEROS("alice@R"), "none"));
    assert_false(has(KERBEROS("alice@R"), "x"));
    assert_false(has(KERBEROS("alice@R"), ""));
    assert_false(has(KERBEROS("alice"), "staff"));
    assert_false(has(KERBEROS("alice@RR"), "staff"));
    assert_false(has(KERBEROS(""), "staff"));
    expect_groups(KERBEROS("alice@R"), "[admins][staff]");
    expect_groups(KERBEROS("bob@R"), "[staff]");
    expect_groups(KERBEROS("carol@R"), "");
}

static void several_lines_may_name_one_group(void **unused)
{
    open_groups("b: alice@R\na: bob@R\nb: bob@R alice@R\nB: carol@R\n");
    expect_groups(KERBEROS("alice@R"), "[b]");
    expect_groups(KERBEROS("bob@R"), "[a][b]");
    expect_groups(KERBEROS("carol@R"), "[b]");
    assert_true(has(KERBEROS("carol@R"), "b"));
}

/* As httpd, which keeps a user's groups in a table whose keys have no case. */
static void names_of_groups_have_no_case(void **unused)
{
    open_groups("Admins: alice@R\nzoo: bob@R\n");
    assert_true(has(KERBEROS("alice@R"), "admins"));
    assert_true(has(KERBEROS("alice@R"), "ADMINS"));
    expect_groups(KERBEROS("alice@R"), "[Admins]");
}

static void names_of_kerberos_and_digest_have_case(void **unused)
{
    open_groups("g: alice@R digest:alice EXAMPLE\\alice\n");
    assert_false(has(KERBEROS("Alice@R"), "g"));
    assert_false(has(DIGEST("Alice"), "g"));
    assert_true(has(DIGEST("alice"), "g"));
    assert_false(has(DIGEST(""), "g"));
    assert_false(has(DIGEST("alic"), "g"));
    assert_false(has(DIGEST("alice@R"), "g"));
    assert_false(has(KERBEROS("alice"), "g"));
}

static void names_of_ntlm_have_no_case(void **unused)
{
    open_groups(
        "a: EXAMPLE\\alice alice@R\nb: example\\ALICE\nc: \"Example\\\\Alice\"\nd: alice\n");
    expect_groups(NTLM("ExAmPlE\\aLiCe"), "[a][b][c]");
    assert_true(has(NTLM("EXAMPLE\\alice"), "b"));
    assert_false(has(NTLM("EXAMPLE\\alic"), "b"));
    assert_false(has(NTLM("EXAMPLE\\alicf"), "b"));
    assert_false(has(NTLM("ALICE@R"), "a"));
    /* A principal of this text is compared exactly. */
    expect_groups(KERBEROS("EXAMPLE\\alice"), "[a]");
}

static void only_letters_of_ascii_lose_their_case(void **unused)
{
    open_groups("g: DOM\\j\xc3\xbcrgen DOM\\a[ DOM\\a@\n");
    assert_true(has(NTLM("dom\\J\xc3\xbcRGEN"), "g"));
    assert_false(has(NTLM("dom\\j\xc3\x9crgen"), "g"));
    assert_true(has(NTLM("dom\\a["), "g"));
    assert_false(has(NTLM("dom\\a{"), "g"));
    assert_false(has(NTLM("dom\\a`"), "g"));
}

static void names_may_have_any_length(void **unused)
{
    static char text[200010];
    memset(text, 'x', sizeof(text));
    memcpy(text, "g: ", 3);
    text[sizeof(text) - 1] = '\n';
    open_octets(text, sizeof(text));
    assert_non_null(groups);
    struct store_groups_user user = {.name = {text + 3, sizeof(text) - 4}};
    assert_true(has(user, "g"));
    user.name.len--;
    assert_false(has(user, "g"));
    assert_false(store_groups_has(groups, &user, user.name));
    user = (struct store_groups_user){{text + 3, 100000}, {text + 3, sizeof(text) - 100004}, false};
    assert_true(has(user, "g"));
}

static void an_empty_file_has_no_groups(void **unused)
{
    open_groups("");
    assert_false(has(KERBEROS("alice@R"), "g"));
    expect_groups(KERBEROS("alice@R"), "");
    open_groups(": alice@R\n");
    expect_groups(KERBEROS("alice@R"), "");
}

static void many_members_are_found(void **unused)
{
    BYTES_CLEANUP struct bytes text = {0};
    for (int group = 0; group < 100; group++) {
        bytes_append_format(&text, "g%d:", group);
        for (int user = group; user < 1000; user += group + 1)
            bytes_append_format(&text, " user%d@R DOM\\user%d", user, user);
        bytes_append_char(&text, '\n');
    }
    open_octets(text.data, text.len);
    assert_non_null(groups);
    for (int user = 0; user < 1000; user++) {
        char kerberos[32], ntlm[32], group_name[16];
        snprintf(kerberos, sizeof(kerberos), "user%d@R", user);
        snprintf(ntlm, sizeof(ntlm), "dom\\USER%d", user);
        for (int group = 0; group < 100; group++) {
            bool is_in = user >= group && (user - group) % (group + 1) == 0;
            snprintf(group_name, sizeof(group_name), "G%d", group);
            assert_int_equal(
                has((struct store_groups_user){.name = bytes_view(kerberos)}, group_name), is_in);
            assert_int_equal(
                has((struct store_groups_user){.name = bytes_view(ntlm), .ignores_case = true},
                    group_name),
                is_in);
        }
    }
}

/* ---- refused files ---- */

static void expect_refused(const char *text, size_t len, const char *message)
{
    char whole[600];
    open_octets(text, len);
    assert_null(groups);
    snprintf(whole, sizeof(whole), "%s%s", path, message);
    assert_string_equal(error, whole);
}

static void a_file_that_is_not_text_is_refused(void **unused)
{
    expect_refused("a: b\nc: d\0e\n", 12, ":2: a NUL octet; a group file is text");
    expect_refused("\xef\xbb\xbfg: a\n", 8,
                   ":1: the line starts with a byte order mark; save the file without one");
}

static void a_file_that_cannot_be_read_is_refused(void **unused)
{
    assert_null(store_groups_open("/none/groups", error, sizeof(error)));
    assert_string_equal(error, "/none/groups: cannot open it: No such file or directory");
    assert_null(store_groups_open(directory, error, sizeof(error)));
    assert_non_null(strstr(error, ": not a regular file; name a group file"));
}

static void a_file_over_the_limit_is_refused(void **unused)
{
    open_groups("g: a\n");
    assert_int_equal(truncate(path, STORE_GROUPS_FILE_LIMIT + 1), 0);
    assert_null(store_groups_open(path, error, sizeof(error)));
    assert_non_null(strstr(error, ": larger than 16 MiB; "));
}

static void a_line_may_be_as_long_as_the_file(void **unused)
{
    char *text = malloc(STORE_GROUPS_FILE_LIMIT);
    assert_non_null(text);
    memset(text, ' ', STORE_GROUPS_FILE_LIMIT);
    memcpy(text, "g: a@R", 6);
    memcpy(text + STORE_GROUPS_FILE_LIMIT - 3, "b@R", 3);
    open_octets(text, STORE_GROUPS_FILE_LIMIT);
    free(text);
    assert_non_null(groups);
    assert_true(has(KERBEROS("a@R"), "g"));
    assert_true(has(KERBEROS("b@R"), "g"));
}

static void append_groups(struct bytes *text, int n, const char *member)
{
    for (int i = 0; i < n; i++)
        bytes_append_format(text, "g%d: %s\n", i, member);
}

static void a_member_may_be_in_groups_up_to_the_limit(void **unused)
{
    BYTES_CLEANUP struct bytes text = {0};
    append_groups(&text, STORE_GROUPS_OF_MEMBER_LIMIT, "DOM\\a b@R");
    bytes_append_text(&text, "g0: b@R\nother: c@R dom\\c\n"); /* no further group of b@R */
    open_octets(text.data, text.len);
    assert_non_null(groups);
    assert_true(has(NTLM("dom\\a"), "g4095"));
    bytes_append_text(&text, "more: b@R\n");
    expect_refused(text.data, text.len,
                   ":4099: b@R is in more than 4096 groups; name fewer groups");
    text.len -= strlen("more: b@R\n");
    bytes_append_text(&text, "more: dom\\A\n"); /* the same user, by NTLM */
    open_octets(text.data, text.len);
    assert_null(groups);
    assert_non_null(strstr(error, "is in more than 4096 groups"));
}

/* ---- changed files ---- */

static void a_changed_file_is_read_again(void **unused)
{
    open_groups("g: alice@R\n");
    struct store_source *source = store_groups_source(groups);
    assert_string_equal(store_source_path(source), path);
    assert_int_equal(store_source_generation(source), 1);
    write_octets("g: bob@R\n", 9);
    assert_int_equal(store_source_refresh(source, 5000, error, sizeof(error)),
                     STORE_SOURCE_RELOADED);
    assert_int_equal(store_source_generation(source), 2);
    assert_false(has(KERBEROS("alice@R"), "g"));
    assert_true(has(KERBEROS("bob@R"), "g"));
}

static void the_old_groups_stay_if_the_new_file_is_wrong(void **unused)
{
    open_groups("g: alice@R\n");
    struct store_source *source = store_groups_source(groups);
    write_octets("\0", 1);
    assert_int_equal(store_source_refresh(source, 5000, error, sizeof(error)),
                     STORE_SOURCE_UNREADABLE);
    assert_true(has(KERBEROS("alice@R"), "g"));
}

static void *look_up(void *stop)
{
    while (!atomic_load((atomic_bool *)stop)) {
        assert_true(has(KERBEROS("alice@R"), "g"));
        expect_groups(NTLM("dom\\a"), "[g][h]");
    }
    return NULL;
}

static void lookups_go_on_while_the_file_is_read_again(void **unused)
{
    atomic_bool stop = false;
    pthread_t threads[2];
    open_groups("g: alice@R DOM\\a\nh: DOM\\A\n");
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_up, &stop), 0);
    for (int i = 0; i < 200; i++)
        assert_int_equal(store_source_reload(store_groups_source(groups), error, sizeof(error)),
                         STORE_SOURCE_RELOADED);
    atomic_store(&stop, true);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

#define ONE(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(a_member_is_in_the_groups_that_name_it),
        ONE(several_lines_may_name_one_group),
        ONE(names_of_groups_have_no_case),
        ONE(names_of_kerberos_and_digest_have_case),
        ONE(names_of_ntlm_have_no_case),
        ONE(only_letters_of_ascii_lose_their_case),
        ONE(names_may_have_any_length),
        ONE(an_empty_file_has_no_groups),
        ONE(many_members_are_found),
        ONE(a_file_that_is_not_text_is_refused),
        ONE(a_file_that_cannot_be_read_is_refused),
        ONE(a_file_over_the_limit_is_refused),
        ONE(a_line_may_be_as_long_as_the_file),
        ONE(a_member_may_be_in_groups_up_to_the_limit),
        ONE(a_changed_file_is_read_again),
        ONE(the_old_groups_stay_if_the_new_file_is_wrong),
        ONE(lookups_go_on_while_the_file_is_read_again),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
