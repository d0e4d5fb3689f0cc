/* SPDX-License-Identifier: Apache-2.0 */
/* Where a password comes from. */
#ifndef PASSWD_PROMPT_H
#define PASSWD_PROMPT_H

#include "bytes.h"

/* Octets of a password. */
#define PASSWD_SECRET_LIMIT 256

struct passwd_secret {
    char text[PASSWD_SECRET_LIMIT];
    size_t len;
};

/* Asks twice on the terminal, without echo. False: told (no terminal, the two differ, empty, too
 * long, not UTF-8). A signal ends the process as usual, with the echo back on. */
bool passwd_prompt_terminal(const char *user, struct passwd_secret *ret_secret) SSPI_MUST_USE;

/* Reads one line of standard input and not an octet more, so that a script may feed several runs
 * from one file. False as above. */
bool passwd_prompt_stdin(struct passwd_secret *ret_secret) SSPI_MUST_USE;

/* For __attribute__((cleanup(passwd_prompt_wipe))). */
void passwd_prompt_wipe(struct passwd_secret *secret);

#endif
