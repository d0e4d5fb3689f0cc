/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* getresuid */
#include "secur_identity.h"

#include <linux/capability.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* On some architectures, the calls without "32" have ids of 16 bits. */
#ifdef SYS_setgroups32
#define CALL_SETGROUPS SYS_setgroups32
#define CALL_SETRESGID SYS_setresgid32
#define CALL_SETRESUID SYS_setresuid32
#else
#define CALL_SETGROUPS SYS_setgroups
#define CALL_SETRESGID SYS_setresgid
#define CALL_SETRESUID SYS_setresuid
#endif

#define UNCHANGED (-1L)

/* glibc's functions that read the ids return those of the calling thread. */
bool secur_identity_get(struct secur_identity *ret_identity)
{
    struct secur_identity identity = {.uid = geteuid(), .gid = getegid()};
    int n = getgroups(0, NULL);

    if (n < 0)
        return false;
    identity.groups = calloc((size_t)n + 1, sizeof(*identity.groups));
    if (identity.groups == NULL)
        return false;
    n = getgroups(n, identity.groups);
    if (n < 0) {
        free(identity.groups);
        return false;
    }
    identity.n_groups = (size_t)n;
    *ret_identity = identity;
    return true;
}

static bool set_groups(const gid_t *groups, size_t n)
{
    return syscall(CALL_SETGROUPS, n, groups) == 0;
}

static bool set_gid(gid_t gid)
{
    return syscall(CALL_SETRESGID, UNCHANGED, (long)gid, UNCHANGED) == 0 && getegid() == gid;
}

static bool set_uid(uid_t uid)
{
    return syscall(CALL_SETRESUID, UNCHANGED, (long)uid, UNCHANGED) == 0 && geteuid() == uid;
}

/* True if the thread has effective capabilities. It loses them when its effective id changes from
 * 0, unless its securebits keep them (capabilities(7)). */
static bool has_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};

    if (syscall(SYS_capget, &header, sets) != 0)
        return true;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        if (sets[i].effective != 0)
            return true;
    return false;
}

/* True if the thread can change back to root. */
static bool may_return(void)
{
    uid_t real, effective, saved;

    return getresuid(&real, &effective, &saved) == 0 && (real == 0 || saved == 0);
}

bool secur_identity_take(const struct secur_identity *own, const struct account *account)
{
    /* Only a thread of root may act as another account, and no thread may act as root. */
    if (own->uid != 0 || account->uid == 0 || !account->exists || !may_return())
        return false;
    if (!set_groups(account->groups, account->n_groups))
        return false;
    if (set_gid(account->gid) && set_uid(account->uid) && !has_capabilities())
        return true;
    secur_identity_restore(own);
    return false;
}

void secur_identity_restore(const struct secur_identity *own)
{
    if (!set_uid(own->uid) || !set_gid(own->gid) || !set_groups(own->groups, own->n_groups))
        abort();
}

pid_t secur_identity_thread(void)
{
    return (pid_t)syscall(SYS_gettid);
}

void secur_identity_clear(struct secur_identity *identity)
{
    free(identity->groups);
    *identity = (struct secur_identity){0};
}
