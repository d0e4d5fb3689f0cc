/* SPDX-License-Identifier: Apache-2.0 */
#include "key_change.h"

#include <openssl/rand.h>
#include <stdio.h>

#include "store_key_lines.h"
#include "tool_output.h"
#include "tool_problem.h"

#define ERROR_SIZE 4608 /* a path and the problem */

/* A key file that is locked and whose lines are right. */
struct key_file {
    struct tool_file file;
    struct store_key_lines lines; /* views into file.text */
};

static void key_file_close(struct key_file *file)
{
    store_key_lines_wipe(&file->lines);
    tool_file_close(&file->file);
}

#define KEY_FILE_CLEANUP __attribute__((cleanup(key_file_close)))

static bool open_file(const char *path, struct key_file *ret_file)
{
    char error[ERROR_SIZE];
    if (!tool_file_open(path, TOOL_FILE_CHANGE, &ret_file->file))
        return false;
    if (!store_key_lines_check_mode(path, ret_file->file.info.st_mode, error, sizeof(error))) {
        tool_problem("%s", error);
        return false;
    }
    if (ret_file->file.info.st_size > (off_t)STORE_KEY_FILE_LIMIT) {
        tool_problem("%s: larger than 16 KiB; name a key file", path);
        return false;
    }
    if (!tool_file_read(&ret_file->file, path))
        return false;
    if (store_key_lines_read(path, bytes_as_view(&ret_file->file.text), &ret_file->lines, error,
                             sizeof(error)))
        return true;
    tool_problem("%s", error);
    return false;
}

static int put(const char *path, const struct tool_file *old, const struct bytes *text)
{
    if (text->failed) {
        tool_problem(OUT_OF_MEMORY);
        return TOOL_EXIT_FAILED;
    }
    if (text->len > STORE_KEY_FILE_LIMIT) {
        tool_problem("%s would be larger than 16 KiB; remove comments first", path);
        return TOOL_EXIT_FAILED;
    }
    return tool_output_put(path, old, bytes_as_view(text)) ? TOOL_EXIT_DONE : TOOL_EXIT_FAILED;
}

/* ---- new keys ---- */

/* Appends the line of a new key. */
static bool append_new_key(struct bytes *to)
{
    struct store_key key;
    if (RAND_priv_bytes(key.octets, sizeof(key.octets)) != 1) {
        tool_problem("no random numbers are available; nothing was changed");
        return false;
    }
    bytes_append_hex(to, key.octets, sizeof(key.octets));
    bytes_append_char(to, '\n');
    bytes_wipe(&key, sizeof(key));
    return true;
}

int key_create(const char *path)
{
    BYTES_CLEANUP struct bytes text = {0};
    if (!tool_file_is_free(path) || !append_new_key(&text))
        return TOOL_EXIT_FAILED;
    return put(path, NULL, &text);
}

int key_add(const char *path)
{
    KEY_FILE_CLEANUP struct key_file file = {.file = TOOL_FILE_NONE};
    BYTES_CLEANUP struct bytes text = {0};
    if (!open_file(path, &file))
        return TOOL_EXIT_FAILED;
    if (file.lines.n_keys == STORE_KEYRING_LIMIT) {
        tool_problem("%s has %d keys, which is the most; remove old ones with --rotate", path,
                     STORE_KEYRING_LIMIT);
        return TOOL_EXIT_FAILED;
    }
    bytes_append_view(&text, bytes_as_view(&file.file.text));
    if (text.len > 0 && text.data[text.len - 1] != '\n')
        bytes_append_char(&text, '\n');
    return append_new_key(&text) ? put(path, &file.file, &text) : TOOL_EXIT_FAILED;
}

/* ---- rotation ---- */

/* The end of the line, behind its line break. */
static const char *end_of(const struct key_file *file, size_t key)
{
    struct sspi_view text = bytes_as_view(&file->file.text);
    const char *end = file->lines.lines[key].data + file->lines.lines[key].len;
    return end == text.data + text.len ? end : end + 1;
}

static void append_part(struct bytes *to, const char *from, const char *end)
{
    bytes_append(to, from, (size_t)(end - from));
}

/* Appends the text with the last key in front, and without the keys that are dropped. */
static void append_rotated(const struct key_file *file, struct bytes *to)
{
    struct sspi_view text = bytes_as_view(&file->file.text);
    const struct sspi_view *lines = file->lines.lines;
    size_t last = file->lines.n_keys - 1;
    const char *at = text.data;
    for (size_t key = 0; key <= last; key++) {
        append_part(to, at, lines[key].data);
        if (key == 0) {
            bytes_append_view(to, lines[last]);
            bytes_append_char(to, '\n');
        }
        at = key < last && key < KEY_KEPT_LIMIT - 1 ? lines[key].data : end_of(file, key);
    }
    append_part(to, at, text.data + text.len);
}

int key_rotate(const char *path)
{
    KEY_FILE_CLEANUP struct key_file file = {.file = TOOL_FILE_NONE};
    BYTES_CLEANUP struct bytes text = {0};
    if (!open_file(path, &file))
        return TOOL_EXIT_FAILED;
    if (file.lines.n_keys == 1) {
        tool_problem("%s has only one key; add a key with --add, and give the file to all hosts "
                     "first",
                     path);
        return TOOL_EXIT_FAILED;
    }
    append_rotated(&file, &text);
    return put(path, &file.file, &text);
}
