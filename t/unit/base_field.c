/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "field.h"

static void only_tchars_are_of_a_token(void **state)
{
    static const char others[] = "\"(),/:;<=>?@[\\]{} \t\x7f";

    for (int c = 0; c < 256; c++) {
        bool is_other = c <= 0x20 || c >= 0x7f || strchr(others, c) != NULL;
        assert_true(field_is_token_char((char)c) == !is_other);
    }
}

static void blanks_and_tabs_go_from_both_ends(void **state)
{
    assert_true(bytes_equal(field_trim(SSPI_VIEW(" \t a b\t ")), SSPI_VIEW("a b")));
    assert_true(bytes_equal(field_trim(SSPI_VIEW("a")), SSPI_VIEW("a")));
    assert_int_equal(field_trim(SSPI_VIEW(" \t ")).len, 0);
    assert_int_equal(field_trim(SSPI_VIEW("")).len, 0);
    assert_true(bytes_equal(field_trim(SSPI_VIEW("\na ")), SSPI_VIEW("\na")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_tchars_are_of_a_token),
        cmocka_unit_test(blanks_and_tabs_go_from_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
