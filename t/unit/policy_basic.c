/* SPDX-License-Identifier: Apache-2.0 */
/* Basic in a policy: who verifies its passwords, and which identities the policy then accepts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy.h"
#include "policy_check.h"

static char error[SSPI_ERROR_SIZE];

static void set(struct sspi_policy *policy, enum sspi_option option, const char *word)
{
    static struct sspi_view words[16];
    static size_t n;
    words[n % 16] = bytes_view(word);
    if (!sspi_policy_set(policy, option, &words[n++ % 16], 1, SSPI_SERVER_NGINX, error))
        fail_msg("%s", error);
}

static struct sspi_policy basic(void)
{
    struct sspi_policy policy = sspi_policy_defaults();
    set(&policy, SSPI_OPTION_PACKAGES, "Basic");
    return policy;
}

/* -1: none. */
static int verifier(const struct sspi_policy *policy)
{
    enum sspi_basic_verify found;
    return policy_basic_verifier(policy, &found) ? (int)found : -1;
}

static void the_first_that_is_configured_verifies(void **state)
{
    static const struct sspi_view both[] = {{"NTLM", 4}, {"Basic", 5}};
    struct sspi_policy policy = basic();
    (void)state;
    assert_int_equal(verifier(&policy), -1);
    set(&policy, SSPI_OPTION_DIGEST_USER_FILE, "/users");
    assert_int_equal(verifier(&policy), SSPI_BASIC_VERIFY_FILE);
    assert_true(sspi_policy_set(&policy, SSPI_OPTION_PACKAGES, both, 2, SSPI_SERVER_NGINX, error));
    set(&policy, SSPI_OPTION_MECHANISMS, "ntlm");
    assert_int_equal(verifier(&policy), SSPI_BASIC_VERIFY_WINBIND);
    set(&policy, SSPI_OPTION_NTLM_USER_FILE, "/nt");
    assert_int_equal(verifier(&policy), SSPI_BASIC_VERIFY_FILE);
    set(&policy, SSPI_OPTION_KEYTAB, "/keytab");
    assert_int_equal(verifier(&policy), SSPI_BASIC_VERIFY_KDC);
    set(&policy, SSPI_OPTION_BASIC_VERIFY, "file");
    assert_int_equal(verifier(&policy), SSPI_BASIC_VERIFY_FILE);
}

static void the_verifier_decides_which_users_there_are(void **state)
{
    struct sspi_policy policy = basic();
    (void)state;
    set(&policy, SSPI_OPTION_DIGEST_USER_FILE, "/users");
    assert_true(policy_has_only_digest_users(&policy) && policy_uses_digest_users(&policy));
    assert_false(policy_uses_mech(&policy, SSPI_MECH_NTLM));
    set(&policy, SSPI_OPTION_NTLM_USER_FILE, "/nt");
    assert_false(policy_has_only_digest_users(&policy));
    assert_true(policy_uses_mech(&policy, SSPI_MECH_NTLM));
    assert_false(policy_runs_mech(&policy, SSPI_MECH_NTLM));
    set(&policy, SSPI_OPTION_BASIC_VERIFY, "kdc");
    assert_true(policy_uses_mech(&policy, SSPI_MECH_KERBEROS));
    assert_false(policy_uses_digest_users(&policy));
}

static void it_is_offered_only_over_tls_and_never_for_a_channel(void **state)
{
    struct sspi_policy policy = basic();
    (void)state;
    assert_true(policy_offers_basic(&policy, true));
    assert_false(policy_offers_basic(&policy, false));
    assert_true(policy_offers_only_over_tls(&policy));
    set(&policy, SSPI_OPTION_BASIC_REQUIRE_TLS, "off");
    assert_true(policy_offers_basic(&policy, false));
    assert_false(policy_offers_only_over_tls(&policy));
    set(&policy, SSPI_OPTION_CHANNEL_BINDING, "require");
    assert_false(policy_offers_basic(&policy, true));
}

