/* SPDX-License-Identifier: Apache-2.0 */
/* Drives session_cookie_find and session_cookie_strip, first with the input as the value of Cookie,
 * then with a value that is made of the lines of the input.
 *  - Each value that is found lies inside the header, and has no semicolon.
 *  - A stripped header has no cookie of the name. A header without one does not change.
 *  - If cookies are joined by "; ", stripping removes exactly those of the name, byte for byte. */
#include "session_cookie.h"

#include "field.h"
#include "fuzz.h"

static const struct session_cookie cookie = {.name = {"sspi", 4}};
static const struct session_cookie_names names = {.name = {{"sspi", 4}}, .n = 1};

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

static void check_strip(struct sspi_view header, struct sspi_view *ret_stripped, char *to)
{
    bool has = session_cookie_is_in(&names, header);
    *ret_stripped = (struct sspi_view){to, session_cookie_strip(&names, header, to)};
    FUZZ_REQUIRE(ret_stripped->len <= header.len);
    FUZZ_REQUIRE(!session_cookie_is_in(&names, *ret_stripped));
    FUZZ_REQUIRE(has || ret_stripped->len == 0 || bytes_equal(*ret_stripped, header));
}

/* Appends a cookie to a list of them. */
static void append(struct bytes *to, struct sspi_view line)
{
    bytes_append_text(to, to->len == 0 ? "" : "; ");
    bytes_append_view(to, line);
}

static void check_joined(struct sspi_view input)
{
    BYTES_CLEANUP struct bytes all = {0}, others = {0}, to = {0};
    struct sspi_view stripped;
    while (input.len > 0) {
        struct sspi_view line = field_trim(fuzz_until(&input, '\n'));
        if (line.len == 0 || memchr(line.data, ';', line.len) != NULL ||
            memchr(line.data, ',', line.len) != NULL)
            continue;
        append(&all, line);
        if (line.len < 5 || memcmp(line.data, "sspi=", 5) != 0)
            append(&others, line);
    }
    bytes_append_view(&to, bytes_as_view(&all));
    bytes_append_char(&to, '\0');
    check_strip(bytes_as_view(&all), &stripped, to.data);
    FUZZ_REQUIRE(bytes_equal(stripped, bytes_as_view(&others)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view header = fuzz_view(data, size), stripped;
    char *to = malloc(size + (size == 0));
    FUZZ_REQUIRE(to != NULL);
    check_values(header);
    check_strip(header, &stripped, to);
    check_joined(header);
    free(to);
    return 0;
}
