/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a password from standard input or from the terminal. */
#ifndef PASSWD_PROMPT_H
#define PASSWD_PROMPT_H

#include "bytes.h"

/* Most octets of a password, both as typed and in NFC. Messages of passwd_prompt.c contain the
 * number. */
#define PASSWD_SECRET_LIMIT 256

struct passwd_secret {
    char text[PASSWD_SECRET_LIMIT];
    size_t len;
};

enum passwd_prompt_why {
    PASSWD_PROMPT_NEW, /* asks twice */
    PASSWD_PROMPT_OLD  /* asks once */
};

/* Reads a password and converts it to Unicode's Normalization Form C (NFC). From standard input it
 * reads one line and not one octet more, so that a script can use one file for several runs.
 * Otherwise it asks on the terminal without echo. A signal then ends the process as usual, after
 * the echo is on again. False: reported (there is no terminal, the two passwords differ, or the
 * password is empty, too long or not UTF-8). */
bool passwd_prompt(bool from_stdin, enum passwd_prompt_why why, const char *user,
                   struct passwd_secret *ret_secret) MUST_USE;

void passwd_prompt_wipe(struct passwd_secret *secret);

#define PASSWD_PROMPT_CLEANUP __attribute__((cleanup(passwd_prompt_wipe)))

#endif
