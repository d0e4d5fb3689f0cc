/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fold.h"

static void upper_case_keeps_the_number_of_characters(void **state)
{
    static const struct {
        const char *text, *upper;
    } all[] = {
        {"", ""},
        {"alice", "ALICE"},
        {"ALICE-42 @\\", "ALICE-42 @\\"},
        {"j\xc3\xb6rg", "J\xc3\x96RG"},
        {"\xc3\xbf", "\xc5\xb8"}, /* y with diaeresis */
        {"stra\xc3\x9f"
         "e",
         "STRA\xc3\x9f"
         "E"},                                    /* sharp s is unchanged */
        {"\xcf\x83\xcf\x82", "\xce\xa3\xce\xa3"}, /* both small sigmas */
        {"\xd0\xb8\xd0\xb2", "\xd0\x98\xd0\x92"}, /* Cyrillic */
        {"\xef\xac\x81", "\xef\xac\x81"}, /* the ligature fi has no upper case of one character */
        {"\xf0\x90\x90\xa8", "\xf0\x90\x90\x80"}, /* outside the first plane */
        {"\xc9\x90", "\xe2\xb1\xaf"},             /* more octets in upper case */
        {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac"},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        BYTES_CLEANUP struct bytes upper = {0};
        bytes_append_text(&upper, "before ");
        assert_true(fold_upper(&upper, bytes_view(all[i].text)));
        struct sspi_view behind = bytes_as_view(&upper);
        behind.data += 7;
        behind.len -= 7;
        assert_true(bytes_equal(behind, bytes_view(all[i].upper)));
    }
}

static void a_nul_is_a_character(void **state)
{
    BYTES_CLEANUP struct bytes upper = {0};
    assert_true(fold_upper(&upper, SSPI_VIEW("a\0b")));
    assert_true(bytes_equal(bytes_as_view(&upper), SSPI_VIEW("A\0B")));
}

static void text_that_is_not_utf_8_is_refused(void **state)
{
    static const char *const all[] = {"\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80",
                                      "\xf4\x90\x80\x80"};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        BYTES_CLEANUP struct bytes upper = {0};
        assert_false(fold_upper(&upper, bytes_view(all[i])));
    }
}

static void a_full_buffer_is_an_error(void **state)
{
    BYTES_CLEANUP struct bytes upper = {.limit = 3};
    assert_false(fold_upper(&upper, SSPI_VIEW("abcd")));
    assert_true(upper.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upper_case_keeps_the_number_of_characters),
        cmocka_unit_test(a_nul_is_a_character),
        cmocka_unit_test(text_that_is_not_utf_8_is_refused),
        cmocka_unit_test(a_full_buffer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
