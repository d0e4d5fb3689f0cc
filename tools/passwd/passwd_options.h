/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of sspi-passwd. */
#ifndef PASSWD_OPTIONS_H
#define PASSWD_OPTIONS_H

#include "bytes.h"

enum passwd_kind { PASSWD_MD5, PASSWD_SHA_256, PASSWD_SHA_512_256, PASSWD_NT, PASSWD_N_KINDS };

/* As in a file's line: "SHA-256". */
const char *passwd_kind_name(enum passwd_kind kind);

enum passwd_action { PASSWD_SET, PASSWD_CREATE, PASSWD_DELETE };

struct passwd_options {
    enum passwd_action action;
    enum passwd_kind kinds[PASSWD_N_KINDS]; /* in the order of the lines */
    size_t n_kinds;
    const char *realm; /* NULL: the file's only one */
    bool from_stdin;
    const char *file;
    const char *user;
};

enum passwd_usage {
    PASSWD_USAGE_RIGHT,
    PASSWD_USAGE_SHOWN, /* --help or --version was printed: exit 0 */
    PASSWD_USAGE_WRONG  /* told on standard error: exit 2 */
};

/* The views in ret_options borrow from argv. */
enum passwd_usage passwd_options_read(int argc, char **argv,
                                      struct passwd_options *ret_options) SSPI_MUST_USE;

#endif
