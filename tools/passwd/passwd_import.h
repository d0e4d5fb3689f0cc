/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the lines of an htdigest file, or of another user file, into a user file. */
#ifndef PASSWD_IMPORT_H
#define PASSWD_IMPORT_H

#include "passwd_options.h"

/* Returns the exit status. */
int passwd_import(const struct passwd_options *options) MUST_USE;

#endif
