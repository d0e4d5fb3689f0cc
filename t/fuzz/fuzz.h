/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that all fuzz targets use. A target is one file with LLVMFuzzerTestOneInput. A long
 * run calls it through libFuzzer. Every test run calls it through replay.c, with the files of the
 * corpus directory of the same name. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "sspi_acceptor.h"

/* Tests one input, in a block of exactly `size` octets. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts if a property does not hold, in every kind of build. */
#define FUZZ_REQUIRE(condition) fuzz_require((condition), #condition, __FILE__, __LINE__)

static inline void fuzz_require(bool holds, const char *condition, const char *file, int line)
{
    if (!holds) {
        fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
        abort();
    }
}

/* ---- reading the input ---- */

static inline struct sspi_view fuzz_view(const uint8_t *data, size_t size)
{
    return (struct sspi_view){size == 0 ? "" : (const char *)data, size};
}

/* Returns the next octet, and 0 at the end. */
static inline uint8_t fuzz_octet(struct sspi_view *from)
{
    if (from->len == 0)
        return 0;
    uint8_t octet = (uint8_t)*from->data++;
    from->len--;
    return octet;
}

/* Returns a little-endian number; zeros follow the end. */
static inline uint64_t fuzz_number(struct sspi_view *from, size_t n_octets)
{
    uint64_t number = 0;
    for (size_t i = 0; i < n_octets; i++)
        number |= (uint64_t)fuzz_octet(from) << (8 * i);
    return number;
}

/* Takes the next `len` octets, or all that are left. */
static inline struct sspi_view fuzz_take(struct sspi_view *from, size_t len)
{
    struct sspi_view part = {from->data, len < from->len ? len : from->len};
    from->data += part.len;
    from->len -= part.len;
    return part;
}

/* Takes the octets before the next `end`, and the `end`; all that are left if there is no `end`. */
static inline struct sspi_view fuzz_until(struct sspi_view *from, char end)
{
    const char *at = from->len == 0 ? NULL : memchr(from->data, end, from->len);
    struct sspi_view part = fuzz_take(from, at == NULL ? from->len : (size_t)(at - from->data));
    (void)fuzz_take(from, 1);
    return part;
}

/* Copies a view to a block of exactly its size, so that the sanitizer detects each read beyond it.
 * The caller frees the block. */
static inline void *fuzz_copy(struct sspi_view from)
{
    void *copy = malloc(from.len);
    FUZZ_REQUIRE(copy != NULL || from.len == 0);
    if (from.len > 0)
        memcpy(copy, from.data, from.len);
    return copy;
}

/* ---- properties of several targets ---- */

static inline bool fuzz_inside(struct sspi_view part, struct sspi_view whole)
{
    return part.data != NULL && part.data >= whole.data && part.len <= whole.len &&
           (size_t)(part.data - whole.data) <= whole.len - part.len;
}

/* True if both are absent, or both are present and equal. */
static inline bool fuzz_same(struct sspi_view a, struct sspi_view b)
{
    return (a.data == NULL) == (b.data == NULL) && bytes_equal(a, b);
}

static inline bool fuzz_printable(const char *text)
{
    while (*text >= 0x20 && *text < 0x7F)
        text++;
    return *text == '\0';
}

/* Checks that a refusal has a reason and a text that is printable in a log line. */
static inline void fuzz_check_error_info(const struct sspi_error_info *error_info,
                                         enum sspi_reason reason)
{
    FUZZ_REQUIRE(error_info->reason == reason && reason != SSPI_REASON_NONE);
    FUZZ_REQUIRE(memchr(error_info->text, '\0', sizeof(error_info->text)) != NULL);
    FUZZ_REQUIRE(error_info->text[0] != '\0' && fuzz_printable(error_info->text));
}

#endif
