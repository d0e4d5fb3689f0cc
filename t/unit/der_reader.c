/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "der.h"

/* Copies a view to a block of exactly its size, so that the sanitizer detects a read beyond it. */
static char *exact(const char *data, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, data, len);
    return copy;
}

static bool takes(const char *data, size_t len, uint8_t tag, size_t *ret_content_len,
                  size_t *ret_rest_len)
{
    char *copy = exact(data, len);
    struct sspi_view from = {copy, len};
    struct sspi_view content;
    bool ok = der_take(&from, tag, &content);
    if (ok) {
        assert_non_null(content.data);
        *ret_content_len = content.len;
        *ret_rest_len = from.len;
    } else {
        assert_ptr_equal(from.data, copy);
        assert_int_equal(from.len, len);
    }
    free(copy);
    return ok;
}

#define TAKES(literal, tag, content_len, rest_len)                                                 \
    do {                                                                                           \
        size_t got_content;                                                                        \
        size_t got_rest;                                                                           \
        assert_true(takes(literal, sizeof(literal) - 1, tag, &got_content, &got_rest));            \
        assert_int_equal(got_content, content_len);                                                \
        assert_int_equal(got_rest, rest_len);                                                      \
    } while (0)

#define REFUSES(literal, tag)                                                                      \
    do {                                                                                           \
        size_t ignored;                                                                            \
        assert_false(takes(literal, sizeof(literal) - 1, tag, &ignored, &ignored));                \
    } while (0)

static void takes_one_element_and_leaves_the_rest(void **state)
{
    TAKES("\x04\x00", DER_OCTET_STRING, 0, 0);
    TAKES("\x04\x02hi", DER_OCTET_STRING, 2, 0);
    TAKES("\x04\x02hi!", DER_OCTET_STRING, 2, 1);
}

static void refuses_another_tag(void **state)
{
    REFUSES("\x04\x02hi", DER_OID);
    REFUSES("", DER_OID);
}

static void refuses_lengths_that_are_not_the_shortest(void **state)
{
    REFUSES("\x04\x81\x02hi", DER_OCTET_STRING);
    REFUSES("\x04\x82\x00\x02hi", DER_OCTET_STRING);
    REFUSES("\x04\x81\x7f", DER_OCTET_STRING);
}

static void refuses_the_indefinite_length(void **state)
{
    REFUSES("\x30\x80\x00\x00", DER_SEQUENCE);
}

static void refuses_lengths_past_the_end(void **state)
{
    REFUSES("\x04", DER_OCTET_STRING);
    REFUSES("\x04\x01", DER_OCTET_STRING);
    REFUSES("\x04\x84\xff\xff\xff\xff", DER_OCTET_STRING);
    REFUSES("\x04\x84\x7f\xff\xff\xff!", DER_OCTET_STRING);
    REFUSES("\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff", DER_OCTET_STRING);
    REFUSES("\x04\xff", DER_OCTET_STRING);
}

static void every_truncation_of_a_written_element_is_refused(void **state)
{
    static const size_t sizes[] = {0, 1, 127, 128, 255, 256, 65535, 65536};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *content = calloc(1, sizes[i] + 1);
        assert_non_null(content);
        struct bytes to = {0};
        der_append(&to, DER_OCTET_STRING, (struct sspi_view){content, sizes[i]});
        assert_false(to.failed);
        size_t content_len = 0;
        size_t rest_len = 1;
        assert_true(takes(to.data, to.len, DER_OCTET_STRING, &content_len, &rest_len));
        assert_int_equal(content_len, sizes[i]);
        assert_int_equal(rest_len, 0);
        size_t step = to.len > 1000 ? 997 : 1;
        for (size_t len = 0; len < to.len; len += step)
            assert_false(takes(to.data, len, DER_OCTET_STRING, &content_len, &rest_len));
        assert_false(takes(to.data, to.len - 1, DER_OCTET_STRING, &content_len, &rest_len));
        bytes_free(&to);
        free(content);
    }
}

static void wrap_gives_what_append_gives(void **state)
{
    for (size_t len = 0; len < 300; len++) {
        char content[300] = {0};
        struct bytes appended = {0};
        struct bytes wrapped = {0};
        bytes_append_text(&appended, "before");
        bytes_append_text(&wrapped, "before");
        der_append(&appended, DER_SEQUENCE, (struct sspi_view){content, len});
        bytes_append(&wrapped, content, len);
        der_wrap(&wrapped, 6, DER_SEQUENCE);
        assert_true(bytes_equal(bytes_as_view(&appended), bytes_as_view(&wrapped)));
        bytes_free(&appended);
        bytes_free(&wrapped);
    }
}

static void wrap_from_past_the_end_fails(void **state)
{
    struct bytes to = {0};
    der_wrap(&to, 1, DER_SEQUENCE);
    assert_true(to.failed);
    bytes_free(&to);
}

static void explicit_tags_hold_exactly_one_element(void **state)
{
    struct sspi_view content;
    struct sspi_view good = SSPI_VIEW("\xa0\x03\x02\x01\x05");
    assert_true(der_take_explicit(&good, DER_CONTEXT(0), DER_INTEGER, &content));
    assert_int_equal(content.len, 1);
    assert_int_equal(good.len, 0);
    struct sspi_view two = SSPI_VIEW("\xa0\x06\x02\x01\x05\x02\x01\x05");
    assert_false(der_take_explicit(&two, DER_CONTEXT(0), DER_INTEGER, &content));
    assert_int_equal(two.len, 8);
    struct sspi_view none = SSPI_VIEW("\xa0\x00");
    assert_false(der_take_explicit(&none, DER_CONTEXT(0), DER_INTEGER, &content));
}

static void integers_have_one_form(void **state)
{
    static const struct {
        struct sspi_view content;
        bool ok;
        int64_t value;
    } cases[] = {
        {{"", 0}, false, 0},
        {{"\x00", 1}, true, 0},
        {{"\x7f", 1}, true, 127},
        {{"\x80", 1}, true, -128},
        {{"\xff", 1}, true, -1},
        {{"\x00\x7f", 2}, false, 0},
        {{"\x00\x80", 2}, true, 128},
        {{"\xff\x80", 2}, false, 0},
        {{"\xff\x7f", 2}, true, -129},
        {{"\x00\xff\xff\xff\xff", 5}, true, UINT32_MAX},
        {{"\x7f\xff\xff\xff\xff\xff\xff\xff", 8}, true, INT64_MAX},
        {{"\x80\x00\x00\x00\x00\x00\x00\x00", 8}, true, INT64_MIN},
        {{"\x00\x80\x00\x00\x00\x00\x00\x00\x00", 9}, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = 0;
        assert_int_equal(der_integer(cases[i].content, &value), cases[i].ok);
        assert_true(value == cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_one_element_and_leaves_the_rest),
        cmocka_unit_test(refuses_another_tag),
        cmocka_unit_test(refuses_lengths_that_are_not_the_shortest),
        cmocka_unit_test(refuses_the_indefinite_length),
        cmocka_unit_test(refuses_lengths_past_the_end),
        cmocka_unit_test(every_truncation_of_a_written_element_is_refused),
        cmocka_unit_test(wrap_gives_what_append_gives),
        cmocka_unit_test(wrap_from_past_the_end_fails),
        cmocka_unit_test(explicit_tags_hold_exactly_one_element),
        cmocka_unit_test(integers_have_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
