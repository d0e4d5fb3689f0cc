/* SPDX-License-Identifier: Apache-2.0 */
/* A user file on disk: opened, locked, read. All functions tell what went wrong. */
#ifndef PASSWD_FILE_H
#define PASSWD_FILE_H

#include <sys/stat.h>

#include "bytes.h"

/* Initialise with PASSWD_FILE_NONE. */
struct passwd_file {
    char *target; /* what a symbolic link finally names */
    int file;     /* holds the lock while open */
    struct stat info;
    struct bytes text; /* after passwd_file_read() */
};

#define PASSWD_FILE_NONE ((struct passwd_file){.file = -1})

enum passwd_file_use {
    PASSWD_FILE_READ,  /* without a lock: a file is never half written */
    PASSWD_FILE_ORDER, /* locked against changes and against others who do the same */
    PASSWD_FILE_CHANGE /* the same, and a missing file is told with how to create it */
};

/* Opens a regular file. Waits while another sspi-passwd has it locked. */
bool passwd_file_open(const char *path, enum passwd_file_use use,
                      struct passwd_file *ret_file) MUST_USE;

/* Reads all of it. `path` is what its user calls it. */
bool passwd_file_read(struct passwd_file *file, const char *path) MUST_USE;

/* Both in one. */
bool passwd_file_load(const char *path, enum passwd_file_use use,
                      struct passwd_file *ret_file) MUST_USE;

/* Is there anything of that name, be it a symbolic link to nothing? */
bool passwd_file_exists(const char *path);

/* True when there is nothing; false: told, as to somebody who wants to create it. */
bool passwd_file_is_free(const char *path) MUST_USE;

/* Unlocks, wipes and frees. */
void passwd_file_close(struct passwd_file *file);

#define PASSWD_FILE_CLEANUP __attribute__((cleanup(passwd_file_close)))

#endif
