/* SPDX-License-Identifier: Apache-2.0 */
/* Each demand of a policy on an identity: the check returns the first demand that is not met. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "policy_check.h"

static char error[SSPI_ERROR_SIZE];
static const enum sspi_digest_algorithm sha_256[] = {SSPI_DIGEST_SHA_256};

/* The check compares sources by their address only. */
static const char places[2];
#define THIS_SOURCE  ((const struct acceptor_source *)(const void *)&places[0])
#define OTHER_SOURCE ((const struct acceptor_source *)(const void *)&places[1])

static struct sspi_policy policy_with(enum sspi_option option, const struct sspi_view *word,
                                      size_t n_words)
{
    const struct sspi_view all[] = {SSPI_VIEW("Negotiate"), SSPI_VIEW("NTLM"), SSPI_VIEW("Digest")};
    const struct sspi_view both[] = {SSPI_VIEW("kerberos"), SSPI_VIEW("ntlm")};
    struct sspi_policy policy = sspi_policy_defaults();
    assert_true(sspi_policy_set(&policy, SSPI_OPTION_PACKAGES, all, 3, SSPI_SERVER_NGINX, error));
    assert_true(
        sspi_policy_set(&policy, SSPI_OPTION_MECHANISMS, both, 2, SSPI_SERVER_NGINX, error));
    if (n_words > 0 && !sspi_policy_set(&policy, option, word, n_words, SSPI_SERVER_NGINX, error))
        fail_msg("%s", error);
    return policy;
}

static const char *check(const struct sspi_policy *policy, const struct policy_identity *identity,
                         const struct policy_facts *facts)
{
    const char *why = policy_check_identity(policy, identity, facts);
    return why == NULL ? "" : why;
}

static void kerberos_and_ntlm(void **state)
{
    const struct sspi_view ntlm = SSPI_VIEW("NTLM"), kerberos = SSPI_VIEW("kerberos");
    const struct sspi_policy policy = policy_with(0, NULL, 0);
    const struct sspi_policy other_scheme = policy_with(SSPI_OPTION_PACKAGES, &ntlm, 1);
    const struct sspi_policy no_ntlm = policy_with(SSPI_OPTION_MECHANISMS, &kerberos, 1);
    struct policy_facts facts = {.source = THIS_SOURCE};
    struct policy_identity identity = {
        .scheme = SSPI_SCHEME_NEGOTIATE, .mech = SSPI_MECH_KERBEROS, .source = THIS_SOURCE};
    assert_string_equal(check(&policy, &identity, &facts), "");
    assert_string_equal(check(&other_scheme, &identity, &facts), "another scheme");
    facts.source = OTHER_SOURCE;
    assert_string_equal(check(&policy, &identity, &facts), "another keytab");
    identity.mech = SSPI_MECH_NTLM;
    assert_string_equal(check(&policy, &identity, &facts), "other users of NTLM");
    assert_string_equal(check(&no_ntlm, &identity, &facts), "other mechanisms");
}

static void logins_of_connections(void **state)
{
    const struct sspi_view off = SSPI_VIEW("off"), brief = SSPI_VIEW("1m");
    const struct sspi_policy policy = policy_with(SSPI_OPTION_CONNECTION_LIFETIME, &brief, 1);
    const struct sspi_policy none = policy_with(SSPI_OPTION_CONNECTION_AUTH, &off, 1);
    const struct policy_identity identity = {
        .scheme = SSPI_SCHEME_NTLM, .mech = SSPI_MECH_NTLM, .source = THIS_SOURCE};
    struct policy_facts facts = {.source = THIS_SOURCE,
                                 .from_connection = true,
                                 .connection_is_direct = true,
                                 .login_age_ms = 59999};
    assert_string_equal(check(&policy, &identity, &facts), "");
    assert_string_equal(check(&none, &identity, &facts), "credentials with each request");
    facts.login_age_ms = 60000;
    assert_string_equal(check(&policy, &identity, &facts), "a newer login");
    facts.connection_is_direct = false;
    assert_string_equal(check(&policy, &identity, &facts), "no proxy in between");
    facts.from_connection = false;
    assert_string_equal(check(&none, &identity, &facts), "");
}

