/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "session_cookie.h"

static struct sspi_view words[4];
static struct session_cookie cookie;
static struct session_cookie_names names; /* only that of the cookie */

/* Makes the cookie of a configuration with these words. */
static void configure(const char *first, const char *second, const char *third, bool tls)
{
    struct sspi_policy policy = sspi_policy_defaults();
    const char *all[] = {first, second, third, NULL};
    char error[SSPI_ERROR_SIZE];
    size_t n = 0;
    for (; all[n] != NULL; n++)
        words[n] = bytes_view(all[n]);
    if (n > 0)
        assert_true(sspi_policy_set(&policy, SSPI_OPTION_SESSION_COOKIE, words, n,
                                    SSPI_SERVER_APACHE, error));
    session_cookie_of(&policy, tls, &cookie);
    names = (struct session_cookie_names){.name = {cookie.name}, .n = 1};
}

static void assert_set_is(const char *expected)
{
    BYTES_CLEANUP struct bytes line = {0};
    session_cookie_append_set(&cookie, SSPI_VIEW("sealed"), &line);
    assert_true(bytes_equal(bytes_as_view(&line), bytes_view(expected)));
}

static void assert_stripped(const char *header, const char *expected)
{
    char to[200];
    size_t len = session_cookie_strip(&names, bytes_view(header), to);
    assert_true(len <= strlen(header));
    assert_true(bytes_equal((struct sspi_view){to, len}, bytes_view(expected)));
}

/* ---- Set-Cookie ---- */

static void over_tls_the_name_is_as_written_and_the_cookie_is_secure(void **state)
{
    configure(NULL, NULL, NULL, true);
    assert_set_is("__Host-sspi=sealed; Path=/; Secure; HttpOnly; SameSite=Lax");
    configure("intranet", "Path=/app", "samesite=NONE", true);
    assert_set_is("intranet=sealed; Path=/app; Secure; HttpOnly; SameSite=None");
    configure("__Secure-a", "Domain=example.com", "SameSite=strict", true);
    assert_set_is(
        "__Secure-a=sealed; Path=/; Domain=example.com; Secure; HttpOnly; SameSite=Strict");
}

static void over_plain_http_the_name_has_no_prefix(void **state)
{
    configure(NULL, NULL, NULL, false);
    assert_set_is("sspi=sealed; Path=/; HttpOnly; SameSite=Lax");
    configure("__secure-a", NULL, NULL, false);
    assert_set_is("a=sealed; Path=/; HttpOnly; SameSite=Lax");
    configure("__Secure-__HOST-a", NULL, NULL, false);
    assert_set_is("a=sealed; Path=/; HttpOnly; SameSite=Lax");
}

/* Browsers refuse SameSite=None without Secure. */
static void over_plain_http_none_is_lax(void **state)
{
    configure("a", "SameSite=None", NULL, false);
    assert_set_is("a=sealed; Path=/; HttpOnly; SameSite=Lax");
}

static void a_clearing_line_has_the_same_attributes_and_no_age(void **state)
{
    BYTES_CLEANUP struct bytes line = {0};
    configure("a", "Path=/app", "Domain=example.com", true);
    session_cookie_append_clear(&cookie, &line);
    assert_true(bytes_equal(
        bytes_as_view(&line),
        SSPI_VIEW("a=; Path=/app; Domain=example.com; Secure; HttpOnly; SameSite=Lax; Max-Age=0")));
}

/* ---- Cookie ---- */

static void a_cookie_is_found_by_its_exact_name(void **state)
{
    static const char *const none[] = {"",    "a",     "=a",      "ab=1",  "b=1; ba=2",
                                       "A=1", "a b=1", "\"a\"=1", "b=a=1", ""};
    static const char *const one[] = {"a=1",      " a=1",         "b=2; a=1", "a=1 ;b=2",
                                      "b;a=1;;c", "\ta=1\t; b=2", "a=1, b=2", "a=1,a=2"};
    configure("a", NULL, NULL, true);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_false(session_cookie_is_in(&names, bytes_view(none[i])));
    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
        struct session_cookie_search search = {.rest = bytes_view(one[i])};
        struct sspi_view value;
        assert_true(session_cookie_find(&cookie, &search, &value));
        assert_true(bytes_equal(value, SSPI_VIEW("1")));
        assert_false(session_cookie_find(&cookie, &search, &value));
    }
}

/* A parent domain can set a cookie with the value "2,a=1", but none with the prefix __Host-. */
static void the_value_of_another_cookie_is_not_found(void **state)
{
    static const char *const headers[] = {"b=2,a=1", "b=2, a=1", "b=,a=1,c=3", "b=\"2,a=1\"",
                                          ",a=1"};
    configure("a", NULL, NULL, true);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct session_cookie_search search = {.rest = bytes_view(headers[i])};
        struct sspi_view value;
        assert_false(session_cookie_find(&cookie, &search, &value));
        assert_true(session_cookie_is_in(&names, bytes_view(headers[i]))); /* so it is stripped */
    }
}

static void an_absent_header_has_no_cookie(void **state)
{
    char to[1];
    configure("a", NULL, NULL, true);
    assert_false(session_cookie_is_in(&names, (struct sspi_view){NULL, 0}));
    assert_int_equal(session_cookie_strip(&names, (struct sspi_view){NULL, 0}, to), 0);
}

