/* SPDX-License-Identifier: Apache-2.0 */
/* Locations of a host that share a cookie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "acceptor_sessions.h"

static char text[SSPI_ERROR_SIZE];
static struct hash_suite hashes;
static struct acceptor_sessions *list;

static int begin(void **state)
{
    text[0] = '\0';
    return hash_suite_init(&hashes) ? 0 : -1;
}

static int end(void **state)
{
    acceptor_sessions_free(list);
    list = NULL;
    hash_suite_clear(&hashes);
    return 0;
}

static void set(struct sspi_policy *policy, enum sspi_option option, const struct sspi_view *word)
{
    if (!sspi_policy_set(policy, option, word, 1, SSPI_SERVER_NGINX, text))
        fail_msg("%s", text);
}

/* Each static word lives as long as the policies. */
#define SET(policy, option, value)                                                                 \
    do {                                                                                           \
        static const struct sspi_view word = {value, sizeof(value) - 1};                           \
        set(policy, SSPI_OPTION_##option, &word);                                                  \
    } while (0)

static struct sspi_policy kerberos(void)
{
    struct sspi_policy policy = sspi_policy_defaults();
    SET(&policy, SESSION, "on");
    return policy;
}

static struct sspi_policy digest(void)
{
    struct sspi_policy policy = kerberos();
    SET(&policy, PACKAGES, "Digest");
    SET(&policy, DIGEST_USER_FILE, "/etc/users");
    return policy;
}

static bool check(const char *host, const char *name, const struct sspi_policy *policy,
                  const char *realm)
{
    const struct acceptor_sessions_location location = {
        host, name, policy, SSPI_SERVER_NGINX, {realm, 0}};
    struct acceptor_sessions_location with_realm = location;
    if (realm != NULL)
        with_realm.realm.len = strlen(realm);
    return acceptor_sessions_check(&list, &with_realm, &hashes, text);
}

static void two_audiences_of_one_cookie_are_reported_once(void **state)
{
    const struct sspi_policy first = kerberos(), second = digest();
    assert_true(check("www", "/a/", &first, NULL));
    assert_true(check("www", "/b/", &first, NULL));
    assert_false(check("www", "/c/", &second, "r"));
    assert_non_null(
        strstr(text, "/a/ and /c/ of the host www have the session cookie __Host-sspi"));
    assert_true(check("www", "/d/", &second, "r"));
    assert_true(check("other", "/e/", &second, "r"));
    assert_false(check("other", "/f/", &second, "s"));
}

static void other_names_and_paths_are_other_cookies(void **state)
{
    const struct sspi_policy first = kerberos();
    struct sspi_policy second = digest();
    SET(&second, SESSION_COOKIE, "digest");
    assert_true(check("www", "/a/", &first, NULL));
    assert_true(check("www", "/b/", &second, "r"));
    second.session = false;
    second.session_cookie = first.session_cookie;
    assert_true(check("www", "/c/", &second, "r"));
}

static void one_configured_audience_joins_them(void **state)
{
    struct sspi_policy first = kerberos(), second = digest();
    SET(&first, SESSION_AUDIENCE, "intranet");
    SET(&second, SESSION_AUDIENCE, "intranet");
    assert_true(check("www", "/a/", &first, NULL));
    assert_true(check("www", "/b/", &second, NULL));
    SET(&second, SESSION_AUDIENCE, "other");
    assert_false(check("www", "/c/", &second, NULL));
}

static void a_realm_that_depends_on_the_request_is_not_compared(void **state)
{
    const struct sspi_policy policy = digest();
    assert_true(check("www", "/a/", &policy, "r"));
    assert_true(check("www", "/b/", &policy, NULL));
    assert_false(check("www", "/c/", &policy, "s"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_audiences_of_one_cookie_are_reported_once, begin, end),
        cmocka_unit_test_setup_teardown(other_names_and_paths_are_other_cookies, begin, end),
        cmocka_unit_test_setup_teardown(one_configured_audience_joins_them, begin, end),
        cmocka_unit_test_setup_teardown(a_realm_that_depends_on_the_request_is_not_compared, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