static void digest(void **state)
{
    const struct sspi_view md5 = SSPI_VIEW("MD5"), integrity = SSPI_VIEW("auth-int"),
                           require = SSPI_VIEW("require");
    char alice[] = "alice", mail[] = "alice@host", realm[] = "realm";
    const struct sspi_policy policy = policy_with(0, NULL, 0);
    const struct sspi_policy only_md5 = policy_with(SSPI_OPTION_DIGEST_ALGORITHM, &md5, 1);
    const struct sspi_policy body = policy_with(SSPI_OPTION_DIGEST_QOP, &integrity, 1);
    const struct sspi_policy bound = policy_with(SSPI_OPTION_CHANNEL_BINDING, &require, 1);
    struct policy_facts facts = {.source = THIS_SOURCE,
                                 .realm = SSPI_VIEW("realm"),
                                 .default_algorithms = sha_256,
                                 .n_default_algorithms = 1};
    struct policy_identity identity = {.scheme = SSPI_SCHEME_DIGEST,
                                       .name = alice,
                                       .realm = realm,
                                       .mechanism = "SHA-256",
                                       .source = THIS_SOURCE};
    assert_string_equal(check(&policy, &identity, &facts), "");
    assert_string_equal(check(&only_md5, &identity, &facts), "other Digest algorithms");
    assert_string_equal(check(&body, &identity, &facts), "qop auth-int");
    identity.integrity = true;
    assert_string_equal(check(&body, &identity, &facts), "");
    identity.mechanism = "MD5";
    assert_string_equal(check(&policy, &identity, &facts), "other Digest algorithms");
    assert_string_equal(check(&bound, &identity, &facts), "");
    identity.mechanism = "SHA-256";
    identity.name = mail;
    assert_string_equal(check(&policy, &identity, &facts), "a name that no other scheme can have");
    facts.realm = SSPI_VIEW("other");
    assert_string_equal(check(&policy, &identity, &facts), "another realm");
    facts.source = OTHER_SOURCE;
    assert_string_equal(check(&policy, &identity, &facts), "another user file");
    identity.source = facts.source = NULL;
    assert_string_equal(check(&policy, &identity, &facts), "another user file");
}

static void sessions(void **state)
{
    const struct sspi_view on = SSPI_VIEW("on"), require = SSPI_VIEW("require"),
                           integrity = SSPI_VIEW("auth-int");
    const struct sspi_view bound_line[] = {SSPI_VIEW("channel-bound"), {NULL, 0}};
    const struct sspi_policy none = policy_with(0, NULL, 0);
    struct sspi_policy policy = policy_with(SSPI_OPTION_SESSION, &on, 1);
    struct policy_facts facts = {.source = THIS_SOURCE, .from_session = true};
    const struct policy_identity identity = {
        .scheme = SSPI_SCHEME_NEGOTIATE, .mech = SSPI_MECH_KERBEROS, .source = THIS_SOURCE};
    const struct policy_identity digest = {
        .scheme = SSPI_SCHEME_DIGEST, .integrity = true, .source = THIS_SOURCE};
    assert_string_equal(check(&policy, &identity, &facts), "");
    assert_string_equal(check(&none, &identity, &facts), "credentials with each request");
    facts.source = OTHER_SOURCE;
    assert_string_equal(check(&policy, &identity, &facts), "another keytab");
    assert_true(
        sspi_policy_set(&policy, SSPI_OPTION_DIGEST_QOP, &integrity, 1, SSPI_SERVER_NGINX, error));
    assert_string_equal(check(&policy, &digest, &facts), "qop auth-int");
    struct sspi_policy demands = policy;
    assert_true(sspi_policy_set(&demands, SSPI_OPTION_CHANNEL_BINDING, &require, 1,
                                SSPI_SERVER_NGINX, error));
    assert_string_equal(check(&demands, &identity, &facts),
                        "a channel binding, which a session does not prove");
    demands = policy;
    assert_true(
        sspi_policy_set(&demands, SSPI_OPTION_REQUIRE, bound_line, 2, SSPI_SERVER_NGINX, error));
    assert_string_equal(check(&demands, &identity, &facts),
                        "a channel binding, which a session does not prove");
}

static void digest_with_providers(void **state)
{
    const struct sspi_view any = SSPI_VIEW("any");
    char alice[] = "alice", realm[] = "realm";
    const struct sspi_policy policy = policy_with(SSPI_OPTION_DIGEST_PROVIDER, &any, 1);
    struct policy_facts facts = {.realm = SSPI_VIEW("realm"), .same_hash = true};
    struct policy_identity identity = {
        .scheme = SSPI_SCHEME_DIGEST, .name = alice, .realm = realm, .mechanism = "MD5"};
    assert_string_equal(check(&policy, &identity, &facts), "");
    identity.mechanism = "SHA-256";
    assert_string_equal(check(&policy, &identity, &facts), "other Digest algorithms");
    facts.same_hash = false;
    assert_string_equal(check(&policy, &identity, &facts), "a user whom its own provider knows");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kerberos_and_ntlm),
        cmocka_unit_test(logins_of_connections),
        cmocka_unit_test(digest),
        cmocka_unit_test(sessions),
        cmocka_unit_test(digest_with_providers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
