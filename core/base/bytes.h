/* SPDX-License-Identifier: Apache-2.0 */
/* Views and growing byte strings: the two forms in which the core handles octets. Pure: no globals,
 * no clock, no files. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "sspi_view.h"

#define MUST_USE __attribute__((warn_unused_result))

/* ---- views ---- */

/* Returns the view of a NUL-terminated string, and the absent view for NULL. Borrows `text`. */
struct sspi_view bytes_view(const char *text);

/* Returns an ASCII letter in lower case, and any other octet unchanged, in every locale. */
static inline unsigned char bytes_lower(char octet)
{
    return (unsigned char)(octet >= 'A' && octet <= 'Z' ? octet - 'A' + 'a' : octet);
}

/* An absent view equals an empty one. */
bool bytes_equal(struct sspi_view a, struct sspi_view b);

/* Ignores the case of ASCII letters; all other octets must be equal. */
bool bytes_equal_nocase(struct sspi_view a, struct sspi_view b);

/* Orders texts by their octets: negative, 0 or positive, as memcmp(). A text comes before its
 * continuations. The second one ignores the case of ASCII letters. */
int bytes_compare(struct sspi_view a, struct sspi_view b) MUST_USE;
int bytes_compare_nocase(struct sspi_view a, struct sspi_view b) MUST_USE;

/* Compares in time that depends only on the lengths. It returns at once if the lengths differ, so
 * do not use it where the length is secret. */
bool bytes_equal_secret(struct sspi_view a, struct sspi_view b);

/* Overwrites memory; the compiler cannot remove this. NULL with length 0 is allowed. */
void bytes_wipe(void *memory, size_t len);

/* Writes 2 * len hexadecimal digits in lower case, and no NUL. */
void bytes_write_hex(const void *data, size_t len, char *out);

/* The most digits of a decimal number of 64 bits. */
#define BYTES_DECIMAL_MAX 20

/* Writes at most BYTES_DECIMAL_MAX digits, and no NUL. Returns their number. Requests have such
 * texts, and printf would need most of their time. */
size_t bytes_write_decimal(uint64_t number, char *out);

/* ---- growing byte string ---- */

/* Zero-initialise it. `failed` becomes true when memory runs out or the contents would be longer
 * than `limit` octets (0: no limit), and stays true. So callers append without checks and check
 * `failed` once at the end. The memory is wiped when it is freed or moved. */
struct bytes {
    char *data;
    size_t len;
    size_t capacity;
    size_t limit;
    bool failed;
};

/* Each function appends, or sets to->failed. `data` may be NULL if `len` is 0. `text` is
 * NUL-terminated. */
void bytes_append(struct bytes *to, const void *data, size_t len);
void bytes_append_view(struct bytes *to, struct sspi_view what);
void bytes_append_text(struct bytes *to, const char *text);
void bytes_append_char(struct bytes *to, char what);
void bytes_append_format(struct bytes *to, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends lower-case hexadecimal, two digits for each octet. */
void bytes_append_hex(struct bytes *to, const void *data, size_t len);

/* Borrows the contents; the view is valid until the next append or free. Its data is never NULL. */
struct sspi_view bytes_as_view(const struct bytes *from);

/* Moves the contents into a malloc'ed block with a NUL behind them; the caller frees it. NULL:
 * `from` has failed. `from` is empty afterwards and may be used again. ret_len may be NULL. */
char *bytes_steal(struct bytes *from, size_t *ret_len) MUST_USE;

/* Wipes and frees the memory, which the value has. */
void bytes_free_memory(struct bytes *from);

/* Wipes and frees. Leaves a zero-initialised value. Most values of a request have no memory. */
static inline void bytes_free(struct bytes *from)
{
    if (from->capacity > 0)
        bytes_free_memory(from);
    *from = (struct bytes){0};
}

/* Frees the contents at the end of the variable's scope. */
#define BYTES_CLEANUP __attribute__((cleanup(bytes_free)))

/* Copies the views and their octets into one block that free() frees. *ret_copy is NULL if there
 * are none. False: no memory. */
bool bytes_copy_views(const struct sspi_view *views, size_t n,
                      struct sspi_view **ret_copy) MUST_USE;

/* Read a little-endian number of 2, 4 or 8 octets. The caller has checked that `from` has them.
 * Pure. */
static inline uint16_t bytes_read_u16(const void *from)
{
    const uint8_t *octets = from;
    return (uint16_t)(octets[0] | octets[1] << 8);
}

static inline uint32_t bytes_read_u32(const void *from)
{
    const uint8_t *octets = from;
    return octets[0] | (uint32_t)octets[1] << 8 | (uint32_t)octets[2] << 16 |
           (uint32_t)octets[3] << 24;
}

static inline uint64_t bytes_read_u64(const void *from)
{
    const uint8_t *octets = from;
    return bytes_read_u32(octets) | (uint64_t)bytes_read_u32(octets + 4) << 32;
}

#endif
