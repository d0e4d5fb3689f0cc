/* SPDX-License-Identifier: Apache-2.0 */
/* Drives session_cookie_find and session_cookie_strip with a value of Cookie.
 *  - Each value that is found lies inside the header, and has no semicolon.
 *  - Stripping removes exactly the cookies of the name. The other parts stay in their order, byte
 *    for byte, apart from blanks at the ends of a part.
 *  - A header without the name does not change. */
#include "session_cookie.h"

#include "field.h"
#include "fuzz.h"

static const struct session_cookie cookie = {.name = {"sspi", 4}};

/* Returns the next part that is neither blank nor a cookie of the name. An absent view: the end. */
static struct sspi_view next_other(struct sspi_view *rest)
{
    while (rest->len > 0) {
        struct sspi_view part = field_trim(fuzz_until(rest, ';'));
        bool ours = part.len > 4 && memcmp(part.data, "sspi=", 5) == 0;
        if (part.len > 0 && !ours)
            return part;
    }
    return (struct sspi_view){NULL, 0};
}

static void check_values(struct sspi_view header)
{
    struct session_cookie_search search = {.rest = header};
    struct sspi_view value;
    unsigned n = 0;
    while (session_cookie_find(&cookie, &search, &value)) {
        FUZZ_REQUIRE(fuzz_inside(value, header));
        FUZZ_REQUIRE(value.len == 0 || memchr(value.data, ';', value.len) == NULL);
        n++;
    }
    FUZZ_REQUIRE(n <= SESSION_COOKIE_TRIES);
}

static void check_stripped(struct sspi_view header, struct sspi_view stripped)
{
    struct sspi_view before = header, after = stripped, part;
    FUZZ_REQUIRE(stripped.len <= header.len);
    FUZZ_REQUIRE(!session_cookie_is_in(&cookie, stripped));
    do {
        part = next_other(&before);
        FUZZ_REQUIRE(fuzz_same(part, next_other(&after)));
    } while (part.data != NULL);
    before = header;
    if (!session_cookie_is_in(&cookie, header) && next_other(&before).data != NULL)
        FUZZ_REQUIRE(bytes_equal(stripped, header));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view header = fuzz_view(data, size);
    char *to = malloc(size + (size == 0));
    FUZZ_REQUIRE(to != NULL);
    check_values(header);
    size_t len = session_cookie_strip(&cookie, header, to);
    check_stripped(header, (struct sspi_view){to, len});
    free(to);
    return 0;
}
