/* SPDX-License-Identifier: Apache-2.0 */
/* The credentials of a single thread in the kernel. glibc's setuid family changes all threads of
 * the process. Linux keeps credentials for each thread, and this file changes only the calling
 * thread's. */
#ifndef SECUR_IDENTITY_H
#define SECUR_IDENTITY_H

#include <sys/types.h>

#include "account.h"

/* The effective ids, which the ids for the file system follow, and the groups. The caller
 * zero-initialises it. */
struct secur_identity {
    uid_t uid;
    gid_t gid;
    gid_t *groups;
    size_t n_groups;
};

/* Reads the identity of the calling thread. The caller clears *ret_identity. False: no memory, or
 * the kernel refused. */
bool secur_identity_get(struct secur_identity *ret_identity) MUST_USE;

/* Makes the calling thread, which is `own`, act as `account`. It sets the groups, then the group,
 * then the user, because the last step gives up the privilege that the others need. Real and saved
 * ids stay. So the thread can change back, and the account's owner can neither signal nor trace the
 * process. False: the thread has no privilege, or would keep capabilities; nothing has changed. */
bool secur_identity_take(const struct secur_identity *own, const struct account *account) MUST_USE;

/* Changes the thread back to `own`. This cannot fail for a thread that secur_identity_take()
 * changed. If it fails, the process is aborted, because it must not run with mixed rights. */
void secur_identity_restore(const struct secur_identity *own);

/* Returns the kernel's number of the calling thread. */
pid_t secur_identity_thread(void);

/* Frees the groups and zeroes the identity. The identity may be zero-initialised. */
void secur_identity_clear(struct secur_identity *identity);

#endif
