/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy_exempt.h"

static bool exempts(const char *first, const char *second, struct sspi_view method)
{
    const struct sspi_view words[] = {bytes_view(first), bytes_view(second)};
    struct sspi_policy policy = sspi_policy_defaults();
    policy.exempt = (struct sspi_words){words, second == NULL ? 1 : 2, NULL};
    return sspi_policy_exempts(&policy, method);
}

static void no_method_is_exempt_by_default(void **state)
{
    struct sspi_policy policy = sspi_policy_defaults();
    assert_false(sspi_policy_exempts(&policy, SSPI_VIEW("OPTIONS")));
    assert_false(sspi_policy_exempts(&policy, SSPI_VIEW("")));
}

static void methods_are_compared_exactly(void **state)
{
    assert_true(exempts("OPTIONS", NULL, SSPI_VIEW("OPTIONS")));
    assert_true(exempts("OPTIONS", "VERSION-CONTROL", SSPI_VIEW("VERSION-CONTROL")));
    static const char *const others[] = {"options",  "OPTION", "OPTIONSX", "OPTIONS ",
                                         " OPTIONS", "",       "GET",      "none"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(exempts("OPTIONS", NULL, bytes_view(others[i])));
    assert_false(exempts("OPTIONS", NULL, (struct sspi_view){"OPTIONS\0", 8}));
}

static void a_client_with_the_method_none_is_not_exempt(void **state)
{
    assert_false(exempts("none", NULL, SSPI_VIEW("none")));
}

static void words_are_methods_or_only_none(void **state)
{
    assert_true(policy_exempt_is_word(SSPI_VIEW("OPTIONS"), 2));
    assert_true(policy_exempt_is_word(SSPI_VIEW("M_SEARCH"), 1));
    assert_true(policy_exempt_is_word(SSPI_VIEW("none"), 1));
    assert_false(policy_exempt_is_word(SSPI_VIEW("none"), 2));
    static const char *const wrong[] = {"", "options", "Options", "-GET", "GET,PUT", "G T", "*"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(policy_exempt_is_word(bytes_view(wrong[i]), 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_method_is_exempt_by_default),
        cmocka_unit_test(methods_are_compared_exactly),
        cmocka_unit_test(a_client_with_the_method_none_is_not_exempt),
        cmocka_unit_test(words_are_methods_or_only_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
