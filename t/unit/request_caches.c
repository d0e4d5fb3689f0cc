/* SPDX-License-Identifier: Apache-2.0 */
/* Cache-Control of answers that are private to one user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "sspi_http.h"

/* The input is a copy without a NUL at the end, and the output has exactly the documented size. */
static void becomes(const char *value, const char *wanted)
{
    size_t len = strlen(value);
    char *copy = test_malloc(len + 1);
    char *to = test_malloc(SSPI_PRIVATE_SIZE(len));
    memcpy(copy, value, len);
    size_t got = sspi_http_private_cache_control((struct sspi_view){copy, len}, to);
    if (got != strlen(wanted) || memcmp(to, wanted, got) != 0)
        fail_msg("%s became %.*s", value, (int)got, to);
    assert_true(got <= SSPI_PRIVATE_SIZE(len));
    test_free(copy);
    test_free(to);
}

static void private_is_added_once(void **state)
{
    becomes("", "private");
    becomes("private", "private");
    becomes("Private , PRIVATE", "private");
    becomes("max-age=60", "private, max-age=60");
    becomes("max-age=60, private, must-revalidate", "private, max-age=60, must-revalidate");
}

static void contradicting_directives_are_removed(void **state)
{
    becomes("public", "private");
    becomes("PUBLIC, max-age=60", "private, max-age=60");
    becomes("s-maxage=60,max-age=5", "private, max-age=5");
    becomes("S-MaxAge = \"60\"", "private");
}

/* As becomes(), for an answer that sets a cookie. */
static void sets_cookie(const char *value, const char *wanted)
{
    size_t len = strlen(value);
    char *copy = test_malloc(len + 1);
    char *to = test_malloc(SSPI_COOKIE_CONTROL_SIZE(len));
    memcpy(copy, value, len);
    size_t got = sspi_http_cookie_cache_control((struct sspi_view){copy, len}, to);
    if (got != strlen(wanted) || memcmp(to, wanted, got) != 0)
        fail_msg("%s became %.*s", value, (int)got, to);
    assert_true(got <= SSPI_COOKIE_CONTROL_SIZE(len));
    test_free(copy);
    test_free(to);
}

static void no_cache_gives_a_cookie_to_another_client(void **state)
{
    sets_cookie("", "no-cache=\"Set-Cookie\"");
    sets_cookie("private", "private, no-cache=\"Set-Cookie\"");
    sets_cookie(" max-age=60 ", "max-age=60, no-cache=\"Set-Cookie\"");
    sets_cookie("no-cache=\"X\"", "no-cache=\"X\", no-cache=\"Set-Cookie\"");
    sets_cookie("private, No-Cache", "private, No-Cache");
    sets_cookie("no-store", "no-store");
    sets_cookie("no-cache=\"Set-Cookie\",no-cache=\"set-cookie\",public",
                "public, no-cache=\"Set-Cookie\"");
    sets_cookie(",,a,b,,", "a, b, no-cache=\"Set-Cookie\"");
    assert_false(sspi_http_sets_cookie(NULL));
}

static void directives_that_are_as_strict_stay(void **state)
{
    becomes("no-store", "private, no-store");
    becomes("no-cache, no-store, must-revalidate", "private, no-cache, no-store, must-revalidate");
    becomes("no-cache=\"public\"", "private, no-cache=\"public\"");
}

/* RFC 9111 5.2.2.7: with names of fields, caches may store all but those fields. */
static void private_for_some_fields_is_not_enough(void **state)
{
    becomes("private=\"Set-Cookie, public\"", "private, private=\"Set-Cookie, public\"");
    becomes("private=\"a\\\", b\", public", "private, private=\"a\\\", b\"");
}

static void broken_values_hide_nothing(void **state)
{
    becomes(",, ,", "private");
    becomes("x=\"a, public", "private, x=\"a, public");
    becomes("x=\"a\\", "private, x=\"a\\");
    becomes("a,b,c,d,e", "private, a, b, c, d, e");
    becomes("=public", "private");
}

static void other_fields_override_it(void **state)
{
    static const char *const names[] = {"X-Accel-Expires", "x-accel-expires", "Surrogate-Control",
                                        "CDN-Cache-Control"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_true(sspi_http_overrides_cache_control(bytes_view(names[i])));
    assert_false(sspi_http_overrides_cache_control(bytes_view("Expires")));
    assert_false(sspi_http_overrides_cache_control(bytes_view("Cache-Control")));
    assert_false(sspi_http_overrides_cache_control((struct sspi_view){0}));
}

static void an_answer_without_exchange_or_login_is_public(void **state)
{
    assert_false(sspi_http_is_private(NULL, NULL, true));
    assert_false(sspi_connection_keeps_login(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_is_added_once),
        cmocka_unit_test(contradicting_directives_are_removed),
        cmocka_unit_test(directives_that_are_as_strict_stay),
        cmocka_unit_test(no_cache_gives_a_cookie_to_another_client),
        cmocka_unit_test(private_for_some_fields_is_not_enough),
        cmocka_unit_test(broken_values_hide_nothing),
        cmocka_unit_test(other_fields_override_it),
        cmocka_unit_test(an_answer_without_exchange_or_login_is_public),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
