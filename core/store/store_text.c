/* SPDX-License-Identifier: Apache-2.0 */
#include "store_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error_info.h"

/* Reads exactly `len` octets and then the end. */
static bool read_all(int file, char *to, size_t len)
{
    size_t n_read = 0;
    for (;;) {
        /* Asks for one octet more than the file had. If it exists, the file has grown. */
        ssize_t got = read(file, to + n_read, len + 1 - n_read);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0 || n_read + (size_t)got > len) {
            errno = EAGAIN; /* the file changed while it was read */
            return got == 0 && n_read == len;
        }
        n_read += (size_t)got;
    }
}

static bool is_right(int file, const struct stat *info, const char *path,
                     const struct store_text_kind *kind, char *error, size_t error_size)
{
    if (!S_ISREG(info->st_mode)) {
        snprintf(error, error_size, "%s: not a regular file; name %s", path, kind->what);
        return false;
    }
    if (kind->check != NULL && !kind->check(file, info, path, error, error_size))
        return false;
    if (info->st_size <= (off_t)kind->limit)
        return true;
    snprintf(error, error_size, "%s: larger than %s", path, kind->when_larger);
    return false;
}

_Static_assert(sizeof(off_t) == 8, "on 32 bits, compile with -D_FILE_OFFSET_BITS=64");

static bool read_opened(int file, const char *path, const struct store_text_kind *kind,
                        struct stat *ret_info, struct bytes *ret_text, char *error,
                        size_t error_size)
{
    if (fstat(file, ret_info) != 0) {
        snprintf(error, error_size, "%s: cannot examine it: %s", path, strerror(errno));
        return false;
    }
    if (!is_right(file, ret_info, path, kind, error, error_size))
        return false;
    size_t len = (size_t)ret_info->st_size;
    struct bytes text = {.data = malloc(len + 1), .len = len, .capacity = len + 1};
    if (text.data == NULL) {
        snprintf(error, error_size, "%s: " OUT_OF_MEMORY, path);
        return false;
    }
    if (read_all(file, text.data, len)) {
        *ret_text = text;
        return true;
    }
    if (errno == EAGAIN)
        snprintf(error, error_size,
                 "%s: the file changed while it was read; replace it in one step, as %s does", path,
                 kind->writer);
    else
        snprintf(error, error_size, "%s: cannot read it: %s", path, strerror(errno));
    bytes_free(&text);
    return false;
}

bool store_text_read(const char *path, const struct store_text_kind *kind, struct stat *ret_info,
                     struct bytes *ret_text, char *error, size_t error_size)
{
    /* O_NONBLOCK, because open() of a FIFO would wait for a writer. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        snprintf(error, error_size, "%s: cannot open it: %s", path, strerror(errno));
        return false;
    }
    bool done = read_opened(file, path, kind, ret_info, ret_text, error, error_size);
    close(file);
    return done;
}
