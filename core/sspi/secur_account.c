/* SPDX-License-Identifier: Apache-2.0 */
#include "secur_account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

/* Octets of an entry of the user database. */
#define ENTRY_FIRST_SIZE 1024
#define ENTRY_LIMIT      (1 << 20)

#define GROUPS_FIRST 64

static SECURITY_STATUS find_ids(const char *name, struct secur_account *account)
{
    for (size_t size = ENTRY_FIRST_SIZE; size <= ENTRY_LIMIT; size *= 4) {
        struct passwd entry, *found = NULL;
        char *storage = malloc(size);
        if (storage == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        int error = getpwnam_r(name, &entry, storage, size, &found);
        if (found != NULL) {
            account->exists = true;
            account->uid = entry.pw_uid;
            account->gid = entry.pw_gid;
        }
        free(storage);
        switch (error) {
        case 0:
        case ENOENT: /* getpwnam(3): "the given name was not found", in several spellings */
        case ESRCH:
        case EBADF:
        case EPERM:
            return SEC_E_OK;
        case ERANGE:
            continue;
        case ENOMEM:
            return SEC_E_INSUFFICIENT_MEMORY;
        default:
            return SEC_E_INTERNAL_ERROR;
        }
    }
    return SEC_E_INTERNAL_ERROR;
}

static SECURITY_STATUS find_groups(const char *name, struct secur_account *account)
{
    int n = GROUPS_FIRST;

    /* The database may add a group between two calls. */
    for (int tries = 0; tries < 4; tries++) {
        if (n < 1 || n > SECUR_ACCOUNT_GROUPS_LIMIT)
            return SEC_E_INTERNAL_ERROR;
        gid_t *groups = calloc((size_t)n, sizeof(*groups));
        if (groups == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        if (getgrouplist(name, account->gid, groups, &n) >= 0) {
            account->groups = groups;
            account->n_groups = (size_t)n;
            return SEC_E_OK;
        }
        free(groups);
    }
    return SEC_E_INTERNAL_ERROR;
}

SECURITY_STATUS secur_account_find(const char *name, struct secur_account *ret_account)
{
    struct secur_account account = {0};
    SECURITY_STATUS status = find_ids(name, &account);

    if (status == SEC_E_OK && account.exists)
        status = find_groups(name, &account);
    if (status == SEC_E_OK)
        *ret_account = account;
    return status;
}

void secur_account_clear(struct secur_account *account)
{
    free(account->groups);
    *account = (struct secur_account){0};
}
