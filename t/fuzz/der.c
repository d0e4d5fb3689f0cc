/* SPDX-License-Identifier: Apache-2.0 */
/* Drives der_at, der_take, der_take_explicit, der_integer, der_append and der_wrap.
 *  - A taken element lies inside the input, and the reader continues directly after it.
 *  - A refusal changes nothing.
 *  - A taken element is written again as the same octets, and so is each number: DER has one form.
 * The target enters constructed elements to a depth of LEVELS. */
#include "der.h"

#include "fuzz.h"

#define LEVELS 8

/* Writes the shortest two's complement form, independently of der_integer(). */
static void append_integer(struct bytes *to, int64_t value)
{
    size_t n = 1;
    while (n < 8 && (value < -(INT64_C(1) << (8 * n - 1)) || value >= INT64_C(1) << (8 * n - 1)))
        n++;
    while (n-- > 0)
        bytes_append_char(to, (char)(uint8_t)((uint64_t)value >> (8 * n)));
}

static void check_integer(struct sspi_view content)
{
    BYTES_CLEANUP struct bytes again = {0};
    int64_t value;
    if (!der_integer(content, &value))
        return;
    append_integer(&again, value);
    FUZZ_REQUIRE(bytes_equal(bytes_as_view(&again), content));
}

static void check_written_again(struct sspi_view whole, uint8_t tag, struct sspi_view content)
{
    BYTES_CLEANUP struct bytes appended = {0};
    BYTES_CLEANUP struct bytes wrapped = {0};
    der_append(&appended, tag, content);
    FUZZ_REQUIRE(!appended.failed && bytes_equal(bytes_as_view(&appended), whole));
    bytes_append_char(&wrapped, 'x');
    bytes_append_view(&wrapped, content);
    der_wrap(&wrapped, 1, tag);
    struct sspi_view behind = bytes_as_view(&wrapped);
    FUZZ_REQUIRE(!wrapped.failed && fuzz_octet(&behind) == 'x' && bytes_equal(behind, whole));
}

static void check_explicit(struct sspi_view from, uint8_t tag, struct sspi_view content)
{
    struct sspi_view rest = from;
    struct sspi_view inner;
    uint8_t inner_tag = content.len > 0 ? (uint8_t)content.data[0] : 0;
    if (!der_take_explicit(&rest, tag, inner_tag, &inner)) {
        FUZZ_REQUIRE(rest.data == from.data && rest.len == from.len);
        return;
    }
    FUZZ_REQUIRE(fuzz_inside(inner, content));
    FUZZ_REQUIRE(inner.data + inner.len == content.data + content.len);
    FUZZ_REQUIRE(rest.data == content.data + content.len);
}

static void walk(struct sspi_view from, unsigned int level)
{
    while (from.len > 0) {
        uint8_t tag = (uint8_t)from.data[0];
        struct sspi_view before = from;
        struct sspi_view content;
        FUZZ_REQUIRE(der_at(from, tag) && !der_at(from, (uint8_t)(tag ^ 1)));
        FUZZ_REQUIRE(!der_take(&from, (uint8_t)(tag ^ 1), &content));
        bool taken = der_take(&from, tag, &content);
        if (!taken) {
            FUZZ_REQUIRE(from.data == before.data && from.len == before.len);
            return;
        }
        FUZZ_REQUIRE(fuzz_inside(content, before) && fuzz_inside(from, before));
        FUZZ_REQUIRE(content.data + content.len == from.data);
        FUZZ_REQUIRE(from.data + from.len == before.data + before.len);
        check_written_again((struct sspi_view){before.data, before.len - from.len}, tag, content);
        check_integer(content);
        check_explicit(before, tag, content);
        if ((tag & 0x20) != 0 && level < LEVELS)
            walk(content, level + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    walk(fuzz_view(data, size), 0);
    return 0;
}
