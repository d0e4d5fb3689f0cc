/* SPDX-License-Identifier: Apache-2.0 */
/* Asks Samba's winbind for SIDs. The library libwbclient is loaded when it is first needed, so that
 * a machine with SSSD needs no winbind. It stays loaded, because a thread may still have data of
 * it.
 *
 * Each function blocks as long as winbind does: libwbclient waits up to 300 s for an answer. Any
 * number of threads may call it. */
#ifndef DIRECTORY_WINBIND_H
#define DIRECTORY_WINBIND_H

#include "directory_answer.h"

/* Looks up the group `group` of `domain`: a group, an alias or a well-known group. A user of that
 * name is not a group. */
void directory_winbind_group(const char *domain, const char *group,
                             struct directory_answer *ret_answer);

/* Looks up the SID of the domain to which this machine belongs, which has no relative id. */
void directory_winbind_own_domain(struct directory_answer *ret_answer);

#endif
