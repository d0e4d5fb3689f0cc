/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nfc.h"

/* Converts a copy without a NUL, so that the address sanitizer detects a read beyond the text. */
static bool convert(struct bytes *to, struct sspi_view text)
{
    char *copy = malloc(text.len + (text.len == 0));
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    bool done = nfc_append(to, (struct sspi_view){copy, text.len});
    free(copy);
    return done;
}

static void assert_nfc(struct sspi_view text, struct sspi_view want)
{
    BYTES_CLEANUP struct bytes got = {0};
    assert_true(convert(&got, text));
    assert_int_equal(got.len, want.len);
    assert_memory_equal(bytes_as_view(&got).data, want.data, want.len);
}

#define ASSERT_NFC(text, want) assert_nfc(SSPI_VIEW(text), SSPI_VIEW(want))

static void both_spellings_become_one(void **state)
{
    ASSERT_NFC("Jose\xcc\x81", "Jos\xc3\xa9");
    ASSERT_NFC("Jos\xc3\xa9", "Jos\xc3\xa9");
    /* The user of RFC 7616 3.9.2, with a decomposed a-umlaut. */
    ASSERT_NFC("Ja\xcc\x88s\xc3\xb8n Doe", "J\xc3\xa4s\xc3\xb8n Doe");
    /* A letter with two marks in both orders: U+1E69. */
    ASSERT_NFC("s\xcc\xa3\xcc\x87", "\xe1\xb9\xa9");
    ASSERT_NFC("s\xcc\x87\xcc\xa3", "\xe1\xb9\xa9");
    /* Marks that do not compose are sorted: q, dot below, dot above. */
    ASSERT_NFC("q\xcc\x87\xcc\xa3", "q\xcc\xa3\xcc\x87");
}

static void hangul_is_composed(void **state)
{
    /* U+1112 U+1161 U+11AB: the syllable U+D55C. */
    ASSERT_NFC("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c");
    /* A syllable without a final consonant, followed by one. */
    ASSERT_NFC("\xed\x95\x98\xe1\x86\xab", "\xed\x95\x9c");
    ASSERT_NFC("\xed\x95\x9c", "\xed\x95\x9c");
    /* U+11A7 is not a consonant. Characters after it do not compose with a syllable before it. */
    ASSERT_NFC("\xed\x95\x98\xe1\x86\xa7", "\xed\x95\x98\xe1\x86\xa7");
    ASSERT_NFC("\xe1\x86\xa7"
               "e\xcc\x81"
               "\xe1\x86\xa7\xcc\x87\xcc\xa3",
               "\xe1\x86\xa7\xc3\xa9\xe1\x86\xa7\xcc\xa3\xcc\x87");
}

static void singletons_are_replaced(void **state)
{
    ASSERT_NFC("\xe2\x84\xab", "\xc3\x85"); /* the Angstrom sign U+212B is U+00C5 */
    ASSERT_NFC("\xe2\x84\xaa", "K");        /* the Kelvin sign U+212A */
}

/* UAX #15's composition exclusions: NFC decomposes these. */
static void composition_exclusions_stay_decomposed(void **state)
{
    ASSERT_NFC("\xe0\xa5\x98", "\xe0\xa4\x95\xe0\xa4\xbc");
    ASSERT_NFC("\xe0\xa4\x95\xe0\xa4\xbc", "\xe0\xa4\x95\xe0\xa4\xbc");
    /* U+1D160 becomes three characters; no other character grows by more: it has 4 octets before
     * and 12 after. */
    ASSERT_NFC("\xf0\x9d\x85\xa0", "\xf0\x9d\x85\x98\xf0\x9d\x85\xa5\xf0\x9d\x85\xae");
}

/* NFC, not NFKC: compatibility characters of a password are unchanged. */
static void compatibility_forms_stay(void **state)
{
    ASSERT_NFC("\xef\xac\x81 \xc2\xb2 \xef\xbc\xa1", "\xef\xac\x81 \xc2\xb2 \xef\xbc\xa1");
    ASSERT_NFC("\xc2\xad\xe2\x80\x8d",
               "\xc2\xad\xe2\x80\x8d"); /* invisible characters are not removed */
    ASSERT_NFC("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
}

static void nul_empty_text_and_earlier_text_are_kept(void **state)
{
    ASSERT_NFC("", "");
    ASSERT_NFC("a\0e\xcc\x81\0z", "a\0\xc3\xa9\0z");
    ASSERT_NFC("a\0z", "a\0z");
    assert_nfc((struct sspi_view){NULL, 0}, SSPI_VIEW(""));
    BYTES_CLEANUP struct bytes to = {0};
    bytes_append_text(&to, "e");
    /* The appended text does not compose with the text before it. */
    assert_true(convert(&to, SSPI_VIEW("\xcc\x81")));
    assert_true(bytes_equal(bytes_as_view(&to), SSPI_VIEW("e\xcc\x81")));
}

static void text_that_is_not_utf8_is_refused(void **state)
{
    static const char *const bad[] = {"\xe9",         "Jos\xe9",         "e\xcc",
                                      "\xc0\xaf",     "\xed\xa0\x80",    "\xf4\x90\x80\x80",
                                      "\xc3\xa9\xff", "\x80\xc3\xa9 end"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        BYTES_CLEANUP struct bytes to = {0};
        assert_false(convert(&to, bytes_view(bad[i])));
        assert_int_equal(to.len, 0);
    }
}

static struct sspi_view marks(char *text, size_t len)
{
    static const char pattern[] = "\xcc\x87\xcc\xa3"; /* always in the wrong order */
    for (size_t i = 0; i < len; i++)
        text[i] = pattern[i % 4];
    return (struct sspi_view){text, len};
}

static void lengths_have_a_limit(void **state)
{
    static char text[NFC_LIMIT + 2];
    BYTES_CLEANUP struct bytes to = {0};
    assert_true(nfc_append(&to, marks(text, NFC_LIMIT)));
    assert_int_equal(to.len, NFC_LIMIT);
    assert_false(nfc_append(&to, marks(text, NFC_LIMIT + 2)));
    assert_int_equal(to.len, NFC_LIMIT);
    /* A text of only ASCII is copied, so it has no limit. */
    memset(text, 'a', sizeof text);
    assert_true(nfc_append(&to, (struct sspi_view){text, sizeof text}));
    assert_int_equal(to.len, NFC_LIMIT + sizeof text);

    struct bytes small = {.limit = 3};
    assert_false(nfc_append(&small, SSPI_VIEW("e\xcc\x81\xc3\xa9")));
    assert_true(small.failed);
    bytes_free(&small);
}

static void ascii_is_plain(void **state)
{
    assert_true(nfc_is_plain(SSPI_VIEW("")));
    assert_true(nfc_is_plain(SSPI_VIEW("a\0\x7f")));
    assert_false(nfc_is_plain(SSPI_VIEW("a\x80")));
    assert_false(nfc_is_plain(SSPI_VIEW("\xc3\xa9")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_spellings_become_one),
        cmocka_unit_test(hangul_is_composed),
        cmocka_unit_test(singletons_are_replaced),
        cmocka_unit_test(composition_exclusions_stay_decomposed),
        cmocka_unit_test(compatibility_forms_stay),
        cmocka_unit_test(nul_empty_text_and_earlier_text_are_kept),
        cmocka_unit_test(text_that_is_not_utf8_is_refused),
        cmocka_unit_test(lengths_have_a_limit),
        cmocka_unit_test(ascii_is_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
