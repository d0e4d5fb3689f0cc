/* SPDX-License-Identifier: Apache-2.0 */
#include "store_key_lines.h"

#include <stdio.h>
#include <string.h>

#include "hex.h"

/* The file that is read. */
struct reading {
    struct store_key_lines *to;
    size_t line;
    const char *path;
    char *error;
    size_t error_size;
};

void store_key_lines_wipe(struct store_key_lines *lines)
{
    bytes_wipe(lines, sizeof(*lines));
}

/* `what` is a fixed text, so that no key reaches a log. */
static bool refuse(const struct reading *reading, const char *what)
{
    snprintf(reading->error, reading->error_size, "%s:%zu: %s", reading->path, reading->line, what);
    return false;
}

/* True for a key that no random generator made, such as the placeholder 000…0. */
static bool is_constant(const struct store_key *key)
{
    for (size_t i = 1; i < sizeof(key->octets); i++)
        if (key->octets[i] != key->octets[0])
            return false;
    return true;
}

/* A key that stands twice is a mistake at a rotation: the second one was to be another key. */
static bool check_repeated(const struct reading *reading, const struct store_key *key)
{
    for (size_t i = 0; i < reading->to->n_keys; i++) {
        if (memcmp(reading->to->keys[i].octets, key->octets, sizeof(key->octets)) != 0)
            continue;
        char text[64];
        snprintf(text, sizeof(text), "the key of line %zu again; remove one of them",
                 reading->to->numbers[i]);
        return refuse(reading, text);
    }
    return true;
}

static bool add_key(struct reading *reading, struct sspi_view digits, struct sspi_view line)
{
    struct store_key_lines *to = reading->to;
    struct store_key *key = &to->keys[to->n_keys];
    if (to->n_keys == STORE_KEYRING_LIMIT)
        return refuse(reading, "more than 16 keys; remove the oldest ones, as sspi-key --rotate "
                               "does");
    if (!hex_decode(digits, key->octets, sizeof(key->octets)))
        return refuse(reading, "not a key; a line has 64 hexadecimal digits, which sspi-key --add "
                               "writes, or begins with #");
    if (is_constant(key))
        return refuse(reading, "not a random key; make one with sspi-key");
    if (!check_repeated(reading, key))
        return false;
    to->numbers[to->n_keys] = reading->line;
    to->lines[to->n_keys++] = line;
    return true;
}

static bool is_blank(char octet)
{
    return octet == ' ' || octet == '\t' || octet == '\r';
}

static struct sspi_view trim(struct sspi_view text)
{
    while (text.len > 0 && is_blank(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

static bool read_line(struct reading *reading, struct sspi_view line)
{
    reading->line++;
    if (line.len > STORE_KEY_LINE_LIMIT)
        return refuse(reading, "longer than 256 octets; a line has 64 hexadecimal digits");
    struct sspi_view text = trim(line);
    return text.len == 0 || text.data[0] == '#' || add_key(reading, text, line);
}

bool store_key_lines_read(const char *path, struct sspi_view text, struct store_key_lines *ret,
                          char *error, size_t error_size)
{
    struct reading reading = {.to = ret, .path = path, .error = error, .error_size = error_size};
    ret->n_keys = 0;
    while (text.len > 0) {
        const char *end = memchr(text.data, '\n', text.len);
        struct sspi_view line = {text.data, end == NULL ? text.len : (size_t)(end - text.data)};
        if (!read_line(&reading, line))
            return false;
        size_t n_read = end == NULL ? line.len : line.len + 1;
        text.data += n_read;
        text.len -= n_read;
    }
    if (ret->n_keys > 0)
        return true;
    snprintf(error, error_size, "%s: no key; make the file with sspi-key -c", path);
    return false;
}

bool store_key_lines_check_mode(const char *path, mode_t mode, char *error, size_t error_size)
{
    if ((mode & S_IRWXO) == 0)
        return true;
    snprintf(error, error_size,
             "%s: has mode %04o, so every account of this machine can use it; set mode 0600 "
             "(chmod 0600), or 0640 with the workers' group",
             path, (unsigned)(mode & 07777));
    return false;
}
