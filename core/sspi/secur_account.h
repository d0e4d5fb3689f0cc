/* SPDX-License-Identifier: Apache-2.0 */
/* Finds accounts in the user database of this machine (nsswitch.conf). */
#ifndef SECUR_ACCOUNT_H
#define SECUR_ACCOUNT_H

#include <sys/types.h>

#include "bytes.h"
#include "sspi.h"

/* The most groups of an account: the kernel's NGROUPS_MAX. */
#define SECUR_ACCOUNT_GROUPS_LIMIT 65536

/* Zero-initialise it. */
struct secur_account {
    bool exists;
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* all groups of the account, including `gid` */
    size_t n_groups;
};

/* Looks `name` up. SEC_E_OK: ret_account->exists says whether there is such an account. The caller
 * clears *ret_account. SEC_E_INTERNAL_ERROR: the database cannot be read, or the account is in too
 * many groups. SEC_E_INSUFFICIENT_MEMORY. Blocks as long as the sources of nsswitch.conf do. */
SECURITY_STATUS secur_account_find(const char *name, struct secur_account *ret_account) MUST_USE;

/* Frees the groups and zeroes the account. The account may be zero-initialised. */
void secur_account_clear(struct secur_account *account);

#endif
