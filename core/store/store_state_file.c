/* SPDX-License-Identifier: Apache-2.0 */
#include "store_state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_layout.h"

#define BOOT_ID      "/proc/sys/kernel/random/boot_id"
#define FILE_MODE    0600
#define OTHERS_WRITE (S_IWGRP | S_IWOTH)
#define OTHERS_ALL   (S_IRWXG | S_IRWXO)

/* The most characters of a path in an error. */
#define SHOWN_LIMIT 300

#define GUARD_SUFFIX ".lock"
#define NEW_SUFFIX   ".new"
#define NAME_LIMIT   (NAME_MAX - sizeof(GUARD_SUFFIX))

/* The state of one call that opens a file. A descriptor is -1 until it is opened. */
struct opening {
    const char *path;
    const char *name; /* the part after the last slash of `path` */
    size_t size;
    const struct clock *clock;
    struct store_origin origin; /* without the inode */
    int directory;
    int guard; /* PATH.lock */
    char *error;
    size_t error_size;
};

static void close_file(int *file)
{
    if (*file != -1)
        close(*file);
    *file = -1;
}

#define CLOSE_CLEANUP __attribute__((cleanup(close_file)))

static void end_opening(struct opening *opening)
{
    close_file(&opening->directory);
    close_file(&opening->guard);
}

/* Writes the error about the file of that name; NULL: about the path. */
static bool fail_at(const struct opening *opening, const char *name, const char *what)
{
    int directory_len = name == NULL ? INT_MAX : (int)(opening->name - opening->path);
    snprintf(opening->error, opening->error_size, "%.*s%s: %s",
             directory_len < SHOWN_LIMIT ? directory_len : SHOWN_LIMIT, opening->path,
             name == NULL ? "" : name, what);
    return false;
}

static bool fail(const struct opening *opening, const char *what)
{
    return fail_at(opening, NULL, what);
}

static bool fail_errno(const struct opening *opening, const char *what, int error)
{
    char text[128];
    snprintf(text, sizeof(text), "%s: %s", what, strerror(error));
    return fail(opening, text);
}

/* ---- the directory ---- */

static bool check_directory(const struct opening *opening)
{
    struct stat found;
    if (fstat(opening->directory, &found) != 0)
        return fail_errno(opening, "the directory cannot be examined", errno);
    if ((found.st_uid == 0 || found.st_uid == geteuid()) && (found.st_mode & OTHERS_WRITE) == 0)
        return true;
    return fail(opening, "other accounts may write to the directory: use one that belongs to the "
                         "account that starts the server, with mode 0755 or less");
}

static bool open_directory(struct opening *opening)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(opening->path, '/');
    if (opening->path[0] != '/' || slash[1] == '\0' || strlen(slash + 1) > NAME_LIMIT ||
        (size_t)(slash - opening->path) >= sizeof(directory) - 1)
        return fail(
            opening,
            "not the absolute path of a file: begin the path with /, and end it with a name");
    opening->name = slash + 1;
    snprintf(directory, sizeof(directory), "%.*s/", (int)(slash - opening->path), opening->path);
    opening->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opening->directory == -1)
        return fail_errno(
            opening,
            "the directory cannot be opened (create it for the account that starts the server)",
            errno);
    return check_directory(opening);
}

/* ---- one file of it ---- */

/* Refuses a file that another account made or may read, and one that is not a regular file with one
 * name. */
static bool check_file(const struct opening *opening, const char *name, const struct stat *found)
{
    if (!S_ISREG(found->st_mode) || found->st_nlink != 1)
        return fail_at(opening, name,
                       "not a regular file, or a file with several hard links: name another file");
    if (found->st_uid != geteuid())
        return fail_at(opening, name,
                       "the file belongs to another account: the same account must start all "
                       "servers that share it");
    if ((found->st_mode & OTHERS_ALL) != 0)
        return fail_at(opening, name,
                       "other accounts may use the file, which holds a secret key: its mode "
                       "must be 0600");
    return true;
}

/* Opens a file that must be the account's own. -1: `error` is set, unless the file does not exist
 * (*ret_errno is ENOENT). */
