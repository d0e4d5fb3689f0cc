/* SPDX-License-Identifier: Apache-2.0 */
/* Who a single thread is to the kernel. glibc's setuid family asks all threads of the process to
 * change; Linux itself keeps credentials by thread, and so does this. */
#ifndef SSPI_IDENTITY_H
#define SSPI_IDENTITY_H

#include <sys/types.h>

#include "sspi_account.h"

/* Effective ids (the filesystem's follow them) and groups. Zero-initialise it. */
struct sspi_identity {
    uid_t uid;
    gid_t gid;
    gid_t *groups;
    size_t n_groups;
};

/* The calling thread's. False: no memory. */
bool sspi_identity_get(struct sspi_identity *ret_identity) MUST_USE;

/* Makes the calling thread, which is `own`, act as `account`: groups, then group, then user, for
 * each step needs the privilege that the last one gives up. Real and saved ids stay, so that it can
 * return and so that the account's owner can neither signal nor trace the process. False: no
 * privilege, or capabilities that would be left over; nothing has changed then. */
bool sspi_identity_take(const struct sspi_identity *own,
                        const struct sspi_account *account) MUST_USE;

/* Back to `own`. Cannot fail for a thread that sspi_identity_take() changed; should it all the
 * same, the process ends: half of somebody's rights are nobody's. */
void sspi_identity_restore(const struct sspi_identity *own);

/* The calling thread's number. */
pid_t sspi_identity_thread(void);

void sspi_identity_end(struct sspi_identity *identity);

#endif
