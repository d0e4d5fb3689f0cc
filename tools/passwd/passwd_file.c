/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "passwd_problem.h"
#include "store_users.h"

#define ACCESS_LIST       "system.posix_acl_access"
#define ACCESS_LIST_LIMIT 65536 /* XATTR_SIZE_MAX of Linux */

static void close_file(int *file)
{
    if (*file >= 0)
        close(*file);
}
#define CLOSE_FILE __attribute__((cleanup(close_file)))

static void free_text(char **text)
{
    free(*text);
}
#define FREE_TEXT __attribute__((cleanup(free_text)))

/* Opens and locks what `target` names now: whoever held the lock before may have put another file
 * in its place. */
static int open_locked(const char *target, struct stat *ret_info)
{
    for (;;) {
        int file = open(target, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (file < 0)
            return -1;
        struct stat now;
        int failed = 0;
        while ((failed = flock(file, LOCK_EX)) != 0 && errno == EINTR)
            continue;
        if (failed == 0 && fstat(file, ret_info) == 0 && stat(target, &now) == 0) {
            if (now.st_dev == ret_info->st_dev && now.st_ino == ret_info->st_ino)
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

static bool read_text(int file, struct bytes *to)
{
    char part[4096];
    ssize_t got;
    to->limit = STORE_USERS_FILE_LIMIT;
    while ((got = read(file, part, sizeof part)) != 0) {
        if (got > 0)
            bytes_append(to, part, (size_t)got);
        else if (errno != EINTR)
            break;
        if (to->failed) {
            errno = EFBIG;
            break;
        }
    }
    bytes_wipe(part, sizeof part);
    return got == 0;
}

bool passwd_file_open(const char *path, struct passwd_file *ret_file)
{
    struct passwd_file file = {.file = -1};
    file.target = realpath(path, NULL);
    if (file.target != NULL)
        file.file = open_locked(file.target, &file.info);
    if (file.file < 0 && errno == ENOENT)
        passwd_problem("%s does not exist; -c creates it", path);
    else if (file.file < 0)
        passwd_problem("cannot open %s: %s", path, strerror(errno));
    else if (!S_ISREG(file.info.st_mode))
        passwd_problem("%s is not a regular file; name a user file", path);
    else if (!read_text(file.file, &file.text))
        passwd_problem("cannot read %s: %s", path, strerror(errno));
    else {
        *ret_file = file;
        return true;
    }
    passwd_file_close(&file);
    return false;
}

void passwd_file_close(struct passwd_file *file)
{
    close_file(&file->file);
    file->file = -1;
    free(file->target);
    file->target = NULL;
    bytes_free(&file->text);
}

/* Access lists are how many sites let the workers read the file. */
static bool copy_access_list(int from, int to)
{
    FREE_TEXT char *list = malloc(ACCESS_LIST_LIMIT);
    if (list == NULL)
        return false;
    ssize_t len = fgetxattr(from, ACCESS_LIST, list, ACCESS_LIST_LIMIT);
    if (len < 0)
        return errno == ENODATA || errno == ENOTSUP;
    return fsetxattr(to, ACCESS_LIST, list, (size_t)len, 0) == 0;
}

static bool write_text(int file, struct sspi_view text)
{
    while (text.len > 0) {
        ssize_t put = write(file, text.data, text.len);
        if (put < 0 && errno != EINTR)
            return false;
        if (put > 0) {
            text.data += put;
            text.len -= (size_t)put;
        }
    }
    return fsync(file) == 0;
}

/* The new file gets its content and, from `old` if there is one, its rights. */
static bool fill(int file, const char *path, struct sspi_view text, const struct passwd_file *old)
{
    if (old != NULL &&
        (fchown(file, old->info.st_uid, old->info.st_gid) != 0 ||
         fchmod(file, old->info.st_mode & 07777) != 0 || !copy_access_list(old->file, file))) {
        passwd_problem("cannot keep owner and mode of %s: %s; run this as its owner or as root",
                       path, strerror(errno));
        return false;
    }
    if (!write_text(file, text)) {
        passwd_problem("cannot write beside %s: %s; nothing was changed", path, strerror(errno));
        return false;
    }
    return true;
}

/* `old` is NULL for a file that must not exist. */
static bool put_in_place(const char *temporary, const char *path, const struct passwd_file *old)
{
    /* link() fails where something is already, rename() replaces it. */
    if (old == NULL ? link(temporary, path) != 0 : rename(temporary, path) != 0) {
        if (errno == EEXIST)
            passwd_problem("%s exists already; leave -c out to change it", path);
        else
            passwd_problem("cannot write %s: %s; nothing was changed", path, strerror(errno));
        return false;
    }
    return true;
}

static bool write_file(const char *path, struct sspi_view text, const struct passwd_file *old)
{
    FREE_TEXT char *copy = strdup(path);
    FREE_TEXT char *temporary = malloc(PATH_MAX);
    if (copy == NULL || temporary == NULL) {
        passwd_problem("not enough memory");
        return false;
    }
    const char *directory_path = dirname(copy);
    CLOSE_FILE int directory = open(directory_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int len = snprintf(temporary, PATH_MAX, "%s/.sspi-passwd.XXXXXX", directory_path);
    CLOSE_FILE int file = -1;
    if (directory < 0 || len < 0 || len >= PATH_MAX || (file = mkstemp(temporary)) < 0) {
        passwd_problem("cannot write in %s: %s; nothing was changed", directory_path,
                       strerror(errno));
        return false;
    }
    bool done = fill(file, path, text, old) && put_in_place(temporary, path, old);
    if (!done || old == NULL)
        unlink(temporary);
    fsync(directory); /* the file is complete in either case; this makes its name last */
    return done;
}

/* With signals held back, so that none leaves a temporary file with hashes behind. */
static bool write_file_undisturbed(const char *path, struct sspi_view text,
                                   const struct passwd_file *old)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    bool done = write_file(path, text, old);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return done;
}

bool passwd_file_replace(const struct passwd_file *file, struct sspi_view text)
{
    return write_file_undisturbed(file->target, text, file);
}

bool passwd_file_create(const char *path, struct sspi_view text)
{
    return write_file_undisturbed(path, text, NULL);
}
