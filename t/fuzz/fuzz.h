/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput. libFuzzer drives
 * it in a long run, replay.c with the corpus directory of the same name in every test run. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "sspi_acceptor.h"

/* One input. It lies in a block of exactly `size` octets. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that the parser must keep, in every kind of build. */
#define FUZZ_REQUIRE(condition) fuzz_require((condition), #condition, __FILE__, __LINE__)

static inline void fuzz_require(bool holds, const char *condition, const char *file, int line)
{
    if (!holds) {
        fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
        abort();
    }
}

/* ---- the input, taken apart ---- */

static inline struct sspi_view fuzz_view(const uint8_t *data, size_t size)
{
    return (struct sspi_view){size == 0 ? "" : (const char *)data, size};
}

/* The next octet; 0 at the end. */
static inline uint8_t fuzz_octet(struct sspi_view *from)
{
    if (from->len == 0)
        return 0;
    uint8_t octet = (uint8_t)*from->data++;
    from->len--;
    return octet;
}

/* Little-endian; zeros follow the end. */
static inline uint64_t fuzz_number(struct sspi_view *from, size_t n_octets)
{
    uint64_t number = 0;
    for (size_t i = 0; i < n_octets; i++)
        number |= (uint64_t)fuzz_octet(from) << (8 * i);
    return number;
}

/* The next `len` octets, or what is left. */
static inline struct sspi_view fuzz_take(struct sspi_view *from, size_t len)
{
    struct sspi_view part = {from->data, len < from->len ? len : from->len};
    from->data += part.len;
    from->len -= part.len;
    return part;
}

/* What stands before the next `end`, which is taken too; all that is left when there is none. */
static inline struct sspi_view fuzz_until(struct sspi_view *from, char end)
{
    const char *at = from->len == 0 ? NULL : memchr(from->data, end, from->len);
    struct sspi_view part = fuzz_take(from, at == NULL ? from->len : (size_t)(at - from->data));
    (void)fuzz_take(from, 1);
    return part;
}

/* A copy in a block of its own of exactly that size, so that a sanitizer sees each octet beyond it.
 * The caller frees it. */
static inline void *fuzz_copy(struct sspi_view from)
{
    void *copy = malloc(from.len);
    FUZZ_REQUIRE(copy != NULL || from.len == 0);
    if (from.len > 0)
        memcpy(copy, from.data, from.len);
    return copy;
}

/* ---- properties that many have ---- */

static inline bool fuzz_inside(struct sspi_view part, struct sspi_view whole)
{
    return part.data != NULL && part.data >= whole.data && part.len <= whole.len &&
           (size_t)(part.data - whole.data) <= whole.len - part.len;
}

/* Absent in both, or present in both and equal. */
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

/* A refusal says why, in a line that a log can take as it is. */
static inline void fuzz_check_report(const struct sspi_error_info *error_info,
                                     enum sspi_reason reason)
{
    FUZZ_REQUIRE(error_info->reason == reason && reason != SSPI_REASON_NONE);
    FUZZ_REQUIRE(memchr(error_info->text, '\0', sizeof(error_info->text)) != NULL);
    FUZZ_REQUIRE(error_info->text[0] != '\0' && fuzz_printable(error_info->text));
}

#endif
