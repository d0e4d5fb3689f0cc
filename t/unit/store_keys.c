/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: which ones are read, which are refused, and what happens when one changes. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_key_lines.h"
#include "store_keyring.h"
#include "store_keys.h"
#include "store_seal.h"
#include "store_source.h"

#define K1 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define K2 "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define K3 "2123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define ASSOCIATED SSPI_VIEW("host")

static char directory[] = "/tmp/store_keys.XXXXXX";
static char path[64];
static char error[512];
static struct store_keys *keys;

static int make_directory(void **unused)
{
    (void)unused;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/keys", directory);
    return 0;
}

static int remove_directory(void **unused)
{
    (void)unused;
    unlink(path);
    return rmdir(directory);
}

static int close_keys(void **unused)
{
    (void)unused;
    store_keys_unref(keys);
    keys = NULL;
    return 0;
}

/* Replaces the file in one step. */
static void write_mode(const char *text, size_t len, mode_t mode)
{
    char new_path[80];
    snprintf(new_path, sizeof(new_path), "%s.new", path);
    int file = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_int_not_equal(file, -1);
    assert_int_equal(write(file, text, len), len);
    assert_int_equal(fchmod(file, mode), 0);
    close(file);
    assert_int_equal(rename(new_path, path), 0);
}

static void write_text(const char *text)
{
    write_mode(text, strlen(text), 0600);
}

static void open_text(const char *text)
{
    write_text(text);
    store_keys_unref(keys);
    keys = store_keys_open(path, clock_machine(), error, sizeof(error));
}

static void accepts(const char *text, size_t n_keys)
{
    open_text(text);
    assert_non_null(keys);
    struct store_keyring *keyring = store_keys_keyring(keys);
    assert_int_equal(store_keyring_n_keys(keyring), n_keys);
    store_keyring_unref(keyring);
}

static void assert_refused(const char *where, const char *what)
{
    char start[128];
    snprintf(start, sizeof(start), "%s%s: ", path, where);
    assert_null(keys);
    assert_int_equal(strncmp(error, start, strlen(start)), 0);
    assert_non_null(strstr(error, what));
    assert_null(strstr(error, "6789abcdef")); /* no digits of a key */
}

static void refuses(const char *text, const char *where, const char *what)
{
    open_text(text);
    assert_refused(where, what);
}

static void comments_empty_lines_and_both_cases_are_read(void **unused)
{
    (void)unused;
    accepts(K1, 1);
    accepts(K1 "\n", 1);
    accepts("# ours\n\n  \t\n" K1 "\r\n  " K2 "\t\n#" K3 "\n", 2);
    accepts("0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\n", 1);
}

static void a_line_that_is_no_key_is_named(void **unused)
{
    (void)unused;
    refuses("", "", "no key; make the file with sspi-key -c");
    refuses("# none\n\n", "", "no key");
    refuses(K1 "\nx\n", ":2", "64 hexadecimal digits");
    refuses(K1 "0\n", ":1", "64 hexadecimal digits");
    refuses("#\n012345" K1 "\n", ":2", "64 hexadecimal digits");
    refuses(K1 " " K2 "\n", ":1", "64 hexadecimal digits");
    refuses("0123456789abcdeg0123456789abcdef0123456789abcdef0123456789abcdef\n", ":1", "64 hex");
    refuses(K1 "\n" K2 "\n" K1 "\n", ":3", "the key of line 1 again");
    refuses("0000000000000000000000000000000000000000000000000000000000000000\n", ":1",
            "not a random key");
}

static void a_nul_is_no_part_of_a_key(void **unused)
{
    (void)unused;
    write_mode(K1 "\0\n", sizeof(K1 "\0\n") - 1, 0600);
    keys = store_keys_open(path, clock_machine(), error, sizeof(error));
    assert_refused(":1", "64 hexadecimal digits");
}

/* Writes `n_keys` different keys. */
static void write_keys(char *to, size_t n_keys)
{
    for (size_t i = 0; i < n_keys; i++)
        to += sprintf(to, "%02zx%s\n", i, &K1[2]);
}

static void there_are_at_most_16_keys(void **unused)
{
    char text[(STORE_KEYRING_LIMIT + 1) * 65 + 1];
    (void)unused;
    write_keys(text, STORE_KEYRING_LIMIT);
    accepts(text, STORE_KEYRING_LIMIT);
    write_keys(text, STORE_KEYRING_LIMIT + 1);
    refuses(text, ":17", "more than 16 keys");
}

static void a_line_has_at_most_256_octets(void **unused)
{
    char text[STORE_KEY_LINE_LIMIT + 80];
    (void)unused;
    memset(text, '#', STORE_KEY_LINE_LIMIT);
    strcpy(text + STORE_KEY_LINE_LIMIT, "\n" K1);
    accepts(text, 1);
    memset(text, '#', STORE_KEY_LINE_LIMIT + 1);
    strcpy(text + STORE_KEY_LINE_LIMIT + 1, "\n" K1);
    refuses(text, ":1", "longer than 256 octets");
}

static void a_file_has_at_most_16_kib(void **unused)
{
    static char text[STORE_KEY_FILE_LIMIT + 2];
    (void)unused;
    memset(text, '\n', STORE_KEY_FILE_LIMIT + 1);
    memcpy(text, K1, 64);
    write_mode(text, STORE_KEY_FILE_LIMIT, 0600);
    keys = store_keys_open(path, clock_machine(), error, sizeof(error));
    assert_non_null(keys);
    close_keys(NULL);
    write_mode(text, STORE_KEY_FILE_LIMIT + 1, 0600);
    keys = store_keys_open(path, clock_machine(), error, sizeof(error));
    assert_refused("", "larger than 16 KiB");
}

