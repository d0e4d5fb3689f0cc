/* SPDX-License-Identifier: Apache-2.0 */
#include "directory_sssd.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pipe_signal.h"

#define LIBRARY "libsss_nss_idmap.so.0"

/* Where SSSD's NSS service listens. The path is compiled into SSSD's libraries. */
#define SOCKET "/var/lib/sss/pipes/nss"

/* Longest name that SSSD's library accepts is 2048. */
#define NAME_SIZE 1024

enum id_type { ID_TYPE_NOT_SPECIFIED, ID_TYPE_UID, ID_TYPE_GID, ID_TYPE_BOTH };

typedef int by_name(const char *name, char **sid, enum id_type *type);
typedef int by_name_timeout(const char *name, unsigned timeout_ms, char **sid, enum id_type *type);

/* The first that exists is used. Versions before 2.5 cannot ask for a group only: a user of the
 * same name hides the group there. */
struct library {
    by_name_timeout *group_timeout, *any_timeout;
    by_name *any;
};

static bool load(struct library *library)
{
    /* It is not closed again: see the header. */
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return false;
    *(void **)&library->group_timeout = dlsym(handle, "sss_nss_getsidbygroupname_timeout");
    *(void **)&library->any_timeout = dlsym(handle, "sss_nss_getsidbyname_timeout");
    *(void **)&library->any = dlsym(handle, "sss_nss_getsidbyname");
    return library->group_timeout != NULL || library->any_timeout != NULL || library->any != NULL;
}

static int ask(const struct library *library, const char *name, char **ret_sid,
               enum id_type *ret_type)
{
    struct pipe_signal blocked;
    int code;
    pipe_signal_block(&blocked);
    if (library->group_timeout != NULL)
        code = library->group_timeout(name, DIRECTORY_SSSD_TIMEOUT_MS, ret_sid, ret_type);
    else if (library->any_timeout != NULL)
        code = library->any_timeout(name, DIRECTORY_SSSD_TIMEOUT_MS, ret_sid, ret_type);
    else
        code = library->any(name, ret_sid, ret_type);
    pipe_signal_unblock(&blocked);
    return code;
}

/* The library returns ENOENT also if SSSD does not run. */
static bool is_running(void)
{
    static const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool runs = fd >= 0 && (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
                            errno == EAGAIN); /* it is only busy */
    if (fd >= 0)
        close(fd);
    return runs;
}

static void answer(struct directory_answer *ret_answer, enum directory_status status,
                   const char *text)
{
    ret_answer->status = status;
    snprintf(ret_answer->text, sizeof(ret_answer->text), "%s", text);
}

static void without_sid(int code, struct directory_answer *ret_answer)
{
    switch (code) {
    case ENOENT:
        if (is_running())
            answer(ret_answer, DIRECTORY_NOT_FOUND, "SSSD knows no such group");
        else
            answer(ret_answer, DIRECTORY_UNREACHABLE, "SSSD does not run");
        break;
    case ENETUNREACH:
        answer(ret_answer, DIRECTORY_NOT_FOUND, "SSSD does not know the domain");
        break;
    case EINVAL:
        answer(ret_answer, DIRECTORY_NOT_FOUND, "SSSD cannot read the name");
        break;
    case ETIME:
    case ETIMEDOUT:
        answer(ret_answer, DIRECTORY_UNREACHABLE, "SSSD did not answer in time");
        break;
    case EIO:
        answer(ret_answer, DIRECTORY_UNREACHABLE, "SSSD reaches no server of the domain");
        break;
    default:
        snprintf(ret_answer->text, sizeof(ret_answer->text), "SSSD failed with error %d", code);
        break;
    }
}

void directory_sssd_group(const char *domain, const char *group,
                          struct directory_answer *ret_answer)
{
    char name[NAME_SIZE];
    char *sid = NULL;
    enum id_type type = ID_TYPE_NOT_SPECIFIED;
    struct library library;
    *ret_answer = (struct directory_answer){.status = DIRECTORY_UNREACHABLE};
    if (!load(&library)) {
        answer(ret_answer, DIRECTORY_UNREACHABLE, "SSSD is not installed (" LIBRARY ")");
        return;
    }
    /* Each provider of SSSD reads this form, and the domain may be its short name. */
    if ((size_t)snprintf(name, sizeof(name), "%s@%s", group, domain) >= sizeof(name)) {
        answer(ret_answer, DIRECTORY_NOT_FOUND, "the name is too long");
        return;
    }
    int code = ask(&library, name, &sid, &type);
    if (code != 0)
        without_sid(code, ret_answer);
    else if (type != ID_TYPE_GID)
        answer(ret_answer, DIRECTORY_NOT_FOUND, "SSSD knows this name, but it is not a group");
    else if (sid_parse((struct sspi_view){sid, strlen(sid)}, &ret_answer->sid))
        ret_answer->status = DIRECTORY_FOUND;
    else
        answer(ret_answer, DIRECTORY_UNREACHABLE, "SSSD returned an invalid SID");
    if (code == 0)
        free(sid);
}
