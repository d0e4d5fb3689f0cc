/* SPDX-License-Identifier: Apache-2.0 */
/* Noticing that a file changed, for what is read once and again when it did: users, keytabs. */
#ifndef STORE_FILE_H
#define STORE_FILE_H

#include <sys/stat.h>

#include "bytes.h"

/* How often a file is looked at, at most. */
#define STORE_FILE_INTERVAL_MS 1000u

/* What a look at a file that was read before came to. */
enum store_refresh {
    STORE_REFRESH_UNCHANGED,
    STORE_REFRESH_DONE,      /* the file changed and was read again */
    STORE_REFRESH_UNREADABLE /* it changed, but reading it failed: the old contents stay; `error`
                              * says why. Told once per change. */
};

/* Looks at the path. A file that is away, or cannot be looked at, has the identity of none: all
 * zero. Blocks on the file system. */
void store_file_look(const char *path, struct stat *ret_identity);

/* The same file, not changed since? The status change counts too, because a chmod can make a file
 * readable. */
bool store_file_same(const struct stat *a, const struct stat *b);

/* True when it is time for another look, also when the clock was set back. */
bool store_file_is_due(uint64_t now_ms, uint64_t looked_ms);

#endif