static void a_file_that_other_accounts_may_use_is_refused(void **unused)
{
    static const mode_t wrong[] = {0604, 0602, 0601, 0666, 0644};
    static const mode_t right[] = {0600, 0400, 0640, 0660};
    (void)unused;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char octal[16];
        snprintf(octal, sizeof(octal), "mode %04o", (unsigned)wrong[i]);
        write_mode(K1, 64, wrong[i]);
        keys = store_keys_open(path, clock_machine(), error, sizeof(error));
        assert_refused("", octal);
        assert_non_null(strstr(error, "0640"));
    }
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
        write_mode(K1, 64, right[i]);
        keys = store_keys_open(path, clock_machine(), error, sizeof(error));
        assert_non_null(keys);
        close_keys(NULL);
    }
}

static void a_missing_file_and_a_directory_are_refused(void **unused)
{
    (void)unused;
    unlink(path);
    keys = store_keys_open(path, clock_machine(), error, sizeof(error));
    assert_refused("", "cannot open it: No such file");
    keys = store_keys_open("/", clock_machine(), error, sizeof(error));
    assert_null(keys);
    assert_non_null(strstr(error, "not a regular file; name a file of sspi-key"));
}

/* ---- a file that changes ---- */

static void seal(struct bytes *to)
{
    assert_true(store_seal_make(keys, STORE_KEY_SESSION, ASSOCIATED, SSPI_VIEW("alice"), to));
}

static enum store_seal_status open_sealed(const struct bytes *sealed)
{
    char buffer[16];
    size_t len;
    return store_seal_open(keys, STORE_KEY_SESSION, ASSOCIATED, bytes_as_view(sealed), buffer,
                           sizeof(buffer), &len);
}

static void assert_refresh(uint64_t now_ms, enum store_source_result answer)
{
    assert_int_equal(store_source_refresh(store_keys_source(keys), now_ms, error, sizeof(error)),
                     answer);
}

static void the_first_key_seals_and_all_keys_open(void **unused)
{
    BYTES_CLEANUP struct bytes old = {0}, new = {0};
    (void)unused;
    open_text(K1 "\n");
    seal(&old);
    write_text(K1 "\n" K2 "\n"); /* K2 only opens */
    assert_refresh(1000, STORE_SOURCE_RELOADED);
    seal(&new);
    assert_memory_equal(old.data, new.data, STORE_KEYRING_ID_SIZE);
    bytes_free(&new);
    write_text(K2 "\n" K1 "\n");
    assert_refresh(2000, STORE_SOURCE_RELOADED);
    seal(&new);
    assert_memory_not_equal(old.data, new.data, STORE_KEYRING_ID_SIZE);
    assert_int_equal(open_sealed(&old), STORE_SEAL_OK);
    assert_int_equal(open_sealed(&new), STORE_SEAL_OK);
    write_text(K3 "\n" K2 "\n");
    assert_refresh(3000, STORE_SOURCE_RELOADED);
    assert_int_equal(open_sealed(&old), STORE_SEAL_UNKNOWN_KEY);
    assert_int_equal(open_sealed(&new), STORE_SEAL_OK);
}

static void the_old_keys_stay_when_the_new_file_is_wrong(void **unused)
{
    BYTES_CLEANUP struct bytes sealed = {0};
    (void)unused;
    open_text(K1 "\n");
    seal(&sealed);
    write_text("oops\n");
    assert_refresh(1000, STORE_SOURCE_UNREADABLE);
    assert_non_null(strstr(error, ":1: not a key"));
    assert_int_equal(open_sealed(&sealed), STORE_SEAL_OK);
    write_mode(K2, 64, 0644);
    assert_refresh(2000, STORE_SOURCE_UNREADABLE);
    assert_non_null(strstr(error, "mode 0644"));
    assert_int_equal(open_sealed(&sealed), STORE_SEAL_OK);
    unlink(path);
    assert_refresh(3000, STORE_SOURCE_UNREADABLE);
    assert_int_equal(open_sealed(&sealed), STORE_SEAL_OK);
    write_text(K2 "\n");
    assert_refresh(4000, STORE_SOURCE_RELOADED);
    assert_int_equal(open_sealed(&sealed), STORE_SEAL_UNKNOWN_KEY);
}

static void keys_without_a_file_never_change(void **unused)
{
    static const uint8_t key[STORE_KEY_SIZE] = "0123456789abcdef0123456789abcde";
    BYTES_CLEANUP struct bytes sealed = {0};
    (void)unused;
    keys = store_keys_new(key, clock_machine());
    assert_non_null(keys);
    assert_refresh(1000, STORE_SOURCE_UNCHANGED);
    seal(&sealed);
    assert_int_equal(open_sealed(&sealed), STORE_SEAL_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, close_keys)
    const struct CMUnitTest tests[] = {
        TEST(comments_empty_lines_and_both_cases_are_read),
        TEST(a_line_that_is_no_key_is_named),
        TEST(a_nul_is_no_part_of_a_key),
        TEST(there_are_at_most_16_keys),
        TEST(a_line_has_at_most_256_octets),
        TEST(a_file_has_at_most_16_kib),
        TEST(a_file_that_other_accounts_may_use_is_refused),
        TEST(a_missing_file_and_a_directory_are_refused),
        TEST(the_first_key_seals_and_all_keys_open),
        TEST(the_old_keys_stay_when_the_new_file_is_wrong),
        TEST(keys_without_a_file_never_change),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
