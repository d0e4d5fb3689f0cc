/* SPDX-License-Identifier: Apache-2.0 */
/* Files and directories that are refused, because other accounts may use them or they hold other
 * data. */
#include "store_state_file_fixture.h"

static void refused(const char *words)
{
    enum store_state_found found;
    error[0] = '\0';
    assert_null(store_state_file_open(path, SIZE, &clock_here, &found, error, sizeof(error)));
    if (strstr(error, words) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", error, words);
    assert_non_null(strstr(error, path));
    error[0] = '\0';
    assert_false(store_state_file_check(path, error, sizeof(error)));
    assert_non_null(strstr(error, words));
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(name, mode), 0);
}

static void another_file_is_not_overwritten(void **unused)
{
    (void)unused;
    char text[32] = "";
    write_file(path, "a keytab, perhaps", 0600);
    refused("other data");
    FILE *file = fopen(path, "r");
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    assert_string_equal(text, "a keytab, perhaps");
    write_file(path, "short", 0600);
    refused("other data");
}

static void links_and_special_files_are_refused(void **unused)
{
    (void)unused;
    char other[128];
    snprintf(other, sizeof(other), "%s.other", path);
    write_file(other, "", 0600);
    assert_int_equal(symlink(other, path), 0);
    refused("cannot be opened");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(link(other, path), 0);
    refused("hard links");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused("regular file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    refused("regular file");
    assert_int_equal(rmdir(path), 0);
    store_state_free(open_file(STORE_STATE_MADE));
}

static void a_file_that_others_may_use_is_refused(void **unused)
{
    (void)unused;
    store_state_free(open_file(STORE_STATE_MADE));
    static const mode_t modes[] = {0640, 0620, 0604, 0602};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        refused("0600");
    }
    assert_int_equal(chmod(path, 0600), 0);
    store_state_free(open_file(STORE_STATE_EXISTING));
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(path, 65534, 65534), 0);
    refused("another account");
}

static void a_directory_that_others_may_write_to_is_refused(void **unused)
{
    (void)unused;
    static const mode_t modes[] = {0777, 01777, 0775, 0770};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(directory, modes[i]), 0);
        refused("directory");
    }
    assert_int_equal(chmod(directory, 0755), 0);
    store_state_free(open_file(STORE_STATE_MADE));
    assert_int_equal(unlink(path), 0);
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(directory, 65534, 65534), 0);
    refused("directory");
}

static void an_impossible_path_is_refused(void **unused)
{
    (void)unused;
    char right[sizeof(path)];
    strcpy(right, path);
    snprintf(path, sizeof(path), "%s/no/state", directory);
    refused("directory");
    snprintf(path, sizeof(path), "state");
    refused("absolute");
    snprintf(path, sizeof(path), "%s/", directory);
    refused("absolute");
    strcpy(path, right);
}

static void a_check_makes_nothing(void **unused)
{
    (void)unused;
    assert_true(store_state_file_check(path, error, sizeof(error)));
    char other[128];
    snprintf(other, sizeof(other), "%s.lock", path);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(other, F_OK), -1);
    store_state_free(open_file(STORE_STATE_MADE));
    ino_t before = inode();
    assert_true(store_state_file_check(path, error, sizeof(error)));
    assert_int_equal(inode(), before);
}

static void a_size_that_is_too_small_is_refused(void **unused)
{
    (void)unused;
    enum store_state_found found;
    assert_null(
        store_state_file_open(path, SIZE - 4096, &clock_here, &found, error, sizeof(error)));
    assert_non_null(strstr(error, "too small"));
    assert_int_equal(access(path, F_OK), -1);
}

static void the_lock_must_be_as_private_and_is_named(void **unused)
{
    (void)unused;
    char lock[128];
    enum store_state_found found;
    snprintf(lock, sizeof(lock), "%s.lock", path);
    write_file(lock, "", 0644);
    assert_null(store_state_file_open(path, SIZE, &clock_here, &found, error, sizeof(error)));
    assert_non_null(strstr(error, lock));
    assert_non_null(strstr(error, "0600"));
    assert_int_equal(chmod(lock, 0600), 0);
    store_state_free(open_file(STORE_STATE_MADE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(another_file_is_not_overwritten),
        TEST(links_and_special_files_are_refused),
        TEST(a_file_that_others_may_use_is_refused),
        TEST(a_directory_that_others_may_write_to_is_refused),
        TEST(an_impossible_path_is_refused),
        TEST(the_lock_must_be_as_private_and_is_named),
        TEST(a_check_makes_nothing),
        TEST(a_size_that_is_too_small_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
