/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PASSWD_HELP_H
#define PASSWD_HELP_H

/* What --help prints. */
extern const char passwd_help[];

#endif
