/* SPDX-License-Identifier: Apache-2.0 */
/* Opens, locks and reads a file that a tool changes, such as a user file. All functions report
 * their problems. */
#ifndef TOOL_FILE_H
#define TOOL_FILE_H

#include <sys/stat.h>

#include "bytes.h"

/* Initialise with TOOL_FILE_NONE. */
struct tool_file {
    char *target; /* the path without symbolic links */
    int file;     /* holds the lock while open */
    struct stat info;
    struct bytes text; /* after tool_file_read() */
};

#define TOOL_FILE_NONE ((struct tool_file){.file = -1})

enum tool_file_use {
    TOOL_FILE_READ,  /* without a lock, because the tools replace files in one step */
    TOOL_FILE_ORDER, /* with an exclusive lock: no other process of a tool changes the file
                        meanwhile */
    TOOL_FILE_CHANGE /* as ORDER; if the file is missing, the message says how to create it */
};

/* Opens a regular file. Waits while another process of a tool holds the lock. */
bool tool_file_open(const char *path, enum tool_file_use use, struct tool_file *ret_file) MUST_USE;

/* Reads the whole file. `path` is its name in messages. */
bool tool_file_read(struct tool_file *file, const char *path) MUST_USE;

/* Opens and reads a file. */
bool tool_file_load(const char *path, enum tool_file_use use, struct tool_file *ret_file) MUST_USE;

/* True if the name exists, even if it is a symbolic link to a missing file. */
bool tool_file_exists(const char *path);

/* True if the name does not exist, so that the file can be created. False: reported. */
bool tool_file_is_free(const char *path) MUST_USE;

/* Unlocks, wipes and frees. */
void tool_file_close(struct tool_file *file);

#define TOOL_FILE_CLEANUP __attribute__((cleanup(tool_file_close)))

#endif
