/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bad_names.h"
#include "utf8.h"

static void only_well_formed_utf8_is_valid(void **state)
{
    static const char *const good[] = {"",
                                       "plain",
                                       "J\xc3\xa4s\xc3\xb8n",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x98\x80",
                                       "\xef\xbf\xbd",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc3",
                                      "\xc3(",
                                      "\xc0\xaf",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x80\x80\x80",
                                      "\xe2\x82",
                                      "J\xe4s\xf8n",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xff"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(utf8_valid(bytes_view(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(utf8_valid(bytes_view(bad[i])));
}

static void utf16_is_converted_in_both_directions(void **state)
{
    static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
    BYTES_CLEANUP struct bytes back = {0};
    size_t n_units;
    char16_t *wide = utf8_to_utf16(bytes_view(text), &n_units);

    assert_non_null(wide);
    assert_int_equal(n_units, 5);
    assert_int_equal(wide[4], 0xDE00);
    assert_int_equal(wide[5], 0);
    assert_true(utf8_from_utf16(&back, wide, n_units));
    assert_true(bytes_equal(bytes_as_view(&back), bytes_view(text)));
    free(wide);
    assert_null(utf8_to_utf16(SSPI_VIEW("\xff"), NULL));
}

static void unpaired_surrogates_are_refused(void **state)
{
    static const char16_t alone[][2] = {{0xD83D, 'a'}, {0xDE00, 0xD83D}, {'a', 0xD83D}};

    for (size_t i = 0; i < 3; i++) {
        BYTES_CLEANUP struct bytes out = {0};
        assert_false(utf8_from_utf16(&out, alone[i], 2));
    }
}

static void realm_buffers_must_be_ascii_in_utf16le(void **state)
{
    BYTES_CLEANUP struct bytes out = {0};

    assert_true(utf8_ascii_from_utf16le(&out, SSPI_VIEW("a\0 \0b\0")));
    assert_true(bytes_equal(bytes_as_view(&out), SSPI_VIEW("a b")));
    assert_true(utf8_ascii_from_utf16le(&out, SSPI_VIEW("")));
    assert_false(utf8_ascii_from_utf16le(&out, SSPI_VIEW("a\0b")));
    assert_false(utf8_ascii_from_utf16le(&out, SSPI_VIEW("a\0\0\0b\0")));
    assert_false(utf8_ascii_from_utf16le(&out, SSPI_VIEW("\xe4\0")));
    assert_false(utf8_ascii_from_utf16le(&out, SSPI_VIEW("a\x01")));
}

static void text_that_fits_iso_8859_1_is_converted(void **state)
{
    static const char *const outside[] = {"\xc4\x80", "a\xe2\x82\xac", "\xc3\xbc\xf0\x9f\x98\x80",
                                          "\xfc",     "\xc3\xbc\xc3",  "\xc0\x80"};
    BYTES_CLEANUP struct bytes out = {0};
    BYTES_CLEANUP struct bytes small = {.limit = 1};

    assert_true(utf8_to_latin_1(&out, SSPI_VIEW("")));
    assert_true(utf8_to_latin_1(&out, SSPI_VIEW("a\0~\x7f")));
    assert_true(utf8_to_latin_1(&out, SSPI_VIEW("\xc2\x80\xc3\xbc\xc3\xbf")));
    assert_true(bytes_equal(bytes_as_view(&out), SSPI_VIEW("a\0~\x7f\x80\xfc\xff")));
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
        assert_false(utf8_to_latin_1(&out, bytes_view(outside[i])));
    assert_int_equal(out.len, 7); /* the refused texts appended no octet */
    assert_false(utf8_to_latin_1(&small, SSPI_VIEW("ab")));
}

static void a_name_is_utf8_without_control_characters(void **state)
{
    char storage[BAD_NAME_SIZE];

    for (size_t i = 0; i < N_BAD_NAMES; i++)
        if (utf8_is_name(bad_name(i, storage)))
            fail_msg("bad name %zu passes", i);
    for (size_t i = 0; i < N_GOOD_NAMES; i++)
        assert_true(utf8_is_name(bytes_view(good_names[i])));
    assert_true(utf8_is_name(SSPI_VIEW("")));
    assert_true(utf8_is_name((struct sspi_view){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_well_formed_utf8_is_valid),
        cmocka_unit_test(utf16_is_converted_in_both_directions),
        cmocka_unit_test(unpaired_surrogates_are_refused),
        cmocka_unit_test(realm_buffers_must_be_ascii_in_utf16le),
        cmocka_unit_test(text_that_fits_iso_8859_1_is_converted),
        cmocka_unit_test(a_name_is_utf8_without_control_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