static int open_file(const struct opening *opening, const char *name, int flags, int *ret_errno)
{
    struct stat found;
    char text[128];
    int file =
        openat(opening->directory, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, FILE_MODE);
    *ret_errno = file == -1 ? errno : 0;
    if (file == -1) {
        snprintf(text, sizeof(text), "cannot be opened: %s", strerror(*ret_errno));
        fail_at(opening, name, text);
        return -1;
    }
    if (fstat(file, &found) != 0) {
        snprintf(text, sizeof(text), "cannot be examined: %s", strerror(errno));
        fail_at(opening, name, text);
    } else if (check_file(opening, name, &found)) {
        return file;
    }
    close(file);
    return -1;
}

static bool lock_file(int file, int how)
{
    int failed;
    do
        failed = flock(file, how);
    while (failed != 0 && errno == EINTR);
    return failed == 0;
}

/* Lets only one parent at a time open the file. */
static bool take_guard(struct opening *opening)
{
    char name[NAME_MAX + 1];
    int error;
    snprintf(name, sizeof(name), "%s" GUARD_SUFFIX, opening->name);
    opening->guard = open_file(opening, name, O_RDONLY | O_CREAT, &error);
    if (opening->guard == -1)
        return false;
    return lock_file(opening->guard, LOCK_EX) || fail_errno(opening, "cannot be locked", errno);
}

/* ---- the memory in it ---- */

static bool read_boot(struct opening *opening)
{
    CLOSE_CLEANUP int file = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
    char *boot = opening->origin.boot;
    ssize_t len = file == -1 ? -1 : read(file, boot, STORE_ORIGIN_BOOT_SIZE - 1);
    if (len <= 0)
        return fail_errno(opening, BOOT_ID " cannot be read", errno);
    boot[strcspn(boot, "\n")] = '\0';
    return true;
}

static struct store_origin origin_of(const struct opening *opening, const struct stat *found)
{
    struct store_origin origin = opening->origin;
    origin.device = found->st_dev;
    origin.inode = found->st_ino;
    return origin;
}

