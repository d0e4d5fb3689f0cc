/* SPDX-License-Identifier: Apache-2.0 */
#include "tool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "tool_problem.h"

static int open_file(const char *target)
{
    /* O_NONBLOCK, because open() would wait for a writer of a FIFO. */
    return open(target, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* Opens and locks the file that `target` names now. The previous holder of the lock may have
 * replaced the file. */
static int open_locked(const char *target)
{
    for (;;) {
        int file = open_file(target);
        if (file < 0)
            return -1;
        struct stat opened, now;
        int failed = 0;
        while ((failed = flock(file, LOCK_EX)) != 0 && errno == EINTR)
            continue;
        if (failed == 0 && fstat(file, &opened) == 0 && stat(target, &now) == 0) {
            if (now.st_dev == opened.st_dev && now.st_ino == opened.st_ino)
                return file;
        } else {
            int why = errno;
            close(file);
            errno = why;
            return -1;
        }
        close(file);
    }
}

bool tool_file_open(const char *path, enum tool_file_use use, struct tool_file *ret_file)
{
    struct tool_file file = TOOL_FILE_NONE;
    file.target = realpath(path, NULL);
    if (file.target != NULL)
        file.file = use == TOOL_FILE_READ ? open_file(file.target) : open_locked(file.target);
    if (file.file < 0 && errno == ENOENT)
        tool_problem("%s does not exist%s%s", path, use == TOOL_FILE_CHANGE ? "; " : "",
                     use == TOOL_FILE_CHANGE ? tool_texts.when_missing : "");
    else if (file.file < 0 || fstat(file.file, &file.info) != 0)
        tool_problem("cannot open %s: %s", path, strerror(errno));
    else if (!S_ISREG(file.info.st_mode))
        tool_problem("%s is not a regular file; name %s", path, tool_texts.file);
    else {
        *ret_file = file;
        return true;
    }
    tool_file_close(&file);
    return false;
}

bool tool_file_read(struct tool_file *file, const char *path)
{
    char part[16384];
    ssize_t got;
    while ((got = read(file->file, part, sizeof part)) != 0) {
        if (got > 0)
            bytes_append(&file->text, part, (size_t)got);
        else if (errno != EINTR)
            break;
        if (file->text.failed) {
            errno = ENOMEM;
            break;
        }
    }
    bytes_wipe(part, sizeof part);
    if (got != 0)
        tool_problem("cannot read %s: %s", path, strerror(errno));
    return got == 0;
}

bool tool_file_load(const char *path, enum tool_file_use use, struct tool_file *ret_file)
{
    return tool_file_open(path, use, ret_file) && tool_file_read(ret_file, path);
}

bool tool_file_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

bool tool_file_is_free(const char *path)
{
    bool taken = tool_file_exists(path);
    if (taken)
        tool_problem("%s exists already; %s", path, tool_texts.when_exists);
    return !taken;
}

void tool_file_close(struct tool_file *file)
{
    if (file->file >= 0)
        close(file->file);
    free(file->target);
    bytes_free(&file->text);
    *file = TOOL_FILE_NONE;
}
