/* SPDX-License-Identifier: Apache-2.0 */
/* A user file on disk: locked, read, replaced in one step. All functions tell what went wrong. */
#ifndef PASSWD_FILE_H
#define PASSWD_FILE_H

#include <sys/stat.h>

#include "bytes.h"

/* Zero-initialise with .file = -1. */
struct passwd_file {
    char *target; /* what a symbolic link finally names */
    int file;     /* holds the lock while open */
    struct stat info;
    struct bytes text;
};

/* Opens, locks and reads the file. Waits while another sspi-passwd changes it. */
bool passwd_file_open(const char *path, struct passwd_file *ret_file) SSPI_MUST_USE;

/* Puts a new file in its place, with the old one's mode, owner, group and access list. Either all
 * of it is done or nothing. */
bool passwd_file_replace(const struct passwd_file *file, struct sspi_view text) SSPI_MUST_USE;

/* Makes a file of mode 0600 that must not exist. */
bool passwd_file_create(const char *path, struct sspi_view text) SSPI_MUST_USE;

/* Unlocks, wipes and frees. */
void passwd_file_close(struct passwd_file *file);

#endif
