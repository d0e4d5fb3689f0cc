/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the users of a file or database. */
#ifndef PASSWD_LIST_H
#define PASSWD_LIST_H

#include "passwd_options.h"

/* Returns the exit status. */
int passwd_list(const struct passwd_options *options) MUST_USE;

#endif