static void an_empty_value_and_an_equals_sign_are_values(void **state)
{
    struct session_cookie_search search = {.rest = SSPI_VIEW("a=; a=b=c")};
    struct sspi_view value;
    configure("a", NULL, NULL, true);
    assert_true(session_cookie_find(&cookie, &search, &value));
    assert_non_null(value.data);
    assert_int_equal(value.len, 0);
    assert_true(session_cookie_find(&cookie, &search, &value));
    assert_true(bytes_equal(value, SSPI_VIEW("b=c")));
}

static void several_cookies_of_the_name_are_found_up_to_the_limit(void **state)
{
    struct session_cookie_search search = {.rest = SSPI_VIEW("a=1; a=2; b=9; a=3; a=4; a=5")};
    struct sspi_view value;
    configure("a", NULL, NULL, true);
    for (char digit = '1'; digit < '1' + SESSION_COOKIE_TRIES; digit++) {
        assert_true(session_cookie_find(&cookie, &search, &value));
        assert_int_equal(value.len, 1);
        assert_int_equal(value.data[0], digit);
    }
    assert_false(session_cookie_find(&cookie, &search, &value));
}

static void only_the_cookies_of_the_name_are_removed(void **state)
{
    configure("a", NULL, NULL, true);
    assert_stripped("a=1", "");
    assert_stripped(" a=1 ;", "");
    assert_stripped("a=1; a=2", "");
    assert_stripped("a=1; b=2", "b=2");
    assert_stripped("b=2; a=1", "b=2");
    assert_stripped("b=2; a=1; c=3", "b=2; c=3");
    assert_stripped("b=2;a=1;c=3 ;  d", "b=2;c=3 ;  d");
    assert_stripped("a=1; a=2; b; a=3; a=4; a=5; a=6; ab=1", "b; ab=1");
    assert_stripped("b=2", "b=2");
    assert_stripped(" b=2 ; ", " b=2 ; ");
}

/* httpd joins several Cookie lines by commas. */
static void a_comma_is_a_separator_only_beside_a_cookie_of_the_name(void **state)
{
    configure("a", NULL, NULL, true);
    assert_stripped("b=2, a=1", "b=2");
    assert_stripped("a=1, b=2", "b=2");
    assert_stripped("b=2, a=1, c=3; d", "b=2, c=3; d");
    assert_stripped("b=2,3; c=4, d=5", "b=2,3; c=4, d=5");
}

/* A client may send the cookie of plain HTTP over TLS as well. */
static void the_cookies_of_both_transports_are_removed_if_the_policy_has_them(void **state)
{
    static const struct sspi_view header = {"sspi=1; __Host-sspi=2; b=3", 26};
    struct sspi_policy policy = sspi_policy_defaults();
    char to[26];
    assert_false(sspi_http_has_session_cookie(&policy, header));
    policy.session = true;
    assert_true(sspi_http_has_session_cookie(&policy, header));
    size_t len = sspi_http_strip_session_cookie(&policy, header, to);
    assert_true(bytes_equal((struct sspi_view){to, len}, SSPI_VIEW("sspi=1; b=3")));
    assert_false(sspi_http_has_session_cookie(&policy, (struct sspi_view){to, len}));
    policy.session_require_tls = false;
    assert_true(sspi_http_has_session_cookie(&policy, (struct sspi_view){to, len}));
    len = sspi_http_strip_session_cookie(&policy, header, to);
    assert_true(bytes_equal((struct sspi_view){to, len}, SSPI_VIEW("b=3")));
}

static void a_comma_separates_the_cookies_of_both_transports(void **state)
{
    char line[] = "a,sspi=1,__Host-sspi=2,b, __Host-sspi=3, sspi=4; c=5,6";
    struct sspi_policy policy = sspi_policy_defaults();
    policy.session = true;
    policy.session_require_tls = false;
    size_t len = sspi_http_strip_session_cookie(&policy, bytes_view(line), line);
    assert_true(bytes_equal((struct sspi_view){line, len}, SSPI_VIEW("a,b; c=5,6")));
}

static void a_line_may_be_stripped_in_place(void **state)
{
    char line[] = "a=1; b=2; a=3; c=4";
    configure("a", NULL, NULL, true);
    size_t len = session_cookie_strip(&names, bytes_view(line), line);
    assert_true(bytes_equal((struct sspi_view){line, len}, SSPI_VIEW("b=2; c=4")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_tls_the_name_is_as_written_and_the_cookie_is_secure),
        cmocka_unit_test(over_plain_http_the_name_has_no_prefix),
        cmocka_unit_test(over_plain_http_none_is_lax),
        cmocka_unit_test(a_clearing_line_has_the_same_attributes_and_no_age),
        cmocka_unit_test(a_cookie_is_found_by_its_exact_name),
        cmocka_unit_test(the_value_of_another_cookie_is_not_found),
        cmocka_unit_test(an_absent_header_has_no_cookie),
        cmocka_unit_test(an_empty_value_and_an_equals_sign_are_values),
        cmocka_unit_test(several_cookies_of_the_name_are_found_up_to_the_limit),
        cmocka_unit_test(only_the_cookies_of_the_name_are_removed),
        cmocka_unit_test(a_comma_is_a_separator_only_beside_a_cookie_of_the_name),
        cmocka_unit_test(the_cookies_of_both_transports_are_removed_if_the_policy_has_them),
        cmocka_unit_test(a_comma_separates_the_cookies_of_both_transports),
        cmocka_unit_test(a_line_may_be_stripped_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
