/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "session_logout.h"

static bool crosses(const char *fetch_site, const char *origin, const char *authority)
{
    return session_logout_is_cross_site(bytes_view(fetch_site), bytes_view(origin),
                                        bytes_view(authority));
}

static void a_request_of_another_site_is_recognised(void **state)
{
    static const char *const origins[] = {"null",
                                          "",
                                          "https://evil.example",
                                          "https://a.www.example",
                                          "https://www",
                                          "//www.example",
                                          "www.example",
                                          "https://www.example/",
                                          "https://www.example@evil.example",
                                          "https://evil.example https://www.example",
                                          "https://www.example.evil.example",
                                          "https://",
                                          "https://evil.example://www.example"};
    assert_true(crosses("cross-site", NULL, "www.example"));
    assert_true(crosses("Cross-Site", "https://www.example", "www.example"));
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
        assert_true(crosses(NULL, origins[i], "www.example"));
    assert_true(crosses("same-origin", "https://evil.example", "www.example"));
    assert_true(crosses("same-site", "null", "www.example"));
    assert_true(crosses("none", "null", "www.example"));
    assert_true(crosses("cross-site", "null", "www.example"));
    assert_true(crosses("same-origin", "", "www.example"));
    assert_true(crosses(NULL, "https://www.example", NULL));
    assert_true(crosses(NULL, "https://www.example", ""));
}

static void a_request_of_this_host_is_not_refused(void **state)
{
    assert_false(crosses(NULL, NULL, "www.example"));
    assert_false(crosses(NULL, NULL, NULL));
    assert_false(crosses("same-origin", NULL, "www.example"));
    assert_false(crosses("same-site", NULL, "www.example"));
    assert_false(crosses("same-origin", "null", "www.example"));
    assert_false(crosses("Same-Origin", "null", NULL));
    assert_false(crosses("none", "https://WWW.example", "www.EXAMPLE:8443"));
    assert_false(crosses(NULL, "http://www.example:8080", "www.example"));
    assert_false(crosses(NULL, "https://[2001:db8::1]:8443", "[2001:db8::1]"));
}

/* NULL: there is no target. */
static void leads_to(const char *query, const char *expected)
{
    BYTES_CLEANUP struct bytes to = {0};
    bool has = session_logout_target(bytes_view(query), &to);
    if (has != (expected != NULL) ||
        (has && !bytes_equal(bytes_as_view(&to), bytes_view(expected))))
        fail_msg("%s leads to %.*s", query, (int)to.len, to.data);
    assert_true(has || to.len == 0);
}

static void a_path_of_this_host_is_a_target(void **state)
{
    leads_to("to=/", "/");
    leads_to("to=/bye.html", "/bye.html");
    leads_to("a=b&to=/bye&to=/second", "/bye");
    leads_to("to=%2Fbye%3Fa%3Db%26c%23d", "/bye?a=b&c#d");
    leads_to("to=/a%2520b", "/a%20b");
    leads_to("to=/a%20b%22%3C%3e", "/a%20b%22%3C%3E");
    leads_to("to=/%C3%A4", "/%C3%A4");
    leads_to("to=/a//b", "/a//b");
    leads_to("to=/%252f%252fevil.example", "/%2f%2fevil.example");
    leads_to("to=/a://evil.example", "/a://evil.example");
}

static void everything_else_is_no_target(void **state)
{
    static const char *const queries[] = {
        "",
        "to",
        "to=",
        "TO=/",
        "xto=/",
        "to=bye",
        "to=https://evil.example/",
        "to=//evil.example/",
        "to=%2F%2Fevil.example/",
        "to=/%2Fevil.example/",
        "to=/%5Cevil.example/",
        "to=/\\evil.example/",
        "to=\\\\evil.example/",
        "to=%5c/evil.example/",
        "to=/%09/evil.example/",
        "to=%09//evil.example/",
        "to=%20//evil.example/",
        "to=/a%0d%0aSet-Cookie:%20a=b",
        "to=/a%00",
        "to=/a%7F",
        "to=/a%5Cb",
        "to=/a%",
        "to=/a%4",
        "to=/a%4g",
        "to=javascript:alert(1)",
    };
    leads_to(NULL, NULL);
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
        leads_to(queries[i], NULL);
}

static void a_target_has_a_limit(void **state)
{
    char query[3 + SESSION_LOGOUT_TARGET_LIMIT + 2];
    BYTES_CLEANUP struct bytes to = {0};
    memset(query, 'a', sizeof(query));
    memcpy(query, "to=/", 4);
    assert_true(
        session_logout_target((struct sspi_view){query, 3 + SESSION_LOGOUT_TARGET_LIMIT}, &to));
    assert_int_equal(to.len, SESSION_LOGOUT_TARGET_LIMIT);
    assert_false(
        session_logout_target((struct sspi_view){query, 4 + SESSION_LOGOUT_TARGET_LIMIT}, &to));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_of_another_site_is_recognised),
        cmocka_unit_test(a_request_of_this_host_is_not_refused),
        cmocka_unit_test(a_path_of_this_host_is_a_target),
        cmocka_unit_test(everything_else_is_no_target),
        cmocka_unit_test(a_target_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
