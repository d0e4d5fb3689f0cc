/* SPDX-License-Identifier: Apache-2.0 */
/* Asks SSSD for SIDs. Its library libsss_nss_idmap is loaded when it is first needed, so that a
 * machine with winbind needs no SSSD. It stays loaded, because a thread may still have data of it.
 * This project does not build with the headers of SSSD: the functions and numbers are those of
 * sss_nss_idmap.h. */
#ifndef DIRECTORY_SSSD_H
#define DIRECTORY_SSSD_H

#include "directory_answer.h"

/* SSSD ends a lookup after this time. Versions without such a limit (before 1.16) wait longer. */
#define DIRECTORY_SSSD_TIMEOUT_MS 5000u

/* Looks up the group `group` of `domain`. A user of that name, with or without a group of his own,
 * is not a group. Blocks as long as SSSD does. Any number of threads may call it. */
void directory_sssd_group(const char *domain, const char *group,
                          struct directory_answer *ret_answer);

#endif
