/* SPDX-License-Identifier: Apache-2.0 */
/* Where a password comes from. */
#ifndef PASSWD_PROMPT_H
#define PASSWD_PROMPT_H

#include "bytes.h"

/* Octets of a password, as typed and in NFC. The texts of passwd_prompt.c name it. */
#define PASSWD_SECRET_LIMIT 256

struct passwd_secret {
    char text[PASSWD_SECRET_LIMIT];
    size_t len;
};

enum passwd_prompt_why {
    PASSWD_PROMPT_NEW, /* is asked for twice */
    PASSWD_PROMPT_OLD
};

/* The password in Unicode's Normalization Form C. From standard input it reads one line and not an
 * octet more, so that a script may feed several runs from one file; otherwise it asks on the
 * terminal, without echo, where a signal ends the process as usual, with the echo back on. False:
 * told (no terminal, the two differ, empty, too long, not UTF-8). */
bool passwd_prompt(bool from_stdin, enum passwd_prompt_why why, const char *user,
                   struct passwd_secret *ret_secret) MUST_USE;

void passwd_prompt_wipe(struct passwd_secret *secret);

#define PASSWD_PROMPT_CLEANUP __attribute__((cleanup(passwd_prompt_wipe)))

#endif
