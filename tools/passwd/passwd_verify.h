/* SPDX-License-Identifier: Apache-2.0 */
/* Compares a password with the lines of a user. */
#ifndef PASSWD_VERIFY_H
#define PASSWD_VERIFY_H

#include "passwd_options.h"

/* Returns the exit status. */
int passwd_verify(const struct passwd_options *options) MUST_USE;

#endif
