/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting the Authorization header into scheme and rest (RFC 9110 11.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "request_authorization.h"

static enum request_authorization_status split(const char *text, size_t len,
                                               struct request_authorization *ret_split)
{
    return request_authorization_split((struct sspi_view){text, len}, ret_split);
}

static void scheme_and_rest_are_divided(void **state)
{
    static const struct {
        const char *value, *scheme, *rest;
    } cases[] = {
        {"Negotiate YII=", "Negotiate", "YII="},
        {"  Digest  a=b, c=d \t", "Digest", "a=b, c=d"},
        {"Negotiate", "Negotiate", ""},
        {"Negotiate ", "Negotiate", ""},
        {"x!#$%&'*+-.^_`|~9 y", "x!#$%&'*+-.^_`|~9", "y"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct request_authorization got;
        assert_int_equal(split(cases[i].value, strlen(cases[i].value), &got),
                         REQUEST_AUTHORIZATION_OK);
        assert_true(bytes_equal(got.scheme, bytes_view(cases[i].scheme)));
        assert_true(bytes_equal(got.rest, bytes_view(cases[i].rest)));
    }
}

static void a_value_without_a_scheme_is_refused(void **state)
{
    static const struct {
        const char *value;
        size_t len;
        enum request_authorization_status status;
    } cases[] = {
        {"", 0, REQUEST_AUTHORIZATION_EMPTY},
        {" \t ", 3, REQUEST_AUTHORIZATION_EMPTY},
        {"=Negotiate x", 12, REQUEST_AUTHORIZATION_MALFORMED},
        {"\"Digest\" x", 10, REQUEST_AUTHORIZATION_MALFORMED},
        {"Digest,x", 8, REQUEST_AUTHORIZATION_MALFORMED},
        {"Digest\tx", 8, REQUEST_AUTHORIZATION_MALFORMED},
        {"Digest a\0b", 10, REQUEST_AUTHORIZATION_MALFORMED},
        {"Digest a\nb", 10, REQUEST_AUTHORIZATION_MALFORMED},
        {"Digest a\x7f", 9, REQUEST_AUTHORIZATION_MALFORMED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct request_authorization got;
        assert_int_equal(split(cases[i].value, cases[i].len, &got), cases[i].status);
    }
}

static void a_value_over_the_limit_is_refused(void **state)
{
    char *text = malloc(REQUEST_AUTHORIZATION_LIMIT + 1);
    assert_non_null(text);
    memset(text, 'a', REQUEST_AUTHORIZATION_LIMIT + 1);
    struct request_authorization got;
    assert_int_equal(split(text, REQUEST_AUTHORIZATION_LIMIT, &got), REQUEST_AUTHORIZATION_OK);
    assert_int_equal(split(text, REQUEST_AUTHORIZATION_LIMIT + 1, &got),
                     REQUEST_AUTHORIZATION_TOO_LARGE);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scheme_and_rest_are_divided),
        cmocka_unit_test(a_value_without_a_scheme_is_refused),
        cmocka_unit_test(a_value_over_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
