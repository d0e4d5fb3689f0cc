/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a text file that an administrator edits into memory: users, groups, keys. */
#ifndef STORE_TEXT_H
#define STORE_TEXT_H

#include <sys/stat.h>

#include "bytes.h"

/* What a kind of file is. */
struct store_text_kind {
    const char *what;        /* in errors: "a user file" */
    size_t limit;            /* the most octets of a file */
    const char *when_larger; /* in the error about a larger file: the limit, and what to do */
    const char *writer;      /* the tool that replaces such a file in one step */
    /* Optional. Checks the opened file before it is read. `info` is its state. False: `error` says
     * what is wrong. */
    bool (*check)(int file, const struct stat *info, const char *path, char *error,
                  size_t error_size);
};

/* Opens the regular file at `path` and reads all of it into *ret_text, which is empty before and
 * which the caller frees. `ret_info` becomes the state of the opened file. It does not change if
 * the file cannot be opened. False: `error` says "path: what is wrong; what to do". Blocks on the
 * file. */
bool store_text_read(const char *path, const struct store_text_kind *kind, struct stat *ret_info,
                     struct bytes *ret_text, char *error, size_t error_size) MUST_USE;

#endif
