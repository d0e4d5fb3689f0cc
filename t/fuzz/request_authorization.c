/* SPDX-License-Identifier: Apache-2.0 */
/* Drives request_authorization_split.
 *  - The parts lie inside the value, the scheme before the rest.
 *  - The scheme is a token. The rest has no blank at its ends and no control character.
 *  - "scheme rest" is split into the same parts again.
 *  - The result is EMPTY for only blanks and TOO_LARGE for a value over the limit, and for no other
 *    value. */
#include "request_authorization.h"

#include "fuzz.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool all_blank(struct sspi_view text)
{
    size_t i = 0;
    while (i < text.len && is_blank(text.data[i]))
        i++;
    return i == text.len;
}

static void check_parts(struct sspi_view value, const struct request_authorization *split)
{
    FUZZ_REQUIRE(fuzz_inside(split->scheme, value) && fuzz_inside(split->rest, value));
    FUZZ_REQUIRE(split->scheme.len > 0);
    FUZZ_REQUIRE(split->rest.data >= split->scheme.data + split->scheme.len);
    for (size_t i = 0; i < split->scheme.len; i++) {
        char c = split->scheme.data[i];
        FUZZ_REQUIRE(c > ' ' && c < 0x7F && strchr("()<>@,;:\\\"/[]?={}", c) == NULL);
    }
    size_t len = split->rest.len;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)split->rest.data[i];
        FUZZ_REQUIRE((c >= 0x20 || c == '\t') && c != 0x7F);
    }
    FUZZ_REQUIRE(len == 0 ||
                 (!is_blank(split->rest.data[0]) && !is_blank(split->rest.data[len - 1])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view value = fuzz_view(data, size);
    struct request_authorization split;
    struct request_authorization again;
    enum request_authorization_status status = request_authorization_split(value, &split);
    FUZZ_REQUIRE((status == REQUEST_AUTHORIZATION_TOO_LARGE) ==
                 (size > REQUEST_AUTHORIZATION_LIMIT));
    FUZZ_REQUIRE((status == REQUEST_AUTHORIZATION_EMPTY) ==
                 (size <= REQUEST_AUTHORIZATION_LIMIT && all_blank(value)));
    if (status != REQUEST_AUTHORIZATION_OK)
        return 0;
    check_parts(value, &split);
    BYTES_CLEANUP struct bytes joined = {0};
    bytes_append_view(&joined, split.scheme);
    bytes_append_char(&joined, ' ');
    bytes_append_view(&joined, split.rest);
    FUZZ_REQUIRE(request_authorization_split(bytes_as_view(&joined), &again) ==
                 REQUEST_AUTHORIZATION_OK);
    FUZZ_REQUIRE(bytes_equal(again.scheme, split.scheme) && bytes_equal(again.rest, split.rest));
    return 0;
}
