/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_ccache.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acceptor_ccache_name.h"
#include "clock.h"
#include "error_info.h"
#include "kerberos_delegation.h"
#include "ref.h"

#define TYPE "FILE:"

struct acceptor_ccache {
    struct ref ref;
    struct bytes name; /* TYPE, the path, and a NUL */
    struct bytes content;
    uint64_t end_ms; /* of its tickets; UINT64_MAX: not known, but the session ends before */
    bool is_of_session;
};

static const char *path_of(const struct acceptor_ccache *ccache)
{
    return ccache->name.data + sizeof(TYPE) - 1;
}

static void destroy(struct acceptor_ccache *ccache)
{
    if (!ccache->is_of_session)
        (void)unlink(path_of(ccache));
    bytes_free(&ccache->name);
    bytes_free(&ccache->content);
    free(ccache);
}

REF(acceptor_ccache, struct acceptor_ccache, ref, destroy)

/* NULL: no memory. The path is not made. */
static struct acceptor_ccache *ccache_new(const struct acceptor_ccache_place *place,
                                          const char *path)
{
    struct acceptor_ccache *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return NULL;
    ref_init(&made->ref);
    made->is_of_session = true; /* until there is a file to remove */
    made->end_ms = UINT64_MAX;
    bytes_append_text(&made->name, TYPE);
    bytes_append(&made->name, path, strlen(path) + 1);
    bytes_append_view(&made->content, place->content);
    if (!made->name.failed && !made->content.failed)
        return made;
    bytes_free(&made->name);
    bytes_free(&made->content);
    free(made);
    return NULL;
}

/* False: the path is too long. */
static bool join(const struct acceptor_ccache_place *place, const char *name, char ret[PATH_MAX])
{
    int len = snprintf(ret, PATH_MAX, "%s/%s", place->directory, name);
    return len > 0 && len < PATH_MAX;
}

static bool path_of_session(const struct hash_suite *hashes,
                            const struct acceptor_ccache_place *place, char ret_path[PATH_MAX])
{
    char name[ACCEPTOR_CCACHE_NAME_SIZE];
    return acceptor_ccache_name_of_session(hashes, place->session_id, place->content,
                                           place->session_end_ms, name) &&
           join(place, name, ret_path);
}

/* ---- making ---- */

static bool path_of_request(const struct acceptor_ccache_place *place, uint64_t end_ms,
                            char ret_path[PATH_MAX])
{
    struct acceptor_ccache_creator self;
    char name[ACCEPTOR_CCACHE_NAME_SIZE];
    acceptor_ccache_creator_self(&self);
    return acceptor_ccache_name_of_request(&self, end_ms, name) && join(place, name, ret_path);
}

/* Gives the complete file the name by which the session's later requests find it. */
static struct acceptor_ccache *publish(const struct hash_suite *hashes,
                                       const struct acceptor_ccache_place *place,
                                       const char *from_path, char *why)
{
    char path[PATH_MAX];
    struct acceptor_ccache *made =
        path_of_session(hashes, place, path) ? ccache_new(place, path) : NULL;
    snprintf(why, SSPI_ERROR_SIZE, OUT_OF_MEMORY);
    if (made != NULL && rename(from_path, path) == 0)
        return made;
    if (made != NULL)
        snprintf(why, SSPI_ERROR_SIZE, "%s", strerror(errno));
    (void)unlink(from_path);
    acceptor_ccache_unref(made);
    return NULL;
}

struct acceptor_ccache *acceptor_ccache_write(const struct hash_suite *hashes,
                                              const struct acceptor_ccache_place *place,
                                              const char *from, char *why)
{
    const struct clock *clock = clock_machine();
    char path[PATH_MAX];
    uint64_t end_ms;
    snprintf(why, SSPI_ERROR_SIZE, "the user's tickets cannot be read");
    if (!kerberos_delegation_end(from, &end_ms))
        return NULL;
    snprintf(why, SSPI_ERROR_SIZE, "the user's tickets have ended");
    if (end_ms <= clock->now_ms(clock->self))
        return NULL;
    snprintf(why, SSPI_ERROR_SIZE, OUT_OF_MEMORY);
    /* Until the file is complete, it has a name that a sweep removes with this process. */
    struct acceptor_ccache *made =
        path_of_request(place, end_ms, path) ? ccache_new(place, path) : NULL;
    if (made == NULL)
        return NULL;
    if (!kerberos_delegation_write(from, path, why, SSPI_ERROR_SIZE)) {
        acceptor_ccache_unref(made);
        return NULL;
    }
    if (place->session_id.data != NULL) {
        acceptor_ccache_unref(made);
        return publish(hashes, place, path, why);
    }
    made->is_of_session = false;
    made->end_ms = end_ms;
    return made;
}

/* ---- finding ---- */

/* True for a regular file that only this account may read. Follows no link. */
static bool is_ours(const char *path)
{
    struct stat found;
    return lstat(path, &found) == 0 && S_ISREG(found.st_mode) && found.st_uid == geteuid() &&
           (found.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

struct acceptor_ccache *acceptor_ccache_find(const struct hash_suite *hashes,
                                             const struct acceptor_ccache_place *place)
{
    char path[PATH_MAX];
    return path_of_session(hashes, place, path) && is_ours(path) ? ccache_new(place, path) : NULL;
}

bool acceptor_ccache_serves(const struct acceptor_ccache *ccache,
                            const struct acceptor_ccache_place *place)
{
    const struct clock *clock = clock_machine();
    size_t len = strlen(place->directory);
    return ccache->end_ms > clock->now_ms(clock->self) &&
           bytes_equal(bytes_as_view(&ccache->content), place->content) &&
           strncmp(path_of(ccache), place->directory, len) == 0 && path_of(ccache)[len] == '/' &&
           strchr(path_of(ccache) + len + 1, '/') == NULL && is_ours(path_of(ccache));
}

struct sspi_view acceptor_ccache_name(const struct acceptor_ccache *ccache)
{
    return bytes_view(ccache->name.data);
}
