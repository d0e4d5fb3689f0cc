/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "field.h"

static void only_tchars_belong_to_a_token(void **state)
{
    static const char others[] = "\"(),/:;<=>?@[\\]{} \t\x7f";

    for (int c = 0; c < 256; c++) {
        bool is_other = c <= 0x20 || c >= 0x7f || strchr(others, c) != NULL;
        assert_true(field_is_token_char((char)c) == !is_other);
    }
}

/* RFC 9110 11.2. */
static void a_token68_ends_with_its_padding(void **state)
{
    const struct sspi_view good[] = {SSPI_VIEW("a"), SSPI_VIEW("aZ09-._~+/"), SSPI_VIEW("YII="),
                                     SSPI_VIEW("a====")};
    const struct sspi_view bad[] = {SSPI_VIEW(""),    SSPI_VIEW("="),    SSPI_VIEW("a=b"),
                                    SSPI_VIEW("a b"), SSPI_VIEW("a,b"),  SSPI_VIEW("\"a\""),
                                    SSPI_VIEW("a\0"), SSPI_VIEW("\xe4"), SSPI_VIEW("a= ")};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(field_is_token68(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(field_is_token68(bad[i]));
}

static void blanks_and_tabs_are_removed_at_both_ends(void **state)
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
        cmocka_unit_test(only_tchars_belong_to_a_token),
        cmocka_unit_test(a_token68_ends_with_its_padding),
        cmocka_unit_test(blanks_and_tabs_are_removed_at_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
