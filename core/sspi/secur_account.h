/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts of this machine, as its user database has them. */
#ifndef SECUR_ACCOUNT_H
#define SECUR_ACCOUNT_H

#include <sys/types.h>

#include "bytes.h"
#include "sspi.h"

/* Groups an account may be in: the kernel's NGROUPS_MAX. */
#define SECUR_ACCOUNT_GROUPS_LIMIT 65536

/* Zero-initialise it. */
struct secur_account {
    bool exists;
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* all of them, `gid` among them */
    size_t n_groups;
};

/* Looks `name` up. SEC_E_OK also where there is no such account. SEC_E_INSUFFICIENT_MEMORY;
 * SEC_E_INTERNAL_ERROR: the database cannot be read, or the account is in too many groups. May wait
 * for whatever nsswitch.conf names. */
SECURITY_STATUS secur_account_find(const char *name, struct secur_account *ret_account) MUST_USE;

/* Leaves a zero-initialised one. */
void secur_account_clear(struct secur_account *account);

#endif
