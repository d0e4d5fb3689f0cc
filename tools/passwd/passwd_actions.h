/* SPDX-License-Identifier: Apache-2.0 */
/* What sspi-passwd can do, one function a form of the command line. Each tells what went wrong and
 * returns the exit status. */
#ifndef PASSWD_ACTIONS_H
#define PASSWD_ACTIONS_H

#include "passwd_options.h"

enum { PASSWD_EXIT_DONE = 0, PASSWD_EXIT_FAILED = 1, PASSWD_EXIT_USAGE = 2 };

int passwd_create(const struct passwd_options *options) MUST_USE;

/* Sets a password, or deletes lines. */
int passwd_change(const struct passwd_options *options) MUST_USE;

int passwd_verify(const struct passwd_options *options) MUST_USE;
int passwd_list(const struct passwd_options *options) MUST_USE;
int passwd_import(const struct passwd_options *options) MUST_USE;
int passwd_compile(const struct passwd_options *options) MUST_USE;

#endif
