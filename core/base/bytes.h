/* SPDX-License-Identifier: Apache-2.0 */
/* Views and growing byte strings: the two forms in which core handles octets. Pure: no globals, no
 * clock, no files. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "sspi_view.h"

#define MUST_USE __attribute__((warn_unused_result))

/* ---- views ---- */

/* The view of a NUL-terminated string; NULL gives the absent view. Borrows `text`. */
struct sspi_view bytes_view(const char *text);

bool bytes_equal(struct sspi_view a, struct sspi_view b);

/* ASCII letters compare without case; every other octet must be the same. */
bool bytes_equal_nocase(struct sspi_view a, struct sspi_view b);

/* Compares in time that depends on the lengths only. Different lengths are unequal at once: do not
 * use it where the length itself is secret. */
bool bytes_equal_secret(struct sspi_view a, struct sspi_view b);

/* Overwrites memory in a way the compiler cannot drop. NULL with length 0 is fine. */
void bytes_wipe(void *memory, size_t len);

/* ---- growing byte string ---- */

/* Zero-initialise it. `failed` sticks once memory ran out (or `limit` was passed, when it is not
 * 0): write freely, check once at the end. The memory is wiped when it is freed or moved. */
struct bytes {
    char *data;
    size_t len;
    size_t capacity;
    size_t limit;
    bool failed;
};

void bytes_append(struct bytes *to, const void *data, size_t len);
void bytes_append_view(struct bytes *to, struct sspi_view what);
void bytes_append_text(struct bytes *to, const char *text);
void bytes_append_char(struct bytes *to, char what);
void bytes_append_format(struct bytes *to, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends lower-case hexadecimal, two digits an octet. */
void bytes_append_hex(struct bytes *to, const void *data, size_t len);

/* What is in it so far; valid until the next append or free. Never NULL data. */
struct sspi_view bytes_as_view(const struct bytes *from);

/* Moves the contents out: a malloc'ed block with a NUL behind it that the caller frees; NULL when
 * it failed. `from` is empty afterwards and may be used again. ret_len may be NULL. */
char *bytes_steal(struct bytes *from, size_t *ret_len) MUST_USE;

/* Wipes and frees. Leaves a zero-initialised value. */
void bytes_free(struct bytes *from);

/* For __attribute__((cleanup(bytes_free))). */
#define BYTES_CLEANUP __attribute__((cleanup(bytes_free)))

#endif
