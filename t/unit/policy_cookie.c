/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "policy_cookie.h"

#define N_WORDS 3

static bool is_right(const char *const texts[N_WORDS], struct sspi_view *ret_word)
{
    struct sspi_view words[N_WORDS];
    size_t n = 0;
    for (; n < N_WORDS && texts[n] != NULL; n++)
        words[n] = bytes_view(texts[n]);
    return policy_cookie_check(words, n, ret_word) == NULL;
}

static void a_name_is_a_token_with_known_attributes(void **state)
{
    static const char *const good[][N_WORDS] = {
        {"sspi"},
        {"__Host-sspi"},
        {"__Host-a", "Path=/"},
        {"__Secure-a", "Domain=example.com", "path=/app"},
        {"a!#$%&'*+-.^_`|~1", "SameSite=Strict"},
        {"a", "samesite=none", "Domain=.example.com"},
        {"a", "Path=/a,b=c"},
    };
    struct sspi_view word;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(is_right(good[i], &word));
}

/* The last word of each row is the wrong one. */
static void anything_else_is_refused_by_its_word(void **state)
{
    static const char *const bad[][N_WORDS] = {
        {""},
        {"a b"},
        {"a;b"},
        {"a=b"},
        {"\xc3\xa4"},
        {"a\r\nb"},
        {"__Host-"},
        {"__Secure-__Host-"},
        {"a", "Secure"},
        {"a", "HttpOnly"},
        {"a", "Max-Age=5"},
        {"a", "Path"},
        {"a", "Path="},
        {"a", "Path=app"},
        {"a", "Path=/a;b"},
        {"a", "Path=/a b"},
        {"a", "Path=/\x7f"},
        {"a", "Path=/\n"},
        {"a", "Path=/\xc3\xa4"},
        {"a", "Domain="},
        {"a", "Domain=."},
        {"a", "Domain=a."},
        {"a", "Domain=a..b"},
        {"a", "Domain=a b"},
        {"a", "Domain=a;b"},
        {"a", "SameSite="},
        {"a", "SameSite=Loose"},
        {"a", "Path=/", "path=/app"},
        {"a", "Domain=a", "Domain=a"},
        {"__Host-a", "Path=/app"},
        {"__Host-a", "Domain=example.com"},
        {"__HOST-a", "SameSite=Lax", "Domain=example.com"},
    };
    struct sspi_view word;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t n = 1;
        while (n < N_WORDS && bad[i][n] != NULL)
            n++;
        assert_false(is_right(bad[i], &word));
        assert_ptr_equal(word.data, bad[i][n - 1]);
    }
}

static void the_words_together_have_a_limit(void **state)
{
    char name[POLICY_COOKIE_LIMIT + 1];
    struct sspi_view words[] = {{name, POLICY_COOKIE_LIMIT - 6}, SSPI_VIEW("Path=/")};
    struct sspi_view word;
    memset(name, 'a', sizeof(name));
    assert_null(policy_cookie_check(words, 2, &word));
    words[0].len++;
    assert_non_null(policy_cookie_check(words, 2, &word));
    words[0].len = POLICY_COOKIE_LIMIT;
    assert_null(policy_cookie_check(words, 1, &word));
    words[0].len++;
    assert_non_null(policy_cookie_check(words, 1, &word));
}

static void the_directive_is_named_with_the_wrong_word(void **state)
{
    struct sspi_policy policy = sspi_policy_defaults();
    struct sspi_view words[] = {SSPI_VIEW("__Host-a"), SSPI_VIEW("Domain=example.com")};
    char error[SSPI_ERROR_SIZE];
    assert_false(
        sspi_policy_set(&policy, SSPI_OPTION_SESSION_COOKIE, words, 2, SSPI_SERVER_NGINX, error));
    assert_string_equal(error, "sspi_session_cookie: \"Domain=example.com\" is not valid; use a "
                               "name without __Host-, because a cookie with that prefix has no "
                               "domain");
    assert_false(sspi_policy_is_set(&policy, SSPI_OPTION_SESSION_COOKIE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_a_token_with_known_attributes),
        cmocka_unit_test(anything_else_is_refused_by_its_word),
        cmocka_unit_test(the_words_together_have_a_limit),
        cmocka_unit_test(the_directive_is_named_with_the_wrong_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
