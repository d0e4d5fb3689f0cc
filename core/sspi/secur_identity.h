/* SPDX-License-Identifier: Apache-2.0 */
/* Who a single thread is to the kernel. glibc's setuid family asks all threads of the process to
 * change; Linux itself keeps credentials by thread, and so does this. */
#ifndef SECUR_IDENTITY_H
#define SECUR_IDENTITY_H

#include <sys/types.h>

#include "secur_account.h"

/* Effective ids (the filesystem's follow them) and groups. Zero-initialise it. */
struct secur_identity {
    uid_t uid;
    gid_t gid;
    gid_t *groups;
    size_t n_groups;
};

/* The calling thread's. False: no memory. */
bool secur_identity_get(struct secur_identity *ret_identity) MUST_USE;

/* Makes the calling thread, which is `own`, act as `account`: groups, then group, then user, for
 * each step needs the privilege that the last one gives up. Real and saved ids stay, so that it can
 * return and so that the account's owner can neither signal nor trace the process. False: no
 * privilege, or capabilities that would be left over; nothing has changed then. */
bool secur_identity_take(const struct secur_identity *own,
                         const struct secur_account *account) MUST_USE;

/* Back to `own`. Cannot fail for a thread that secur_identity_take() changed; should it all the
 * same, the process ends: half of somebody's rights are nobody's. */
void secur_identity_restore(const struct secur_identity *own);

/* The calling thread's number. */
pid_t secur_identity_thread(void);

void secur_identity_end(struct secur_identity *identity);

#endif
