/* SPDX-License-Identifier: Apache-2.0 */
/* The option table: values, messages and the merge of scopes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy.h"

static char error[SSPI_ERROR_SIZE];

static bool set(struct sspi_policy *policy, enum sspi_option option, const struct sspi_view *words,
                size_t n_words)
{
    error[0] = '\0';
    return sspi_policy_set(policy, option, words, n_words, SSPI_SERVER_APACHE, error);
}

static bool set_one(struct sspi_policy *policy, enum sspi_option option, const char *word)
{
    struct sspi_view words[] = {bytes_view(word)};
    return set(policy, option, words, 1);
}

static void an_empty_policy_has_the_defaults_of_the_table(void **state)
{
    struct sspi_policy policy = sspi_policy_defaults();
    assert_int_equal(policy.mode, SSPI_MODE_OFF);
    assert_int_equal(policy.channel_binding, SSPI_BINDING_ALLOW);
    assert_int_equal(policy.digest_nonce_lifetime_s, 300);
    assert_int_equal(policy.state_size, 32u << 20);
    assert_true(policy.schemes.offers[SSPI_SCHEME_NEGOTIATE]);
    assert_false(policy.schemes.offers[SSPI_SCHEME_DIGEST]);
    assert_true(policy.digest_qop.offers[SSPI_QOP_AUTH]);
    assert_false(policy.digest_qop.offers[SSPI_QOP_AUTH_INT]);
    assert_int_equal(policy.service_names.n, 1);
    assert_true(bytes_equal(policy.service_names.words[0], SSPI_VIEW("HTTP/")));
    assert_false(policy_is_optional(&policy));
}

static void a_list_keeps_the_order_and_refuses_repeats(void **state)
{
    struct sspi_policy policy = sspi_policy_defaults();
    struct sspi_view words[] = {SSPI_VIEW("digest"), SSPI_VIEW("Negotiate")};
    assert_true(set(&policy, SSPI_OPTION_PACKAGES, words, 2));
    const uint8_t *list = policy.schemes.order;
    assert_int_equal(list[0], SSPI_SCHEME_DIGEST);
    assert_int_equal(list[1], SSPI_SCHEME_NEGOTIATE);
    assert_int_equal(list[2], 0);
    words[1] = SSPI_VIEW("Digest");
    assert_false(set(&policy, SSPI_OPTION_PACKAGES, words, 2));
    assert_string_equal(error,
                        "SSPIPackages: \"Digest\" is not valid; use one or more of: Negotiate "
                        "NTLM Digest Basic (each once, in the order to offer)");
}

static void all_of_the_domain_has_room_in_a_challenge(void **state)
{
    char longest[1024];
    struct sspi_policy policy = sspi_policy_defaults();

    memset(longest, 'a', sizeof(longest));
    longest[0] = '/';
    struct sspi_view words[] = {{longest, 1020}, SSPI_VIEW("/b"), SSPI_VIEW("/c")};
    assert_true(
        sspi_policy_set(&policy, SSPI_OPTION_DIGEST_DOMAIN, words, 2, SSPI_SERVER_NGINX, error));
    assert_false(
        sspi_policy_set(&policy, SSPI_OPTION_DIGEST_DOMAIN, words, 3, SSPI_SERVER_NGINX, error));
    words[0].len = 1023;
    assert_true(
        sspi_policy_set(&policy, SSPI_OPTION_DIGEST_DOMAIN, words, 1, SSPI_SERVER_NGINX, error));
    words[0].len = 1024;
    assert_false(
        sspi_policy_set(&policy, SSPI_OPTION_DIGEST_DOMAIN, words, 1, SSPI_SERVER_NGINX, error));
    assert_non_null(strstr(error, "sspi_digest_domain"));
}

static uint64_t number_of(const struct sspi_policy *policy, enum sspi_option option)
{
    switch (option) {
    case SSPI_OPTION_DIGEST_NONCE_LIFETIME:
        return policy->digest_nonce_lifetime_s;
    case SSPI_OPTION_STATE_SIZE:
        return policy->state_size;
    case SSPI_OPTION_THREADS:
        return policy->threads;
    default:
        fail_msg("option %d is not a quantity of this test", (int)option);
        return 0;
    }
}

static void quantities_take_units_and_keep_their_limits(void **state)
{
    static const struct {
        enum sspi_option option;
        const char *text;
        bool valid;
        uint64_t number;
    } cases[] = {
        {SSPI_OPTION_DIGEST_NONCE_LIFETIME, "1", true, 1},
        {SSPI_OPTION_DIGEST_NONCE_LIFETIME, "300s", true, 300},
        {SSPI_OPTION_DIGEST_NONCE_LIFETIME, "5m", true, 300},
        {SSPI_OPTION_DIGEST_NONCE_LIFETIME, "8H", true, 28800},
        {SSPI_OPTION_DIGEST_NONCE_LIFETIME, "604800", true, 604800},
        {SSPI_OPTION_DIGEST_NONCE_LIFETIME, "604801", false, 0},
        {SSPI_OPTION_DIGEST_NONCE_LIFETIME, "0", false, 0},
        {SSPI_OPTION_DIGEST_NONCE_LIFETIME, "", false, 0},
        {SSPI_OPTION_DIGEST_NONCE_LIFETIME, "-1", false, 0},
        {SSPI_OPTION_DIGEST_NONCE_LIFETIME, "5k", false, 0},
        {SSPI_OPTION_DIGEST_NONCE_LIFETIME, "5mm", false, 0},
        {SSPI_OPTION_DIGEST_NONCE_LIFETIME, "99999999999999999999999", false, 0},
        {SSPI_OPTION_DIGEST_NONCE_LIFETIME, "18446744073709551615d", false, 0},
        {SSPI_OPTION_STATE_SIZE, "64k", true, 65536},
        {SSPI_OPTION_STATE_SIZE, "65535", false, 0},
        {SSPI_OPTION_STATE_SIZE, "2047m", true, 2047u << 20},
        {SSPI_OPTION_STATE_SIZE, "4g", sizeof(size_t) == 8, UINT64_C(4294967296)},
        {SSPI_OPTION_STATE_SIZE, "5g", false, 0},
        {SSPI_OPTION_THREADS, "1", true, 1},
        {SSPI_OPTION_THREADS, "1024", true, 1024},
        {SSPI_OPTION_THREADS, "1025", false, 0},
        {SSPI_OPTION_THREADS, "0", false, 0},
        {SSPI_OPTION_THREADS, "8k", false, 0},
        {SSPI_OPTION_THREADS, "8s", false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sspi_policy policy = sspi_policy_defaults();
        assert_int_equal(set_one(&policy, cases[i].option, cases[i].text), cases[i].valid);
        if (cases[i].valid)
            assert_int_equal(number_of(&policy, cases[i].option), cases[i].number);
        else
            assert_non_null(strstr(error, "is not valid; use a number from"));
    }
}

static void a_wrong_word_is_named_with_the_right_ones(void **state)
{
    struct sspi_policy policy = sspi_policy_defaults();
    assert_false(set_one(&policy, SSPI_OPTION_CHANNEL_BINDING, "maybe"));
    assert_string_equal(
        error, "SSPIChannelBinding: \"maybe\" is not valid; use one of: none allow require");
    assert_int_equal(policy.set, 0);
    assert_false(set_one(&policy, SSPI_OPTION_SERVICE_NAME, "web.example.org"));
    assert_non_null(strstr(error, "HTTP/host"));
    assert_true(set_one(&policy, SSPI_OPTION_SERVICE_NAME, "*"));
}

static void the_number_of_words_is_checked(void **state)
{
    struct sspi_policy policy = sspi_policy_defaults();
    struct sspi_view words[] = {SSPI_VIEW("on"), SSPI_VIEW("off"), SSPI_VIEW("x"), SSPI_VIEW("y"),
                                SSPI_VIEW("z")};
    assert_false(set(&policy, SSPI_OPTION_REQUIRE_TLS, words, 2));
    assert_string_equal(
        error,
        "SSPIRequireTLS takes 1 word, not 2: answers 403 on a connection without TLS, without "
        "a challenge and without a check of credentials");
    assert_false(set(&policy, SSPI_OPTION_PACKAGES, words, 5));
    assert_string_equal(error, "SSPIPackages takes 1 to 4 words, not 5: authentication schemes, in "
                               "the order in which the server offers them");
}

static void every_require_line_needs_its_keyword_and_a_name(void **state)
{
    struct sspi_policy policy = sspi_policy_defaults();
    struct sspi_view absent = {NULL, 0};
    struct sspi_view good[] = {SSPI_VIEW("user"), SSPI_VIEW("alice@R"),    absent,
                               SSPI_VIEW("user"), SSPI_VIEW("digest:bob"), absent};
    assert_true(set(&policy, SSPI_OPTION_REQUIRE, good, 6));
    struct sspi_view nobody[] = {SSPI_VIEW("user"), absent};
    assert_false(set(&policy, SSPI_OPTION_REQUIRE, nobody, 2));
    struct sspi_view unknown[] = {SSPI_VIEW("people"), SSPI_VIEW("staff"), absent};
    assert_false(set(&policy, SSPI_OPTION_REQUIRE, unknown, 3));
}

static void an_inner_scope_overrides_only_what_it_says(void **state)
{
    struct sspi_policy outer = sspi_policy_defaults(), inner = sspi_policy_defaults(), merged;
    assert_true(set_one(&outer, SSPI_OPTION_CHANNEL_BINDING, "require"));
    assert_true(set_one(&outer, SSPI_OPTION_REQUIRE_TLS, "on"));
    assert_true(set_one(&inner, SSPI_OPTION_CHANNEL_BINDING, "none"));
    sspi_policy_merge(&merged, &outer, &inner);
    assert_int_equal(merged.channel_binding, SSPI_BINDING_NONE);
    assert_int_equal(merged.require_tls, 1);
    sspi_policy_merge(&inner, &outer, &inner);
    assert_memory_equal(&inner, &merged, sizeof(inner));
}

static void an_inner_scope_turns_delegation_off(void **state)
{
    struct sspi_policy outer = sspi_policy_defaults(), inner = sspi_policy_defaults(), merged;
    struct sspi_view words[] = {SSPI_VIEW("s4u2proxy"), SSPI_VIEW("None")};
    assert_false(set(&inner, SSPI_OPTION_DELEGATION, words, 2));
    assert_non_null(strstr(error, "or only none"));
    assert_true(set(&outer, SSPI_OPTION_DELEGATION, words, 1));
    assert_true(set(&inner, SSPI_OPTION_DELEGATION, words + 1, 1));
    sspi_policy_merge(&merged, &outer, &inner);
    assert_int_equal(merged.delegation.order[0], SSPI_DELEGATION_NONE);
    assert_false(merged.delegation.offers[SSPI_DELEGATION_S4U2PROXY]);
    sspi_policy_merge(&merged, &inner, &outer);
    assert_true(merged.delegation.offers[SSPI_DELEGATION_S4U2PROXY]);
}

static void an_inner_scope_keeps_an_outer_demand_for_bound_clients(void **state)
{
    const struct sspi_view end = {NULL, 0};
    struct sspi_view bound[] = {SSPI_VIEW("channel-bound"), end};
    struct sspi_view user[] = {SSPI_VIEW("user"), SSPI_VIEW("channel-bound"), end};
    struct sspi_policy outer = sspi_policy_defaults(), inner = sspi_policy_defaults(),
                       innermost = sspi_policy_defaults(), merged;
    assert_true(set(&outer, SSPI_OPTION_REQUIRE, bound, 2));
    assert_true(set(&inner, SSPI_OPTION_REQUIRE, user, 3));
    assert_true(outer.requires_channel_bound);
    assert_false(inner.requires_channel_bound);
    sspi_policy_merge(&merged, &inner, &innermost);
    assert_false(merged.requires_channel_bound);
    sspi_policy_merge(&merged, &outer, &inner);
    assert_true(merged.requires_channel_bound);
    assert_ptr_equal(merged.require.words, user);
    sspi_policy_merge(&merged, &merged, &innermost);
    assert_true(merged.requires_channel_bound);
    sspi_policy_merge(&merged, &inner, &outer);
    assert_true(merged.requires_channel_bound);
    assert_ptr_equal(merged.require.words, bound);
}

static void demands_are_distinguished_from_other_options(void **state)
{
    const struct sspi_view end = {NULL, 0};
    struct sspi_view user[] = {SSPI_VIEW("user"), SSPI_VIEW("digest:alice"), end};
    struct sspi_policy policy = sspi_policy_defaults();
    for (enum sspi_option option = 0; option < SSPI_OPTION_COUNT; option++)
        assert_false(sspi_policy_demands(&policy, option));
    assert_true(set_one(&policy, SSPI_OPTION_REQUIRE_TLS, "off"));
    assert_true(set_one(&policy, SSPI_OPTION_CHANNEL_BINDING, "allow"));
    assert_true(set_one(&policy, SSPI_OPTION_KEYTAB, "/keytab"));
    for (enum sspi_option option = 0; option < SSPI_OPTION_COUNT; option++)
        assert_false(sspi_policy_demands(&policy, option));
    assert_true(set_one(&policy, SSPI_OPTION_REQUIRE_TLS, "on"));
    assert_true(set_one(&policy, SSPI_OPTION_CHANNEL_BINDING, "require"));
    assert_true(set(&policy, SSPI_OPTION_REQUIRE, user, 3));
    assert_true(sspi_policy_demands(&policy, SSPI_OPTION_REQUIRE_TLS));
    assert_true(sspi_policy_demands(&policy, SSPI_OPTION_CHANNEL_BINDING));
    assert_true(sspi_policy_demands(&policy, SSPI_OPTION_REQUIRE));
}

static void a_scope_chooses_one_source_of_users(void **state)
{
    struct sspi_policy outer = sspi_policy_defaults(), inner = sspi_policy_defaults(), merged;
    assert_true(set_one(&outer, SSPI_OPTION_DIGEST_PROVIDER, "file"));
    assert_false(set_one(&outer, SSPI_OPTION_DIGEST_USER_FILE, "/users"));
    assert_non_null(strstr(error, "either SSPIDigestUserFile or SSPIDigestProvider"));
    sspi_policy_merge(&merged, &outer, &inner);
    assert_true(merged.digest_providers.n > 0);
    assert_true(set_one(&inner, SSPI_OPTION_DIGEST_USER_FILE, "/users"));
    assert_true(set_one(&inner, SSPI_OPTION_DIGEST_USER_FILE, "/others"));
    assert_false(set_one(&inner, SSPI_OPTION_DIGEST_PROVIDER, "file"));
    sspi_policy_merge(&merged, &outer, &inner);
    assert_false(merged.digest_providers.n > 0);
    assert_true(sspi_policy_is_set(&merged, SSPI_OPTION_DIGEST_USER_FILE));
    sspi_policy_merge(&merged, &inner, &outer);
    assert_true(merged.digest_providers.n > 0);
    assert_false(sspi_policy_is_set(&merged, SSPI_OPTION_DIGEST_USER_FILE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_policy_has_the_defaults_of_the_table),
        cmocka_unit_test(a_list_keeps_the_order_and_refuses_repeats),
        cmocka_unit_test(all_of_the_domain_has_room_in_a_challenge),
        cmocka_unit_test(quantities_take_units_and_keep_their_limits),
        cmocka_unit_test(a_wrong_word_is_named_with_the_right_ones),
        cmocka_unit_test(the_number_of_words_is_checked),
        cmocka_unit_test(every_require_line_needs_its_keyword_and_a_name),
        cmocka_unit_test(an_inner_scope_overrides_only_what_it_says),
        cmocka_unit_test(an_inner_scope_turns_delegation_off),
        cmocka_unit_test(an_inner_scope_keeps_an_outer_demand_for_bound_clients),
        cmocka_unit_test(demands_are_distinguished_from_other_options),
        cmocka_unit_test(a_scope_chooses_one_source_of_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
