/* SPDX-License-Identifier: Apache-2.0 */
/* A fake of SSSD's library, because no domain of SSSD runs in a unit test: two of its functions,
 * with fixed answers. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { TYPE_UID = 1, TYPE_GID = 2, TYPE_BOTH = 3 };

int sss_nss_getsidbygroupname_timeout(const char *name, unsigned timeout_ms, char **sid, int *type);
int sss_nss_getsidbyname(const char *name, char **sid, int *type);

static const struct answer {
    const char *name;
    int code;
    const char *sid;
    int type;
} answers[] = {
    {"admins@FAKE", 0, "S-1-5-21-1-2-3-512", TYPE_GID},
    {"with space@fake.example", 0, "S-1-5-21-1-2-3-513", TYPE_GID},
    {"alice@FAKE", 0, "S-1-5-21-1-2-3-1000", TYPE_UID},
    {"bob@FAKE", 0, "S-1-5-21-1-2-3-1001", TYPE_BOTH},
    {"broken@FAKE", 0, "S-1-nonsense", TYPE_GID},
    {"unreadable@FAKE", EINVAL, NULL, 0},
    {"late@FAKE", ETIME, NULL, 0},
    {"offline@FAKE", EIO, NULL, 0},
    {"odd@FAKE", EBADMSG, NULL, 0},
    {"admins@OTHER", ENETUNREACH, NULL, 0},
};

int sss_nss_getsidbygroupname_timeout(const char *name, unsigned timeout_ms, char **sid, int *type)
{
    if (timeout_ms == 0)
        return EINVAL;
    while (strcmp(name, "hanging@FAKE") == 0)
        pause();
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (strcmp(name, answers[i].name) != 0)
            continue;
        if (answers[i].code == 0) {
            *sid = strdup(answers[i].sid);
            *type = answers[i].type;
        }
        return answers[i].code;
    }
    return ENOENT;
}

/* The server calls this only if the library has no better function. */
int sss_nss_getsidbyname(const char *name, char **sid, int *type)
{
    (void)name;
    (void)sid;
    (void)type;
    return EFAULT;
}
