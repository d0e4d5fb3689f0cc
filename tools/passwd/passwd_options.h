/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of sspi-passwd. */
#ifndef PASSWD_OPTIONS_H
#define PASSWD_OPTIONS_H

#include "passwd_kind.h"

enum passwd_action {
    PASSWD_SET,
    PASSWD_CREATE,
    PASSWD_DELETE,
    PASSWD_VERIFY,
    PASSWD_LIST,
    PASSWD_IMPORT,
    PASSWD_COMPILE
};

struct passwd_options {
    enum passwd_action action;
    bool create;                            /* PASSWD_IMPORT: FILE must not exist */
    enum passwd_kind kinds[PASSWD_N_KINDS]; /* in the order of the lines */
    size_t n_kinds;                         /* PASSWD_DELETE: 0 means all kinds */
    bool from_stdin;
    const char *file;
    const char
        *other;  /* PASSWD_IMPORT: the file to take lines from; PASSWD_COMPILE: the database */
    char *user;  /* in NFC; NULL: absent */
    char *realm; /* in NFC; NULL: absent */
};

enum passwd_usage {
    PASSWD_USAGE_RIGHT, /* *ret_options is set; the caller frees it with passwd_options_free() */
    PASSWD_USAGE_SHOWN, /* --help or --version was printed: exit 0 */
    PASSWD_USAGE_WRONG  /* reported: exit 2 */
};

/* Reads the command line. All strings except user and realm borrow from argv. */
enum passwd_usage passwd_options_read(int argc, char **argv,
                                      struct passwd_options *ret_options) MUST_USE;

void passwd_options_free(struct passwd_options *options);

#endif
