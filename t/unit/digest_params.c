/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "digest_params.h"

static struct sspi_error_info error_info;

static enum sspi_reason parse(struct sspi_view text, struct digest_params *params)
{
    error_info = (struct sspi_error_info){0};
    return digest_params_parse(text, params, &error_info);
}

static void assert_refused(struct sspi_view text, enum sspi_reason reason, const char *part)
{
    struct digest_params params;

    assert_int_equal(parse(text, &params), reason);
    assert_int_equal(error_info.reason, reason);
    assert_non_null(strstr(error_info.text, part));
}

static void assert_value(const struct digest_params *params, const char *name, const char *value)
{
    const struct digest_param *param = digest_params_find(params, name);

    assert_non_null(param);
    assert_true(bytes_equal(param->value, bytes_view(value)));
}

static void tokens_quoted_values_blanks_and_empty_elements_are_accepted(void **state)
{
    struct digest_params p;

    assert_int_equal(
        parse(SSPI_VIEW(" ,, a=1 ,b = \"two, 2\"\t, ,C=\"\",d\t=\t!#$%&'*+-.^_`|~,"), &p),
        SSPI_REASON_NONE);
    assert_int_equal(p.n, 4);
    assert_value(&p, "a", "1");
    assert_value(&p, "B", "two, 2");
    assert_value(&p, "c", "");
    assert_value(&p, "d", "!#$%&'*+-.^_`|~");
    assert_null(digest_params_find(&p, "e"));
    assert_false(digest_params_find(&p, "a")->quoted);
    assert_true(digest_params_find(&p, "c")->quoted);
    digest_params_clear(&p);
    assert_int_equal(parse(SSPI_VIEW(""), &p), SSPI_REASON_NONE);
    assert_int_equal(p.n, 0);
}

static void quoted_pairs_are_decoded_and_kept_raw_too(void **state)
{
    struct digest_params p;

    assert_int_equal(parse(SSPI_VIEW("a=\"x\\\"y\\\\z\", b=\"\\\\\""), &p), SSPI_REASON_NONE);
    assert_value(&p, "a", "x\"y\\z");
    assert_value(&p, "b", "\\");
    assert_true(bytes_equal(digest_params_find(&p, "a")->raw, SSPI_VIEW("x\\\"y\\\\z")));
    digest_params_clear(&p);
}

static void a_written_value_is_read_as_the_same_value(void **state)
{
    BYTES_CLEANUP struct bytes text = {0};
    struct digest_params p;

    digest_params_append_quoted(&text, "a", SSPI_VIEW("x\"y\\, b=\"1\tz"));
    assert_true(bytes_equal(bytes_as_view(&text), SSPI_VIEW("a=\"x\\\"y\\\\, b=\\\"1\tz\"")));
    digest_params_append_quoted(&text, ", c", SSPI_VIEW(""));
    assert_int_equal(parse(bytes_as_view(&text), &p), SSPI_REASON_NONE);
    assert_int_equal(p.n, 2);
    assert_value(&p, "a", "x\"y\\, b=\"1\tz");
    assert_value(&p, "c", "");
    digest_params_clear(&p);
}

static void broken_grammar_is_refused_with_its_position(void **state)
{
    assert_refused(SSPI_VIEW("a=\"x"), SSPI_REASON_MALFORMED, "not closed");
    assert_refused(SSPI_VIEW("a=\""), SSPI_REASON_MALFORMED, "not closed");
    assert_refused(SSPI_VIEW("a=\"x\\"), SSPI_REASON_MALFORMED, "not closed");
    assert_refused(SSPI_VIEW("a=\"x\\\""), SSPI_REASON_MALFORMED, "not closed");
    assert_refused(SSPI_VIEW("a="), SSPI_REASON_MALFORMED, "no value");
    assert_refused(SSPI_VIEW("a=,b=1"), SSPI_REASON_MALFORMED, "no value");
    assert_refused(SSPI_VIEW("a==1"), SSPI_REASON_MALFORMED, "no value");
    assert_refused(SSPI_VIEW("a"), SSPI_REASON_MALFORMED, "octet 2: no \"=\"");
    assert_refused(SSPI_VIEW("=1"), SSPI_REASON_MALFORMED, "name");
    assert_refused(SSPI_VIEW("a=1 b=2"), SSPI_REASON_MALFORMED, "comma");
    assert_refused(SSPI_VIEW("a=1;b=2"), SSPI_REASON_MALFORMED, "comma");
    assert_refused(SSPI_VIEW("a=\"x\"y\""), SSPI_REASON_MALFORMED, "backslash");
    assert_refused(SSPI_VIEW("a=x\"y\""), SSPI_REASON_MALFORMED, "comma");
    assert_refused(SSPI_VIEW("a@=1"), SSPI_REASON_MALFORMED, "no \"=\"");
    assert_refused(SSPI_VIEW("a=1,b=2,A=\"3\""), SSPI_REASON_MALFORMED, "twice");
}

