/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

/* Octets of an entry. That of a group has the names of all its members. */
#define ENTRY_FIRST_SIZE 1024
#define ENTRY_LIMIT      (1 << 24)

#define GROUPS_FIRST 64

/* Sets errno. Only 0 without an entry says that there is none. With an error of any kind, a source
 * could not be asked: for example, winbind's and SSSD's return ENOENT if their daemon does not run.
 */
static SECURITY_STATUS status_of(int error)
{
    errno = error;
    if (error == 0)
        return SEC_E_OK;
    return error == ENOMEM ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_INTERNAL_ERROR;
}

static SECURITY_STATUS find_ids(const char *name, struct account *account)
{
    int error = ERANGE;
    for (size_t size = ENTRY_FIRST_SIZE; error == ERANGE && size <= ENTRY_LIMIT; size *= 4) {
        struct passwd entry, *found = NULL;
        char *storage = malloc(size);
        if (storage == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        error = getpwnam_r(name, &entry, storage, size, &found);
        if (error == 0 && found != NULL) {
            account->exists = true;
            account->uid = entry.pw_uid;
            account->gid = entry.pw_gid;
        }
        free(storage);
    }
    return status_of(error);
}

static SECURITY_STATUS find_groups(const char *name, struct account *account)
{
    int n = GROUPS_FIRST;

    /* The database may add a group between two calls. */
    for (int tries = 0; tries < 4; tries++) {
        if (n < 1 || n > ACCOUNT_GROUPS_LIMIT)
            return status_of(EOVERFLOW);
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
    return status_of(EAGAIN);
}

SECURITY_STATUS account_find(const char *name, struct account *ret_account)
{
    struct account account = {0};
    SECURITY_STATUS status = find_ids(name, &account);

    if (status == SEC_E_OK && account.exists)
        status = find_groups(name, &account);
    if (status == SEC_E_OK)
        *ret_account = account;
    return status;
}

void account_clear(struct account *account)
{
    free(account->groups);
    *account = (struct account){0};
}

SECURITY_STATUS account_append_group(gid_t gid, struct bytes *to)
{
    int error = ERANGE;
    for (size_t size = ENTRY_FIRST_SIZE; error == ERANGE && size <= ENTRY_LIMIT; size *= 4) {
        struct group entry, *found = NULL;
        char *storage = malloc(size);
        if (storage == NULL)
            return SEC_E_INSUFFICIENT_MEMORY;
        error = getgrgid_r(gid, &entry, storage, size, &found);
        if (error == 0 && found != NULL) {
            bytes_append_text(to, entry.gr_name);
            bytes_append_char(to, '\0');
        }
        free(storage);
    }
    return to->failed ? SEC_E_INSUFFICIENT_MEMORY : status_of(error);
}
