/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bytes.h"

static void bytes_grow_and_end_with_a_nul(void **state)
{
    BYTES_CLEANUP struct bytes b = {0};
    size_t len;

    for (int i = 0; i < 1000; i++)
        bytes_append_char(&b, 'x');
    bytes_append_format(&b, "%d-%s", 42, "end");
    bytes_append_text(&b, "!");
    bytes_append_hex(&b, "\x0f\xa0", 2);
    assert_int_equal(bytes_as_view(&b).len, 1011);
    char *text = bytes_steal(&b, &len);
    assert_int_equal(len, 1011);
    assert_string_equal(text + 1000, "42-end!0fa0");
    free(text);
    assert_int_equal(b.len, 0);
    assert_non_null(bytes_as_view(&b).data);
    text = bytes_steal(&b, NULL);
    assert_string_equal(text, "");
    free(text);
}

static void one_octet_over_the_limit_fails_for_ever(void **state)
{
    BYTES_CLEANUP struct bytes b = {.limit = 4};

    bytes_append_text(&b, "abcd");
    assert_false(b.failed);
    bytes_append_char(&b, 'e');
    assert_true(b.failed);
    assert_int_equal(b.len, 4);
    bytes_append(&b, "", 0);
    assert_true(b.failed);
    assert_null(bytes_steal(&b, NULL));
    assert_false(b.failed);
    assert_int_equal(b.limit, 4);
}

static void format_and_hex_keep_the_limit(void **state)
{
    BYTES_CLEANUP struct bytes b = {.limit = 4};
    BYTES_CLEANUP struct bytes c = {.limit = 3};

    bytes_append_format(&b, "%s", "abcde");
    assert_true(b.failed);
    assert_int_equal(b.len, 0);
    bytes_append_hex(&c, "ab", 2);
    assert_true(c.failed);
}

static void views_compare(void **state)
{
    assert_null(bytes_view(NULL).data);
    assert_non_null(bytes_view("").data);
    assert_true(bytes_equal(bytes_view(NULL), bytes_view("")));
    assert_true(bytes_equal(SSPI_VIEW("ab"), SSPI_VIEW("ab")));
    assert_false(bytes_equal(SSPI_VIEW("ab"), SSPI_VIEW("abc")));
    assert_false(bytes_equal(SSPI_VIEW("ab"), SSPI_VIEW("aB")));
    assert_true(bytes_equal_nocase(SSPI_VIEW("Digest"), SSPI_VIEW("dIGEST")));
    assert_false(bytes_equal_nocase(SSPI_VIEW("["), SSPI_VIEW("{")));
    assert_false(bytes_equal_nocase(SSPI_VIEW("a"), SSPI_VIEW("ab")));
    assert_true(bytes_compare(SSPI_VIEW("a"), SSPI_VIEW("a\xFF")) < 0);
    assert_true(bytes_compare(SSPI_VIEW("b"), SSPI_VIEW("a\xFF")) > 0);
    assert_true(bytes_compare(SSPI_VIEW("a\xFF"), SSPI_VIEW("ab")) > 0);
    assert_true(bytes_compare(SSPI_VIEW("A"), SSPI_VIEW("a")) < 0);
    assert_int_equal(bytes_compare(SSPI_VIEW(""), (struct sspi_view){NULL, 0}), 0);
    assert_int_equal(bytes_compare_nocase(SSPI_VIEW("aB\xFF"), SSPI_VIEW("Ab\xFF")), 0);
    assert_true(bytes_compare_nocase(SSPI_VIEW("a"), SSPI_VIEW("Bc")) < 0);
    assert_true(bytes_compare_nocase(SSPI_VIEW("bcd"), SSPI_VIEW("BC")) > 0);
    assert_true(bytes_compare_nocase(SSPI_VIEW("["), SSPI_VIEW("{")) < 0);
    assert_true(bytes_equal_secret(SSPI_VIEW("secret"), SSPI_VIEW("secret")));
    assert_false(bytes_equal_secret(SSPI_VIEW("secret"), SSPI_VIEW("secreT")));
    assert_false(bytes_equal_secret(SSPI_VIEW("a"), SSPI_VIEW("")));
    assert_true(bytes_equal_secret(SSPI_VIEW(""), bytes_view(NULL)));
}

static void secrets_of_any_length_are_compared(void **state)
{
    char one[40], other[40];
    memset(one, 'x', sizeof(one));
    memset(other, 'x', sizeof(other));
    for (size_t len = 0; len <= sizeof(one); len++) {
        const struct sspi_view a = {one, len}, b = {other, len};
        assert_true(bytes_equal_secret(a, b));
        for (size_t at = 0; at < sizeof(one); at++) {
            other[at] ^= (char)(1 << at % 8);
            assert_int_equal(bytes_equal_secret(a, b), at >= len);
            other[at] = 'x';
        }
    }
}

static void wipe_accepts_no_memory_and_clears_memory(void **state)
{
    char secret[4] = "abc";

    bytes_wipe(NULL, 0);
    bytes_wipe(secret, sizeof(secret));
    assert_memory_equal(secret, "\0\0\0", 4);
}

static void numbers_are_read_as_little_endian(void **state)
{
    static const unsigned char octets[] = {0x81, 0x02, 0x03, 0xF4, 0x05, 0x06, 0x07, 0xF8};
    assert_int_equal(bytes_read_u16(octets), 0x0281);
    assert_int_equal(bytes_read_u16(octets + 2), 0xF403);
    assert_true(bytes_read_u32(octets) == 0xF4030281u);
    assert_true(bytes_read_u64(octets) == UINT64_C(0xF8070605F4030281));
}

static void assert_decimal(uint64_t number, const char *expected)
{
    char digits[BYTES_DECIMAL_MAX];
    size_t len = bytes_write_decimal(number, digits);
    assert_true(bytes_equal((struct sspi_view){digits, len}, bytes_view(expected)));
}

static void decimal_numbers_have_no_leading_zero(void **state)
{
    assert_decimal(0, "0");
    assert_decimal(9, "9");
    assert_decimal(10, "10");
    assert_decimal(1003, "1003");
    assert_decimal(UINT64_MAX, "18446744073709551615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_grow_and_end_with_a_nul),
        cmocka_unit_test(one_octet_over_the_limit_fails_for_ever),
        cmocka_unit_test(format_and_hex_keep_the_limit),
        cmocka_unit_test(views_compare),
        cmocka_unit_test(secrets_of_any_length_are_compared),
        cmocka_unit_test(wipe_accepts_no_memory_and_clears_memory),
        cmocka_unit_test(numbers_are_read_as_little_endian),
        cmocka_unit_test(decimal_numbers_have_no_leading_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
