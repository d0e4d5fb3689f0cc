/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a key file, for the server and for sspi-key. Pure. Errors are "path:line: what is
 * wrong; what would be right", without any key.
 *
 * A key file has a key on each line: STORE_KEY_SIZE octets as hexadecimal digits. Empty lines and
 * lines that begin with # are skipped. */
#ifndef STORE_KEY_LINES_H
#define STORE_KEY_LINES_H

#include <sys/stat.h>

#include "bytes.h"
#include "store_keyring.h"

/* The most octets of a key file, and of a line without its end. */
#define STORE_KEY_FILE_LIMIT 16384u
#define STORE_KEY_LINE_LIMIT 256u

struct store_key_lines {
    struct store_key keys[STORE_KEYRING_LIMIT];
    struct sspi_view lines[STORE_KEYRING_LIMIT]; /* in the text, without the line's end */
    size_t numbers[STORE_KEYRING_LIMIT];         /* of the lines, from 1 */
    size_t n_keys;
};

/* Reads all keys; there is at least one. False: `error` says what is wrong. In both cases the
 * caller wipes *ret. */
bool store_key_lines_read(const char *path, struct sspi_view text, struct store_key_lines *ret,
                          char *error, size_t error_size) MUST_USE;

void store_key_lines_wipe(struct store_key_lines *lines);

/* Wipes the keys at the end of the variable's scope. */
#define STORE_KEY_LINES_CLEANUP __attribute__((cleanup(store_key_lines_wipe)))

/* Checks the mode of a key file. An account that can read a key can log in as any user. False: an
 * account other than the owner and the group may use the file, and `error` says so. */
bool store_key_lines_check_mode(const char *path, mode_t mode, char *error,
                                size_t error_size) MUST_USE;

#endif
