/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "digest_name.h"

static void extended_values_are_read(void **state)
{
    static const char *const values[][2] = {
        /* The examples of RFC 7616 3.9.2 and RFC 8187 3.2.3. */
        {"UTF-8''J%C3%A4s%C3%B8n%20Doe", "J\xc3\xa4s\xc3\xb8n Doe"},
        {"UTF-8''%c2%a3%20and%20%e2%82%ac%20rates", "\xc2\xa3 and \xe2\x82\xac rates"},
        {"utf-8'en'alice", "alice"},
        {"Utf-8'de-DE-1996'%61b", "ab"},
        {"UTF-8''!#$&+-.^_`|~09AZaz", "!#$&+-.^_`|~09AZaz"},
        {"UTF-8''%25%27%22%5C", "%'\"\\"},
        {"UTF-8''%F0%9F%98%80", "\xf0\x9f\x98\x80"},
        {"UTF-8''", ""},
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        BYTES_CLEANUP struct bytes name = {0};
        assert_true(digest_name_append_extended(&name, bytes_view(values[i][0])));
        assert_true(bytes_equal(bytes_as_view(&name), bytes_view(values[i][1])));
    }
}

static void other_extended_values_are_refused(void **state)
{
    static const char *const values[] = {
        "",
        "alice",
        "UTF-8",
        "UTF-8'",
        "UTF-8'en",
        "UTF-8alice",
        "UTF-8'e n'alice",
        "UTF-8'e%41'alice",
        "UTF-8'en_alice",
        "''alice",
        "UTF8''alice",
        "ISO-8859-1''alice",
        "UTF-16''alice",
        "UTF-8''a b",
        "UTF-8''a'b",
        "UTF-8''a\"b",
        "UTF-8''a*b",
        "UTF-8''a(b",
        "UTF-8''a%",
        "UTF-8''a%4",
        "UTF-8''a%4g",
        "UTF-8''a%%41",
        "UTF-8''a% 41",
        "UTF-8''J\xc3\xa4s",
        /* The decoded octets are not UTF-8. */
        "UTF-8''J%E4s",
        "UTF-8''%C0%80",
        "UTF-8''%ED%A0%80",
        "UTF-8''%C3",
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        BYTES_CLEANUP struct bytes name = {0};
        assert_false(digest_name_append_extended(&name, bytes_view(values[i])));
    }
    BYTES_CLEANUP struct bytes name = {0};
    /* Octets after the value do not belong to it. */
    for (size_t len = 0; len < 2; len++)
        assert_false(digest_name_append_extended(
            &name, (struct sspi_view){"UTF-8''%41", sizeof("UTF-8''%") - 1 + len}));
    for (size_t len = 0; len < 7; len++)
        assert_false(digest_name_append_extended(&name, (struct sspi_view){"UTF-8''a", len}));
    assert_false(digest_name_append_extended(&name, SSPI_VIEW("UTF-8''a\0b")));
    assert_false(digest_name_append_extended(&name, SSPI_VIEW("UTF-8'\0'b")));
}

static void octets_before_the_value_are_not_checked(void **state)
{
    BYTES_CLEANUP struct bytes name = {0};

    bytes_append_char(&name, '\xff');
    assert_true(digest_name_append_extended(&name, SSPI_VIEW("UTF-8''z")));
    assert_true(bytes_equal(bytes_as_view(&name), SSPI_VIEW("\xffz")));
}

static void no_memory_is_a_failure(void **state)
{
    BYTES_CLEANUP struct bytes name = {.limit = 2};

    assert_false(digest_name_append_extended(&name, SSPI_VIEW("UTF-8''abc")));
    assert_true(name.failed);
}

static void every_octet_of_latin_1_becomes_its_character(void **state)
{
    for (unsigned c = 1; c < 256; c++) {
        BYTES_CLEANUP struct bytes name = {0};
        const char octet = (char)c;
        const char two[] = {(char)(c < 0xC0 ? 0xC2 : 0xC3), (char)(c < 0xC0 ? c : c - 0x40)};
        digest_name_append_latin_1(&name, (struct sspi_view){&octet, 1});
        assert_true(bytes_equal(bytes_as_view(&name), c < 0x80 ? (struct sspi_view){&octet, 1}
                                                               : (struct sspi_view){two, 2}));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extended_values_are_read),
        cmocka_unit_test(other_extended_values_are_refused),
        cmocka_unit_test(octets_before_the_value_are_not_checked),
        cmocka_unit_test(no_memory_is_a_failure),
        cmocka_unit_test(every_octet_of_latin_1_becomes_its_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
