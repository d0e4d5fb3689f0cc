/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store_groups_parse.h"

/* Writes the lines as "number:group[member][member]", one after the other. */
static void read_lines(const char *input, size_t len, struct bytes *to)
{
    char text[512];
    assert_true(len <= sizeof(text));
    memcpy(text, input, len);
    struct store_groups_text rest = {text, len, 0};
    struct store_groups_line line;
    struct sspi_view member;
    while (store_groups_parse_line(&rest, &line)) {
        bytes_append_format(to, "%u:%.*s", line.number, (int)line.group.len, line.group.data);
        while (store_groups_parse_member(&line, &member))
            bytes_append_format(to, "[%.*s]", (int)member.len, member.data);
    }
    bytes_append_char(to, '\0');
    assert_false(to->failed);
}

static void expect(const char *text, const char *lines)
{
    BYTES_CLEANUP struct bytes got = {0};
    read_lines(text, strlen(text), &got);
    assert_string_equal(got.data, lines);
}

static void a_line_names_a_group_and_its_members(void **unused)
{
    expect("", "");
    expect("g: a b\n", "1:g[a][b]");
    expect("g: a b", "1:g[a][b]");
    expect("g:a\nh:b\n", "1:g[a]2:h[b]");
    expect("g:\n", "1:g");
    expect("g\n", "1:g");
    expect("g a b\n", "1:g a b");
}

static void blanks_separate_and_surround(void **unused)
{
    expect("  g \t : \t a\v\fb \r\n", "1:g[a][b]");
    expect("domain users : a\n", "1:domain users[a]");
    expect(" \n\t\r\n\r\n  g: a\n", "4:g[a]");
}

static void comments_and_empty_lines_are_skipped(void **unused)
{
    expect("# g: a\n\n  # h: b\ni: c # d\n", "4:i[c][#][d]");
    expect("# g: a \\\nh: b\ni: c\n", "3:i[c]");
}

static void the_name_ends_at_the_first_colon(void **unused)
{
    expect("g: digest:a b:c\n", "1:g[digest:a][b:c]");
    expect("g::: a\n", "1:g[a]");
    expect("g: : a\n", "1:g[:][a]");
    expect(": a\n", "1:[a]");
    expect("\"g h\": a\n", "1:\"g h\"[a]"); /* only members are quoted */
}

static void a_member_may_be_quoted(void **unused)
{
    expect("g: \"a b\" 'c d'\n", "1:g[a b][c d]");
    expect("g: \"a'b\" 'c\"d'\n", "1:g[a'b][c\"d]");
    expect("g: \"a\"b 'c'\"d\"\n", "1:g[a][b][c][d]");
    expect("g: \"\" '' a\n", "1:g[][][a]");
    expect("g: a\"b c\"\n", "1:g[a\"b][c\"]");
    expect("g: \"a b\nh: c\n", "1:g[a b]2:h[c]"); /* the quote is not closed */
    expect("g: a \"\n", "1:g[a][]");
}

static void a_backslash_escapes_the_quote_and_itself(void **unused)
{
    expect("g: EXAMPLE\\alice\n", "1:g[EXAMPLE\\alice]");
    expect("g: EXAMPLE\\\\alice\n", "1:g[EXAMPLE\\alice]");
    expect("g: \"EXAMPLE\\a b\" 'EXAMPLE\\\\a b'\n", "1:g[EXAMPLE\\a b][EXAMPLE\\a b]");
    expect("g: \"a\\\"b\" 'a\\'b'\n", "1:g[a\"b][a'b]");
    expect("g: \"a\\'b\" 'a\\\"b'\n", "1:g[a\\'b][a\\\"b]");
    expect("g: a\\\"b \\'c\n", "1:g[a\\\"b][\\'c]");
    expect("g: \"a\\\\\" b\n", "1:g[a\\][b]");
    expect("g: \"a\\\" b\n", "1:g[a\" b]");
    expect("g: a\\ b\n", "1:g[a\\][b]");
    expect("g: a\\\\\\b\n", "1:g[a\\\\b]");
}

static void a_backslash_before_the_line_break_continues_the_line(void **unused)
{
    expect("g: a \\\n b\nh: c\n", "1:g[a][b]3:h[c]");
    expect("g: al\\\nice\n", "1:g[alice]");
    expect("g: a \\\r\nb\n", "1:g[a][b]");
    expect("gro\\\nup\\\n: a\n", "1:group[a]");
    expect("g: a \\\n# b\n", "1:g[a][#][b]");
    expect("g: \"a \\\nb\"\n", "1:g[a b]");
    expect("g: a\\\\\nb\n", "1:g[a\\b]"); /* the second backslash continues the line */
    expect("g: a\\", "1:g[a\\]");
    expect("g: a\\\n", "1:g[a]");
    expect("g: a\\ \nh: b\n", "1:g[a\\]2:h[b]");
    expect("\\\n\\\n\\\ng: a\nh: b\n", "1:g[a]5:h[b]");
}

static void octets_beyond_ascii_are_no_blanks(void **unused)
{
    expect("g: J\xc3\xbcrgen\xc2\xa0x \x85\n", "1:g[J\xc3\xbcrgen\xc2\xa0x][\x85]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_names_a_group_and_its_members),
        cmocka_unit_test(blanks_separate_and_surround),
        cmocka_unit_test(comments_and_empty_lines_are_skipped),
        cmocka_unit_test(the_name_ends_at_the_first_colon),
        cmocka_unit_test(a_member_may_be_quoted),
        cmocka_unit_test(a_backslash_escapes_the_quote_and_itself),
        cmocka_unit_test(a_backslash_before_the_line_break_continues_the_line),
        cmocka_unit_test(octets_beyond_ascii_are_no_blanks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
