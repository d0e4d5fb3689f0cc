/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "request_basic_tries.h"

static struct request_basic_who who_of(const char *peer, const char *user)
{
    struct sspi_exchange *exchange = test_calloc(1, sizeof(*exchange));
    const struct sspi_policy policy = sspi_policy_defaults();
    struct request_basic_who who;
    exchange->request.peer = bytes_view(peer);
    assert_true(request_basic_who_of(exchange, &policy, bytes_view(user), &who));
    test_free(exchange);
    return who;
}

static bool same(const char *peer, const char *user, const char *other_peer, const char *other_user)
{
    struct request_basic_who a = who_of(peer, user), b = who_of(other_peer, other_user);
    const struct store_tries_call first = request_basic_who_call(&a, 0);
    const struct store_tries_call second = request_basic_who_call(&b, 0);
    bool is = bytes_equal(first.user, second.user) && bytes_equal(first.address, second.address);
    request_basic_who_clear(&a);
    request_basic_who_clear(&b);
    return is;
}

static void an_address_is_one_of_ipv4_or_a_prefix_of_ipv6(void **state)
{
    (void)state;
    assert_true(same("192.0.2.1", "a", "::ffff:192.0.2.1", "a"));
    assert_false(same("192.0.2.1", "a", "192.0.2.2", "a"));
    assert_true(same("2001:db8:0:1::1", "a", "2001:db8:0:1:ffff::2", "a"));
    assert_false(same("2001:db8:0:1::1", "a", "2001:db8:0:2::1", "a"));
    assert_true(same(NULL, "a", "", "a"));
    assert_false(same(NULL, "a", "192.0.2.1", "a"));
    assert_false(same("fe80::1%eth0", "a", "fe80::1%eth1", "a"));
}

static void all_spellings_of_a_name_are_one_user(void **state)
{
    static const char *const spellings[] = {"alice", "ALICE", "LAB\\alice", "alice@LAB.ORG",
                                            "lab\\Alice@x"};
    /* a blank, an accent, a soft hyphen, full width with its @ */
    static const char *const directories[] = {"alice ",        " al ice",
                                              "LAB\\ alice",   "alice @x",
                                              "alice\xc2\xa0", "\xc3\xa4lic\xc3\xa9",
                                              "al\u00adice",   "\xef\xbd\x81lice\xef\xbc\xa0x"};
    (void)state;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
        assert_true(same("::1", "alice", "::1", spellings[i]));
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
        assert_true(same("::1", "alice", "::1", directories[i]));
    /* Hiragana and Katakana */
    assert_true(same("::1", "\xe3\x81\x82", "::1", "\xe3\x82\xa2"));
    assert_false(same("::1", "\xe3\x81\x82", "::1", "\xe3\x82\xa4"));
    assert_true(same("::1", "J\xc3\x96RG", "::1", "j\xc3\xb6rg"));
    assert_false(same("::1", "alice", "::1", "alicia"));
    assert_true(same("::1", "@x", "::1", "@X"));
    assert_false(same("::1", "", "::1", "alice"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_one_of_ipv4_or_a_prefix_of_ipv6),
        cmocka_unit_test(all_spellings_of_a_name_are_one_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
