/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base64.h"

static enum base64_status decode(const char *text, size_t limit, struct bytes *to)
{
    return base64_decode(bytes_view(text), limit, to);
}

static void vectors_of_rfc_4648_are_encoded_and_decoded(void **state)
{
    static const char *const vectors[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };

    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        BYTES_CLEANUP struct bytes text = {0}, plain = {0};
        base64_encode(&text, bytes_view(vectors[i][0]));
        assert_true(bytes_equal(bytes_as_view(&text), bytes_view(vectors[i][1])));
        assert_int_equal(decode(vectors[i][1], 6, &plain), BASE64_OK);
        assert_true(bytes_equal(bytes_as_view(&plain), bytes_view(vectors[i][0])));
    }
}

static void every_form_that_is_not_canonical_is_refused(void **state)
{
    static const char *const wrong[] = {
        "Z",    "Zg",    "Zg=",   "Zm8",    "Zh==",   "Zm9=", "Zg==Zg==", "====", "A===",
        "=AAA", "Zm9v ", " Zm9v", "Zm\n9v", "Zm9v\n", "Zm-_", "Zm9\xc3",  "AA=A", "Zg=a",
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        BYTES_CLEANUP struct bytes plain = {0};
        assert_int_equal(decode(wrong[i], 100, &plain), BASE64_MALFORMED);
        assert_int_equal(plain.len, 0);
    }
}

static void limit_is_reached_and_one_more_octet_is_too_large(void **state)
{
    BYTES_CLEANUP struct bytes plain = {0};

    assert_int_equal(decode("Zm9vYg==", 3, &plain), BASE64_TOO_LARGE);
    assert_int_equal(plain.len, 0);
    assert_int_equal(decode("Zm9vYg==", 4, &plain), BASE64_OK);
}

static void large_tokens_are_encoded_and_decoded_whole(void **state)
{
    BYTES_CLEANUP struct bytes octets = {0}, text = {0}, back = {0};

    for (int i = 0; i < 65536; i++)
        bytes_append_char(&octets, (char)(i * 7 + i / 256));
    base64_encode(&text, bytes_as_view(&octets));
    assert_int_equal(base64_decode(bytes_as_view(&text), 65536, &back), BASE64_OK);
    assert_true(bytes_equal(bytes_as_view(&octets), bytes_as_view(&back)));
}

static void url_form_has_no_padding_and_another_alphabet(void **state)
{
    char text[5] = "";
    unsigned char back[3];

    base64_url_encode("\xfb\xff\xfe", 3, text);
    assert_string_equal(text, "-__-");
    assert_true(base64_url_decode(SSPI_VIEW("-__-"), back, 3));
    assert_memory_equal(back, "\xfb\xff\xfe", 3);
    assert_true(base64_url_decode(SSPI_VIEW("Zg"), back, 1));
    assert_true(base64_url_decode(SSPI_VIEW("Zm8"), back, 2));
    assert_true(base64_url_decode(SSPI_VIEW(""), back, 0));
    assert_false(base64_url_decode(SSPI_VIEW("Zh"), back, 1));
    assert_false(base64_url_decode(SSPI_VIEW("Zg"), back, 2));
    assert_false(base64_url_decode(SSPI_VIEW("Zg=="), back, 1));
    assert_false(base64_url_decode(SSPI_VIEW("+//+"), back, 3));
    assert_int_equal(BASE64_URL_LEN(32), 43);
}

/* At each of the four places, and at the end. */
static void exactly_64_characters_of_each_form_are_accepted(void **state)
{
    char text[11];
    uint8_t out[8];
    (void)state;
    for (size_t at = 0; at < 10; at++) {
        unsigned n_accepted = 0, n_url = 0;
        for (unsigned c = 0; c < 256; c++) {
            memcpy(text, "AAAAAAAAAA", 11);
            text[at] = (char)c;
            n_url += base64_url_decode((struct sspi_view){text, 10}, out, 7);
            struct bytes decoded BYTES_CLEANUP = {0};
            n_accepted +=
                base64_decode((struct sspi_view){text, 8}, 100, &decoded) == BASE64_OK && at < 8;
        }
        assert_int_equal(n_url, at < 9 ? 64 : 4); /* the last character has 4 pad bits */
        /* "=" may be the last one. */
        assert_int_equal(n_accepted, at < 7 ? 64 : at == 7 ? 65 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_rfc_4648_are_encoded_and_decoded),
        cmocka_unit_test(every_form_that_is_not_canonical_is_refused),
        cmocka_unit_test(limit_is_reached_and_one_more_octet_is_too_large),
        cmocka_unit_test(large_tokens_are_encoded_and_decoded_whole),
        cmocka_unit_test(url_form_has_no_padding_and_another_alphabet),
        cmocka_unit_test(exactly_64_characters_of_each_form_are_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