static void joined_headers_are_refused_and_their_text_is_not_shown(void **state)
{
    assert_refused(SSPI_VIEW("a=1, Basic dXNlcjpwYXNz"), SSPI_REASON_MALFORMED,
                   "two Authorization");
    assert_null(strstr(error_info.text, "dXNl"));
    assert_refused(SSPI_VIEW("a=1 Basic dXNlcjpwYXNz"), SSPI_REASON_MALFORMED, "comma");
    assert_null(strstr(error_info.text, "dXNl"));
    assert_refused(SSPI_VIEW("a=1, Digest b=2"), SSPI_REASON_MALFORMED, "two Authorization");
    assert_refused(SSPI_VIEW("dXNlcjpwYXNz=="), SSPI_REASON_MALFORMED, "no value");
    assert_null(strstr(error_info.text, "dXNl"));
}

static void control_characters_are_refused_and_any_encoding_is_accepted(void **state)
{
    struct digest_params p;

    assert_refused(SSPI_VIEW("a=\"x\0y\""), SSPI_REASON_MALFORMED,
                   "octet 5: control character 0x00");
    assert_refused(SSPI_VIEW("a=\"x\ny\""), SSPI_REASON_MALFORMED, "0x0a");
    assert_refused(SSPI_VIEW("a=\"x\x7fy\""), SSPI_REASON_MALFORMED, "0x7f");
    assert_refused(SSPI_VIEW("a=1\r"), SSPI_REASON_MALFORMED, "0x0d");
    assert_refused(SSPI_VIEW("a=J\xc3\xa4"), SSPI_REASON_MALFORMED, "comma");
    assert_refused(SSPI_VIEW("a=J\xe4"), SSPI_REASON_MALFORMED, "comma");
    assert_int_equal(parse(SSPI_VIEW("a=\"J\xc3\xa4s\tx\", b=\"J\xe4s\", c=\"x\\\xe4\""), &p),
                     SSPI_REASON_NONE);
    assert_value(&p, "a", "J\xc3\xa4s\tx");
    assert_value(&p, "b", "J\xe4s");
    assert_value(&p, "c", "x\xe4");
    digest_params_clear(&p);
}

static void number_of_directives_has_a_limit(void **state)
{
    BYTES_CLEANUP struct bytes text = {0};
    struct digest_params p;

    for (int i = 0; i < DIGEST_PARAMS_LIMIT; i++)
        bytes_append_format(&text, "d%d=1,", i);
    assert_int_equal(parse(bytes_as_view(&text), &p), SSPI_REASON_NONE);
    assert_int_equal(p.n, DIGEST_PARAMS_LIMIT);
    digest_params_clear(&p);
    bytes_append_text(&text, "more=1");
    assert_refused(bytes_as_view(&text), SSPI_REASON_TOO_LARGE, "directives");
}

static void length_of_the_text_has_a_limit(void **state)
{
    BYTES_CLEANUP struct bytes text = {0};
    struct digest_params p;

    bytes_append_text(&text, "a=");
    while (text.len < DIGEST_PARAMS_TEXT_LIMIT)
        bytes_append_char(&text, 'x');
    assert_int_equal(parse(bytes_as_view(&text), &p), SSPI_REASON_NONE);
    digest_params_clear(&p);
    bytes_append_char(&text, 'x');
    assert_refused(bytes_as_view(&text), SSPI_REASON_TOO_LARGE, "65537");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_quoted_values_blanks_and_empty_elements_are_accepted),
        cmocka_unit_test(quoted_pairs_are_decoded_and_kept_raw_too),
        cmocka_unit_test(a_written_value_is_read_as_the_same_value),
        cmocka_unit_test(broken_grammar_is_refused_with_its_position),
        cmocka_unit_test(joined_headers_are_refused_and_their_text_is_not_shown),
        cmocka_unit_test(control_characters_are_refused_and_any_encoding_is_accepted),
        cmocka_unit_test(number_of_directives_has_a_limit),
        cmocka_unit_test(length_of_the_text_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
