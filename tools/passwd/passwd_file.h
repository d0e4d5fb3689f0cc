/* SPDX-License-Identifier: Apache-2.0 */
/* Opens, locks and reads a user file. All functions report their problems. */
#ifndef PASSWD_FILE_H
#define PASSWD_FILE_H

#include <sys/stat.h>

#include "bytes.h"

/* Initialise with PASSWD_FILE_NONE. */
struct passwd_file {
    char *target; /* the path without symbolic links */
    int file;     /* holds the lock while open */
    struct stat info;
    struct bytes text; /* after passwd_file_read() */
};

#define PASSWD_FILE_NONE ((struct passwd_file){.file = -1})

enum passwd_file_use {
    PASSWD_FILE_READ,  /* without a lock, because sspi-passwd replaces files in one step */
    PASSWD_FILE_ORDER, /* with an exclusive lock: no other sspi-passwd changes the file meanwhile */
    PASSWD_FILE_CHANGE /* as ORDER; if the file is missing, the message says how to create it */
};

/* Opens a regular file. Waits while another sspi-passwd holds the lock. */
bool passwd_file_open(const char *path, enum passwd_file_use use,
                      struct passwd_file *ret_file) MUST_USE;

/* Reads the whole file. `path` is its name in messages. */
bool passwd_file_read(struct passwd_file *file, const char *path) MUST_USE;

/* Opens and reads a file. */
bool passwd_file_load(const char *path, enum passwd_file_use use,
                      struct passwd_file *ret_file) MUST_USE;

/* True if the name exists, even if it is a symbolic link to a missing file. */
bool passwd_file_exists(const char *path);

/* True if the name does not exist, so that the file can be created. False: reported. */
bool passwd_file_is_free(const char *path) MUST_USE;

/* Unlocks, wipes and frees. */
void passwd_file_close(struct passwd_file *file);

#define PASSWD_FILE_CLEANUP __attribute__((cleanup(passwd_file_close)))

#endif
