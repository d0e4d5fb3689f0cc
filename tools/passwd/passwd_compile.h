/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles a user file to a database. */
#ifndef PASSWD_COMPILE_H
#define PASSWD_COMPILE_H

#include "passwd_options.h"

/* Returns the exit status. */
int passwd_compile(const struct passwd_options *options) MUST_USE;

#endif