static void *map(int file, size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* True if the steady clock of this process agrees with that of the process that made the memory. */
static bool is_timely(const struct opening *opening, const struct sspi_state *state)
{
    return state->constants.created_steady_ms <= opening->clock->steady_ms(opening->clock->self);
}

/* Returns the state in the file, if its layout and boot are the current ones and it is undamaged.
 */
static struct sspi_state *attach(const struct opening *opening, int file)
{
    struct stat found;
    if (fstat(file, &found) != 0 || found.st_size < STORE_STATE_MIN_SIZE)
        return NULL;
    size_t size = (size_t)found.st_size;
    struct store_origin origin = origin_of(opening, &found);
    void *memory = map(file, size);
    struct sspi_state *state = memory == NULL ? NULL : store_layout_attach(memory, size, &origin);
    if (state != NULL && is_timely(opening, state)) {
        state->mapped = size;
        return state;
    }
    store_state_free(state);
    if (memory != NULL)
        munmap(memory, size);
    return NULL;
}

static bool format(const struct opening *opening, int file)
{
    struct stat found;
    /* Allocates all blocks. Without a block, a worker that writes to the mapping is killed if the
     * disk is full. */
    int failed = posix_fallocate(file, 0, (off_t)opening->size);
    if (failed != 0)
        return fail_errno(
            opening,
            "no space for the file on its file system (free space, or choose a smaller size)",
            failed);
    void *memory = fstat(file, &found) == 0 ? map(file, opening->size) : NULL;
    if (memory == NULL)
        return fail_errno(opening, "cannot be mapped", errno);
    struct store_origin origin = origin_of(opening, &found);
    struct sspi_state *state = store_layout_format(memory, opening->size, &origin, opening->clock);
    bool formatted = state != NULL;
    store_state_free(state);
    munmap(memory, opening->size);
    return formatted || fail(opening, "cannot be laid out: memory or randomness failed, or it "
                                      "is too small: choose a larger size");
}

/* Makes a new file and renames it over the old one. The guard is held, so a file of the new name is
 * left over from a parent that was killed here. */
static bool make(const struct opening *opening)
{
    char name[NAME_MAX + 1];
    int error;
    snprintf(name, sizeof(name), "%s" NEW_SUFFIX, opening->name);
    (void)unlinkat(opening->directory, name, 0);
    CLOSE_CLEANUP int file = open_file(opening, name, O_RDWR | O_CREAT | O_EXCL, &error);
    if (file == -1)
        return false;
    if (format(opening, file) &&
        (renameat(opening->directory, name, opening->directory, opening->name) == 0 ||
         fail_errno(opening, "cannot be renamed to its name", errno)))
        return true;
    (void)unlinkat(opening->directory, name, 0);
    return false;
}

/* ---- opening ---- */

/* True for an empty file, a file of zeros (a power cut may leave either), or one that begins with
 * the magic. Any other file is a mistake in the configuration, and must not be replaced. */
static bool is_ours(const struct opening *opening, int file)
{
    uint64_t magic = 0;
    ssize_t len = pread(file, &magic, sizeof(magic), 0);
    if (len == 0 || (len == sizeof(magic) && (magic == STORE_LAYOUT_MAGIC || magic == 0)))
        return true;
    return fail(opening, "the file holds other data: name another file, or remove this one");
}

/* Opens and locks the file that exists, and finds out whether other processes use it. False: the
 * file must not be used or replaced. */
static bool lock_current(const struct opening *opening, int *ret_file, bool *ret_used)
{
    int error;
    *ret_used = false;
    *ret_file = open_file(opening, opening->name, O_RDONLY, &error);
    if (*ret_file == -1)
        return error == ENOENT;
    if (!is_ours(opening, *ret_file))
        return false;
    *ret_used = !lock_file(*ret_file, LOCK_EX | LOCK_NB);
    return lock_file(*ret_file, LOCK_SH) || fail_errno(opening, "cannot be locked", errno);
}

/* Returns the state of the existing file, and keeps *lock open, because that descriptor holds the
 * lock. The mapping uses another descriptor, so that workers inherit none that could truncate the
 * file. */
static struct sspi_state *use(const struct opening *opening, int *lock)
{
    int error;
    CLOSE_CLEANUP int file = open_file(opening, opening->name, O_RDWR, &error);
    struct sspi_state *state = file == -1 ? NULL : attach(opening, file);
    if (state == NULL)
        return NULL;
    state->file = *lock;
    *lock = -1;
    return state;
}

/* Makes a new file in place of one that cannot be used, and returns its state. */
static struct sspi_state *replace(const struct opening *opening)
{
    bool used;
    CLOSE_CLEANUP int lock = -1;
    if (!make(opening) || !lock_current(opening, &lock, &used) || lock == -1)
        return NULL;
    struct sspi_state *state = use(opening, &lock);
    if (state == NULL)
        fail(opening, "the new file cannot be used");
    return state;
}

static struct sspi_state *open_guarded(const struct opening *opening,
                                       enum store_state_found *ret_found)
{
    bool used;
    CLOSE_CLEANUP int lock = -1;
    if (!lock_current(opening, &lock, &used))
        return NULL;
    struct sspi_state *state = lock == -1 ? NULL : use(opening, &lock);
    if (state != NULL && (used || store_state_size(state) == opening->size)) {
        *ret_found = STORE_STATE_EXISTING;
        return state;
    }
    store_state_free(state);
    *ret_found = used ? STORE_STATE_REPLACED : STORE_STATE_MADE;
    return replace(opening);
}

struct sspi_state *store_state_file_open(const char *path, size_t size, const struct clock *clock,
                                         enum store_state_found *ret_found, char *error,
                                         size_t error_size)
{
    __attribute__((cleanup(end_opening))) struct opening opening = {.path = path,
                                                                    .size = size,
                                                                    .clock = clock,
                                                                    .directory = -1,
                                                                    .guard = -1,
                                                                    .error = error,
                                                                    .error_size = error_size};
    if (!open_directory(&opening) || !read_boot(&opening) || !take_guard(&opening))
        return NULL;
    return open_guarded(&opening, ret_found);
}

bool store_state_file_check(const char *path, char *error, size_t error_size)
{
    __attribute__((cleanup(end_opening))) struct opening opening = {
        .path = path, .directory = -1, .guard = -1, .error = error, .error_size = error_size};
    int failed;
    if (!open_directory(&opening) || !read_boot(&opening))
        return false;
    CLOSE_CLEANUP int file = open_file(&opening, opening.name, O_RDONLY, &failed);
    return file == -1 ? failed == ENOENT : is_ours(&opening, file);
}
