/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and groups in the user database of this machine, as nsswitch.conf combines it (NSS). The
 * functions block as long as its sources do: SSSD or winbind may ask another machine. */
#ifndef BASE_ACCOUNT_H
#define BASE_ACCOUNT_H

#include <sys/types.h>

#include "bytes.h"
#include "sspi.h"

/* The most groups of an account: the kernel's NGROUPS_MAX. */
#define ACCOUNT_GROUPS_LIMIT 65536

/* Zero-initialise it. */
struct account {
    bool exists;
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* all groups of the account, including `gid` */
    size_t n_groups;
};

/* Looks `name` up. SEC_E_OK: ret_account->exists says whether there is such an account. The caller
 * clears *ret_account. SEC_E_INTERNAL_ERROR: the database cannot be read (errno says why), or the
 * account is in too many groups. SEC_E_INSUFFICIENT_MEMORY. Thread-safe. Source: getpwnam(3),
 * getgrouplist(3). */
SECURITY_STATUS account_find(const char *name, struct account *ret_account) MUST_USE;

/* Frees the groups and zeroes the account. The account may be zero-initialised. */
void account_clear(struct account *account);

/* Appends the name of the group and a NUL to `to`; nothing if the database has no such group. Other
 * statuses as account_find(). Source: getgrgid(3). */
SECURITY_STATUS account_append_group(gid_t gid, struct bytes *to) MUST_USE;

#endif
