/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "service_name.h"

static bool accepted(const char *principal, const char *name)
{
    struct sspi_view names[] = {bytes_view(name)};
    return service_name_accepts_principal(bytes_view(principal), names, 1);
}

static void service_and_host_are_compared_without_case_and_the_realm_with(void **state)
{
    assert_true(accepted("HTTP/www.example.org@R", "HTTP/www.example.org"));
    assert_true(accepted("HTTP/WWW.example.org@R", "HTTP/www.EXAMPLE.org"));
    assert_true(accepted("http/www.example.org@R", "HTTP/www.example.org"));
    assert_false(accepted("HTTPS/www.example.org@R", "HTTP/www.example.org"));
    assert_false(accepted("HTTP/www.example.com@R", "HTTP/www.example.org"));
    assert_false(accepted("HTTP/www.example.org.@R", "HTTP/www.example.org"));
    assert_false(accepted("HTTP/www@R", "HTTP/www.example.org"));
    assert_false(accepted("host/www.example.org@R", "HTTP/www.example.org"));
}

static void a_realm_in_the_pattern_must_match(void **state)
{
    assert_true(accepted("HTTP/www@R", "HTTP/www@R"));
    assert_false(accepted("HTTP/www@S", "HTTP/www@R"));
    assert_false(accepted("HTTP/www@r", "HTTP/www@R"));
}

static void a_service_with_a_slash_means_every_host(void **state)
{
    assert_true(accepted("HTTP/www@R", "HTTP/"));
    assert_true(accepted("HTTP/www@R", "HTTP/@R"));
    assert_false(accepted("HTTP/www@R", "HTTP/@S"));
    assert_false(accepted("HTTPS/www@R", "HTTP/"));
    assert_false(accepted("HTTP/@R", "HTTP/"));
    assert_false(accepted("HTTP@R", "HTTP/"));
}

static bool named(const char *service, const char *name)
{
    struct sspi_view names[] = {bytes_view(name)};
    return service_name_accepts(bytes_view(service), names, 1);
}

static void names_without_a_ticket_are_compared_without_realm_and_case(void **state)
{
    assert_true(named("HTTP/www.example.org", "HTTP/www.example.org"));
    assert_true(named("http/WWW.example.org", "HTTP/www.example.org@R"));
    assert_true(named("HTTP/www", "HTTP/"));
    assert_true(named("anything", "*"));
    assert_false(named("HTTP/www", "HTTP/www.example.org"));
    assert_false(named("host/www", "HTTP/"));
    assert_false(named("HTTP/", "HTTP/"));
    assert_false(named("", "HTTP/"));
    assert_false(service_name_accepts(SSPI_VIEW("HTTP/www"), NULL, 0));
}

static void a_star_or_no_patterns_accept_every_service(void **state)
{
    assert_true(accepted("host/www@R", "*"));
    assert_true(accepted("krbtgt/A/B@R", "*"));
    assert_true(service_name_accepts_principal(SSPI_VIEW("host/www@R"), NULL, 0));
    assert_false(accepted("HTTP/www@R", "HTTP/*"));
}

static void ambiguous_spellings_are_not_a_service(void **state)
{
    assert_false(accepted("HTTP\\/www@R", "HTTP/"));
    assert_false(accepted("HTTP/www\\@R", "HTTP/"));
    assert_false(accepted("HTTP/www\\@S@R", "HTTP/"));
    assert_false(accepted("HTTP/www/more@R", "HTTP/"));
    assert_false(accepted("HTTP/www@R@S", "HTTP/"));
    assert_false(accepted("HTTP/www@", "HTTP/"));
    assert_false(accepted("HTTP/www", "HTTP/"));
    assert_false(accepted("", "HTTP/"));
    assert_false(accepted("/www@R", "/www"));
    assert_false(accepted("HTTP/www@R", ""));
    assert_false(service_name_accepts_principal(SSPI_VIEW("HTTP/www\0x@R"),
                                                (struct sspi_view[]){SSPI_VIEW("HTTP/")}, 1));
}

static void one_of_several_patterns_is_enough(void **state)
{
    struct sspi_view names[] = {SSPI_VIEW("HTTP/a"), SSPI_VIEW("HTTP/b")};
    assert_true(service_name_accepts_principal(SSPI_VIEW("HTTP/b@R"), names, 2));
    assert_false(service_name_accepts_principal(SSPI_VIEW("HTTP/c@R"), names, 2));
}

static void an_empty_pattern_lists_no_service(void **state)
{
    const struct sspi_view patterns[] = {SSPI_VIEW(""), SSPI_VIEW("HTTP/"), SSPI_VIEW("*")};
    assert_false(service_name_is_listed(SSPI_VIEW("HTTP/www"), patterns, 3));
    const struct sspi_view named[] = {SSPI_VIEW(""), SSPI_VIEW("HTTP/www")};
    assert_true(service_name_is_listed(SSPI_VIEW("HTTP/www"), named, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(service_and_host_are_compared_without_case_and_the_realm_with),
        cmocka_unit_test(a_realm_in_the_pattern_must_match),
        cmocka_unit_test(a_service_with_a_slash_means_every_host),
        cmocka_unit_test(names_without_a_ticket_are_compared_without_realm_and_case),
        cmocka_unit_test(a_star_or_no_patterns_accept_every_service),
        cmocka_unit_test(ambiguous_spellings_are_not_a_service),
        cmocka_unit_test(one_of_several_patterns_is_enough),
        cmocka_unit_test(an_empty_pattern_lists_no_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
