/* SPDX-License-Identifier: Apache-2.0 */
#include "tool_output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tool_problem.h"

#define ACCESS_LIST       "system.posix_acl_access"
#define ACCESS_LIST_LIMIT 65536 /* XATTR_SIZE_MAX of Linux */

/* Many sites use access lists to let the workers read the file. */
static bool copy_access_list(int from, int to)
{
    char *list = malloc(ACCESS_LIST_LIMIT);
    if (list == NULL)
        return false;
    ssize_t len = fgetxattr(from, ACCESS_LIST, list, ACCESS_LIST_LIMIT);
    bool done = len < 0 ? errno == ENODATA || errno == ENOTSUP
                        : fsetxattr(to, ACCESS_LIST, list, (size_t)len, 0) == 0;
    free(list);
    return done;
}

static bool copy_rights(const struct tool_file *old, int to)
{
    return fchown(to, old->info.st_uid, old->info.st_gid) == 0 &&
           fchmod(to, old->info.st_mode & 07777) == 0 && copy_access_list(old->file, to);
}

/* Opens a temporary file in the directory of `place`. */
static bool open_beside(const char *place, struct tool_output *output)
{
    char *copy = strdup(place);
    if (copy == NULL)
        return false;
    const char *directory = dirname(copy);
    output->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int len = snprintf(output->temporary, PATH_MAX, "%s/.%s.XXXXXX", directory, tool_texts.name);
    free(copy);
    if (len >= PATH_MAX)
        errno = ENAMETOOLONG;
    else if (output->directory >= 0)
        output->file = mkstemp(output->temporary);
    return output->file >= 0;
}

bool tool_output_begin(const char *path, const struct tool_file *old, struct tool_output *output)
{
    *output = (struct tool_output){.path = path, .old = old, .directory = -1, .file = -1};
    output->temporary = malloc(PATH_MAX);
    if (output->temporary == NULL) {
        tool_problem(OUT_OF_MEMORY);
        return false;
    }
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &output->signals);
    if (!open_beside(old == NULL ? path : old->target, output)) {
        tool_problem("cannot write beside %s: %s; nothing was changed", path, strerror(errno));
        return false;
    }
    if (old != NULL && !copy_rights(old, output->file)) {
        tool_problem("cannot keep owner and mode of %s: %s; run this as its owner or as root", path,
                     strerror(errno));
        return false;
    }
    return true;
}

bool tool_output_write(struct tool_output *output, struct sspi_view text)
{
    while (text.len > 0) {
        ssize_t put = write(output->file, text.data, text.len);
        if (put < 0 && errno != EINTR) {
            tool_problem("cannot write beside %s: %s; nothing was changed", output->path,
                         strerror(errno));
            return false;
        }
        if (put > 0) {
            text.data += put;
            text.len -= (size_t)put;
        }
    }
    return true;
}

bool tool_output_is_interrupted(void)
{
    static const int ending[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
    sigset_t waiting;
    sigpending(&waiting);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        if (sigismember(&waiting, ending[i]))
            return true;
    return false;
}

bool tool_output_finish(struct tool_output *output)
{
    const char *place = output->old == NULL ? output->path : output->old->target;
    /* link() fails if the name exists; rename() replaces the old file. */
    if (fsync(output->file) != 0 || (output->old == NULL ? link(output->temporary, place)
                                                         : rename(output->temporary, place)) != 0) {
        tool_problem("cannot write %s: %s; nothing was changed", output->path, strerror(errno));
        return false;
    }
    if (output->old == NULL)
        unlink(output->temporary);
    /* Stores the name on the disk. The file is complete even if this fails. */
    (void)fsync(output->directory);
    close(output->file);
    output->file = -1;
    return true;
}

void tool_output_end(struct tool_output *output)
{
    if (output->temporary == NULL)
        return;
    if (output->file >= 0) {
        unlink(output->temporary);
        close(output->file);
    }
    if (output->directory >= 0)
        close(output->directory);
    free(output->temporary);
    output->temporary = NULL;
    sigprocmask(SIG_SETMASK, &output->signals, NULL);
}

bool tool_output_put(const char *path, const struct tool_file *old, struct sspi_view text)
{
    TOOL_OUTPUT_CLEANUP struct tool_output output = {0};
    return tool_output_begin(path, old, &output) && tool_output_write(&output, text) &&
           tool_output_finish(&output);
}
