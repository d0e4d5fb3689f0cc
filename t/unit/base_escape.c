/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "escape.h"

static void check(struct sspi_view what, size_t max_len, const char *wanted)
{
    char text[64];

    assert_true(max_len < sizeof(text));
    assert_string_equal(escape_text(text, max_len + 1, what), wanted);
}

static void everything_but_plain_ascii_is_escaped(void **state)
{
    check(SSPI_VIEW("plain text"), 60, "plain text");
    check(SSPI_VIEW("\r\n\0\x1b\x7f"), 60, "\\x0d\\x0a\\x00\\x1b\\x7f");
    check(SSPI_VIEW("\"'\\"), 60, "\\x22\\x27\\x5c");
    check(SSPI_VIEW("\xc3\xa4\xff"), 60, "\\xc3\\xa4\\xff");
    check((struct sspi_view){NULL, 0}, 60, "");
}

static void long_text_is_cut_and_marked_never_inside_an_escape(void **state)
{
    check(SSPI_VIEW("abcdef"), 6, "abcdef");
    check(SSPI_VIEW("abcdefg"), 6, "abc...");
    check(SSPI_VIEW("a\nbcdef"), 7, "a...");
    check(SSPI_VIEW("a\nbcdef"), 8, "a\\x0a...");
    check(SSPI_VIEW("abc"), 2, "..");
    check(SSPI_VIEW("abc"), 0, "");
}

static void text_of_the_configuration_stays_as_it_is_if_it_is_printable(void **state)
{
    char text[12];
    assert_string_equal(escape_configured(text, sizeof(text), SSPI_VIEW("A\\b\"'")), "A\\b\"'");
    assert_string_equal(escape_configured(text, sizeof(text), SSPI_VIEW("A\\b\xff")),
                        "A\\x5cb\\xff");
    assert_string_equal(escape_configured(text, 4, SSPI_VIEW("A\\bcd")), "A\\b");
    assert_string_equal(escape_configured(text, 4, (struct sspi_view){NULL, 0}), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_but_plain_ascii_is_escaped),
        cmocka_unit_test(long_text_is_cut_and_marked_never_inside_an_escape),
        cmocka_unit_test(text_of_the_configuration_stays_as_it_is_if_it_is_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
