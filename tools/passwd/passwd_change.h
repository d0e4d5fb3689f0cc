/* SPDX-License-Identifier: Apache-2.0 */
/* Sets a password in a new or an existing user file, or deletes lines of a user. */
#ifndef PASSWD_CHANGE_H
#define PASSWD_CHANGE_H

#include "passwd_options.h"

/* Creates a user file with the lines of one user. Returns the exit status. */
int passwd_create(const struct passwd_options *options) MUST_USE;

/* Sets a password in an existing file, or deletes lines. Returns the exit status. */
int passwd_change(const struct passwd_options *options) MUST_USE;

#endif
