/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hex.h"

static void files_may_have_both_cases_and_responses_only_lower_case(void **state)
{
    unsigned char out[2];

    assert_true(hex_decode_lower(SSPI_VIEW("0afe"), out, 2));
    assert_memory_equal(out, "\x0a\xfe", 2);
    assert_true(hex_decode(SSPI_VIEW("0AfE"), out, 2));
    assert_memory_equal(out, "\x0a\xfe", 2);
    assert_false(hex_decode_lower(SSPI_VIEW("0AfE"), out, 2));
}

static void wrong_length_and_wrong_digits_are_refused(void **state)
{
    unsigned char out[2];

    assert_false(hex_decode(SSPI_VIEW("0af"), out, 2));
    assert_false(hex_decode(SSPI_VIEW("0afe0"), out, 2));
    assert_false(hex_decode(SSPI_VIEW("0afe00"), out, 2));
    assert_false(hex_decode(SSPI_VIEW(""), out, 2));
    assert_false(hex_decode(SSPI_VIEW("0afg"), out, 2));
    assert_false(hex_decode(SSPI_VIEW("0a e"), out, 2));
    assert_false(hex_decode(SSPI_VIEW("0a`e"), out, 2));
    assert_false(hex_decode(SSPI_VIEW("0a\0e"), out, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_may_have_both_cases_and_responses_only_lower_case),
        cmocka_unit_test(wrong_length_and_wrong_digits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
