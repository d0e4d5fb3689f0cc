/* SPDX-License-Identifier: Apache-2.0 */
/* Where a session counts: its audience, and the host of its seal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "session_audience.h"
#include "session_host.h"
#include "sspi_http.h"

static struct hash_suite hashes;

static int get_hashes(void **state)
{
    return hash_suite_init(&hashes) ? 0 : -1;
}

static int clear_hashes(void **state)
{
    hash_suite_clear(&hashes);
    return 0;
}

static struct session_audience audience_of(const struct session_audience_facts *facts)
{
    struct session_audience audience = {.len = 0};
    assert_true(session_audience_of(facts, &hashes, &audience));
    return audience;
}

static void assert_text(const struct session_audience_facts *facts, const char *text)
{
    struct session_audience audience = audience_of(facts);
    assert_int_equal(audience.len, strlen(text));
    assert_memory_equal(audience.text, text, audience.len);
}

static bool are_equal(const struct session_audience_facts *a,
                      const struct session_audience_facts *b)
{
    struct session_audience first = audience_of(a), second = audience_of(b);
    return first.len == second.len && memcmp(first.text, second.text, first.len) == 0;
}

/* These texts are in cookies: another version must compute the same ones. */
static void each_package_has_its_own_text(void **state)
{
    struct sid domain;
    assert_true(sid_parse(SSPI_VIEW("S-1-5-21-1-2-3"), &domain));
    const struct session_audience_facts kerberos = {.mech = SSPI_MECH_KERBEROS,
                                                    .path = SSPI_VIEW("/etc/krb5.keytab")};
    const struct session_audience_facts file = {.mech = SSPI_MECH_NTLM,
                                                .path = SSPI_VIEW("/etc/nt")};
    const struct session_audience_facts winbind = {.mech = SSPI_MECH_NTLM, .domain = &domain};
    const struct session_audience_facts digest = {.realm = SSPI_VIEW("staff"),
                                                  .path = SSPI_VIEW("/etc/users")};
    assert_text(&kerberos, "k");
    assert_text(&file, "n/etc/nt");
    assert_text(&winbind, "wS-1-5-21-1-2-3");
    assert_text(&digest, "dstaff:/etc/users");
}

static void a_configured_text_replaces_the_others(void **state)
{
    const struct session_audience_facts facts = {.configured = SSPI_VIEW("intranet"),
                                                 .realm = SSPI_VIEW("staff"),
                                                 .path = SSPI_VIEW("/etc/users")};
    assert_text(&facts, "tintranet");
}

static void a_long_text_is_hashed(void **state)
{
    char path[SESSION_AUDIENCE_LIMIT + 1];
    struct session_audience_facts facts = {.mech = SSPI_MECH_NTLM};
    memset(path, 'p', sizeof(path));
    facts.path = (struct sspi_view){path, SESSION_AUDIENCE_LIMIT - 1};
    assert_int_equal(audience_of(&facts).len, SESSION_AUDIENCE_LIMIT);
    facts.path.len++;
    assert_text(&facts, "#7d910e4d48da7de37b14f591b31a4cd6144e79515cf9b2d645ccbd50e79a18c5");
    struct session_audience_facts other = facts;
    other.path.len++;
    assert_false(are_equal(&facts, &other));
}

static void another_realm_or_file_is_another_audience(void **state)
{
    const struct session_audience_facts facts = {.realm = SSPI_VIEW("staff"),
                                                 .path = SSPI_VIEW("/etc/users")};
    struct session_audience_facts other = facts;
    assert_true(are_equal(&facts, &other));
    other.realm = SSPI_VIEW("staf");
    assert_false(are_equal(&facts, &other));
    other = facts;
    other.path = SSPI_VIEW("/etc/user");
    assert_false(are_equal(&facts, &other));
}

static void a_location_without_a_source_has_no_audience(void **state)
{
    struct session_audience audience;
    const struct sid unknown = {0};
    struct session_audience_facts facts = {.mech = SSPI_MECH_NTLM};
    assert_false(session_audience_of(&facts, &hashes, &audience));
    facts.domain = &unknown;
    assert_false(session_audience_of(&facts, &hashes, &audience));
    facts = (struct session_audience_facts){.realm = SSPI_VIEW("staff")};
    assert_false(session_audience_of(&facts, &hashes, &audience));
    facts.path = SSPI_VIEW("/etc/users");
    facts.realm = SSPI_VIEW("a:b");
    assert_false(session_audience_of(&facts, &hashes, &audience));
}

static void assert_host(const char *authority, const char *host)
{
    char written[SESSION_HOST_LIMIT];
    size_t len = session_host_of(bytes_view(authority), written);
    assert_int_equal(len, strlen(host));
    assert_memory_equal(written, host, len);
}

static void a_host_has_one_spelling(void **state)
{
    assert_host("www.example.com", "www.example.com");
    assert_host("WWW.Example.COM:8443", "www.example.com");
    assert_host("www.example.com.", "www.example.com");
    assert_host("www.example.com.:443", "www.example.com");
    assert_host("[2001:DB8::1]:8443", "[2001:db8::1]");
    assert_host("192.0.2.1:80", "192.0.2.1");
    assert_host("localhost:", "localhost");
}

static void a_request_may_have_no_usable_host(void **state)
{
    char written[SESSION_HOST_LIMIT];
    char longest[SESSION_HOST_LIMIT + 2] = "";
    assert_int_equal(session_host_of((struct sspi_view){NULL, 0}, written), 0);
    assert_host("", "");
    assert_host(":443", "");
    assert_host("a b", "");
    assert_host("a\x80", "");
    assert_host("a\n", "");
    memset(longest, 'a', SESSION_HOST_LIMIT);
    assert_host(longest, longest);
    longest[SESSION_HOST_LIMIT] = 'a';
    assert_host(longest, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_package_has_its_own_text),
        cmocka_unit_test(a_configured_text_replaces_the_others),
        cmocka_unit_test(a_long_text_is_hashed),
        cmocka_unit_test(another_realm_or_file_is_another_audience),
        cmocka_unit_test(a_location_without_a_source_has_no_audience),
        cmocka_unit_test(a_host_has_one_spelling),
        cmocka_unit_test(a_request_may_have_no_usable_host),
    };
    return cmocka_run_group_tests(tests, get_hashes, clear_hashes);
}
