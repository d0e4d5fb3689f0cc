/* SPDX-License-Identifier: Apache-2.0 */
/* Drives store_key_lines_read on a key file.
 *  - Each key lies on a line of its own, in the order of the file. Its line has its digits.
 *  - No two keys are equal, and there are at most STORE_KEYRING_LIMIT.
 *  - The lines of the keys, written again, are read as the same keys.
 *  - The message for a wrong file says what would be right, and has no digits of a key. */
#include "store_key_lines.h"

#include "fuzz.h"

#define PATH "keys"

static void check_key(const struct store_key_lines *lines, size_t key, struct sspi_view text)
{
    FUZZ_REQUIRE(fuzz_inside(lines->lines[key], text));
    FUZZ_REQUIRE(lines->lines[key].len >= 2 * STORE_KEY_SIZE);
    FUZZ_REQUIRE(lines->lines[key].len <= STORE_KEY_LINE_LIMIT);
    FUZZ_REQUIRE(memchr(lines->lines[key].data, '\n', lines->lines[key].len) == NULL);
    FUZZ_REQUIRE(lines->numbers[key] > (key == 0 ? 0 : lines->numbers[key - 1]));
    for (size_t other = 0; other < key; other++)
        FUZZ_REQUIRE(memcmp(&lines->keys[other], &lines->keys[key], sizeof(lines->keys[key])) != 0);
}

static void check_written_again(const struct store_key_lines *lines)
{
    BYTES_CLEANUP struct bytes text = {0};
    STORE_KEY_LINES_CLEANUP struct store_key_lines again;
    char error[512];
    for (size_t key = 0; key < lines->n_keys; key++) {
        bytes_append_hex(&text, lines->keys[key].octets, sizeof(lines->keys[key].octets));
        bytes_append_char(&text, '\n');
    }
    FUZZ_REQUIRE(store_key_lines_read(PATH, bytes_as_view(&text), &again, error, sizeof(error)));
    FUZZ_REQUIRE(again.n_keys == lines->n_keys);
    FUZZ_REQUIRE(memcmp(again.keys, lines->keys, lines->n_keys * sizeof(lines->keys[0])) == 0);
}

/* A message has no digits except those of a line's number and of the limits. */
static void check_error(const char *error)
{
    FUZZ_REQUIRE(fuzz_printable(error) && strncmp(error, PATH ":", strlen(PATH ":")) == 0);
    FUZZ_REQUIRE(strstr(error, "; ") != NULL && strlen(error) < 200);
    for (const char *at = error; *at != '\0'; at++)
        FUZZ_REQUIRE(strspn(at, "0123456789abcdefABCDEF") < 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    STORE_KEY_LINES_CLEANUP struct store_key_lines lines = {.n_keys = 0};
    char error[512] = "";
    char *copy = fuzz_copy((struct sspi_view){(const char *)data, size});
    struct sspi_view text = {size == 0 ? "" : copy, size};
    if (store_key_lines_read(PATH, text, &lines, error, sizeof(error))) {
        FUZZ_REQUIRE(lines.n_keys > 0 && lines.n_keys <= STORE_KEYRING_LIMIT);
        for (size_t key = 0; key < lines.n_keys; key++)
            check_key(&lines, key, text);
        check_written_again(&lines);
    } else {
        check_error(error);
    }
    free(copy);
    return 0;
}