static void tries_are_a_number_and_a_time(void **state)
{
    struct policy_tries tries = policy_basic_tries(&(struct sspi_policy){0});
    (void)state;
    assert_int_equal(tries.number, 0);
    struct sspi_policy policy = sspi_policy_defaults();
    tries = policy_basic_tries(&policy);
    assert_true(tries.number == 5 && tries.time_s == 300);
    set(&policy, SSPI_OPTION_BASIC_TRIES, "7/2h");
    tries = policy_basic_tries(&policy);
    assert_true(tries.number == 7 && tries.time_s == 7200);
    assert_true(policy_read_tries(SSPI_VIEW("1000/1d"), &tries));
    assert_false(policy_read_tries(SSPI_VIEW("1001/1d"), &tries));
    assert_false(policy_read_tries(SSPI_VIEW("1000/86401"), &tries));
    assert_false(policy_read_tries(SSPI_VIEW("5m/5"), &tries));
}

/* ---- the policy check ---- */

static const char places[2];
#define THIS_SOURCE  ((const struct acceptor_source *)(const void *)&places[0])
#define OTHER_SOURCE ((const struct acceptor_source *)(const void *)&places[1])

static const char *check(const struct sspi_policy *policy, const struct policy_identity *identity,
                         const struct policy_facts *facts)
{
    const char *why = policy_check_identity(policy, identity, facts);
    return why == NULL ? "" : why;
}

static void a_principal_needs_the_realm_and_the_keytab(void **state)
{
    char name[] = "alice@ONE", realm[] = "ONE";
    struct policy_identity identity = {.scheme = SSPI_SCHEME_BASIC,
                                       .mech = SSPI_MECH_KERBEROS,
                                       .name = name,
                                       .realm = realm,
                                       .source = THIS_SOURCE};
    struct policy_facts facts = {.source = THIS_SOURCE, .default_realm = "ONE"};
    struct sspi_policy policy = basic();
    (void)state;
    set(&policy, SSPI_OPTION_KEYTAB, "/keytab");
    assert_string_equal(check(&policy, &identity, &facts), "");
    facts.source = OTHER_SOURCE;
    assert_string_equal(check(&policy, &identity, &facts), "another keytab");
    set(&policy, SSPI_OPTION_BASIC_REALM, "TWO");
    assert_string_equal(check(&policy, &identity, &facts), "another realm");
    set(&policy, SSPI_OPTION_BASIC_VERIFY, "file");
    assert_string_equal(check(&policy, &identity, &facts),
                        "passwords that another source verifies");
    set(&policy, SSPI_OPTION_CHANNEL_BINDING, "require");
    assert_string_equal(check(&policy, &identity, &facts),
                        "a channel binding, which Basic does not prove");
    set(&policy, SSPI_OPTION_PACKAGES, "Negotiate");
    assert_string_equal(check(&policy, &identity, &facts), "another scheme");
}

static void a_line_of_digest_needs_the_realm_and_the_file(void **state)
{
    char name[] = "a@b", realm[] = "staff";
    struct policy_identity identity = {.scheme = SSPI_SCHEME_BASIC,
                                       .name = name,
                                       .realm = realm,
                                       .mechanism = "MD5",
                                       .source = THIS_SOURCE};
    struct policy_facts facts = {.source = THIS_SOURCE, .realm = SSPI_VIEW("staff")};
    struct sspi_policy policy = basic();
    (void)state;
    set(&policy, SSPI_OPTION_DIGEST_USER_FILE, "/users");
    assert_string_equal(check(&policy, &identity, &facts), "");
    assert_true(policy_identity_is(&identity, SSPI_VIEW("digest:a@b")));
    facts.from_connection = true;
    assert_string_equal(check(&policy, &identity, &facts), "credentials with each request");
    facts.from_connection = false;
    set(&policy, SSPI_OPTION_NTLM_USER_FILE, "/nt");
    assert_string_equal(check(&policy, &identity, &facts), "a name that no other scheme can have");
    facts.realm = SSPI_VIEW("other");
    assert_string_equal(check(&policy, &identity, &facts), "another realm");
    facts.source = OTHER_SOURCE;
    assert_string_equal(check(&policy, &identity, &facts), "another user file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_that_is_configured_verifies),
        cmocka_unit_test(the_verifier_decides_which_users_there_are),
        cmocka_unit_test(it_is_offered_only_over_tls_and_never_for_a_channel),
        cmocka_unit_test(tries_are_a_number_and_a_time),
        cmocka_unit_test(a_principal_needs_the_realm_and_the_keytab),
        cmocka_unit_test(a_line_of_digest_needs_the_realm_and_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
