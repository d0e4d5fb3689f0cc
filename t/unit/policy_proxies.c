/* SPDX-License-Identifier: Apache-2.0 */
/* Which requests came through a proxy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy_proxies.h"

static bool is_between(const char *network, const char *peer)
{
    char error[SSPI_ERROR_SIZE];
    struct sspi_policy policy = sspi_policy_defaults();
    const struct sspi_view word = {network, strlen(network)};
    const struct sspi_request request = {.peer = {peer, strlen(peer)}};
    assert_true(sspi_policy_set(&policy, SSPI_OPTION_PROXIES, &word, 1, SSPI_SERVER_NGINX, error));
    return policy_proxies_between(&request, &policy);
}

static void addresses_lie_in_networks(void **state)
{
    static const struct {
        const char *network, *peer;
        bool inside;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.64/26", "192.0.2.127", true},
        {"192.0.2.64/26", "192.0.2.128", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"192.0.2.1", "::ffff:192.0.2.1", true},
        {"::ffff:192.0.2.0/120", "192.0.2.1", true},
        {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::1", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"::/0", "2001:db8::1", true},
        {"2001:db8::1", "192.0.2.1", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (is_between(cases[i].network, cases[i].peer) != cases[i].inside)
            fail_msg("%s in %s", cases[i].peer, cases[i].network);
}

static void other_texts_are_not_networks(void **state)
{
    static const char *const wrong[] = {"",
                                        "/",
                                        "192.0.2.1/",
                                        "/24",
                                        "192.0.2.0/33",
                                        "192.0.2",
                                        "192.0.2.0/2 4",
                                        "2001:db8::/129",
                                        "2001:db8::/0128",
                                        "localhost",
                                        "192.0.2.1/-1",
                                        "*",
                                        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (policy_proxies_is_network(bytes_view(wrong[i])))
            fail_msg("%s", wrong[i]);
    assert_false(policy_proxies_is_network((struct sspi_view){"192.0.2.1\0", 10}));
}

static void a_peer_without_an_address_or_with_proxy_headers_is_a_proxy(void **state)
{
    struct sspi_policy policy = sspi_policy_defaults();
    struct sspi_request request = {.peer = SSPI_VIEW("192.0.2.1")};
    assert_false(policy_proxies_between(&request, &policy));
    request.forwarded = true;
    assert_true(policy_proxies_between(&request, &policy));
    request = (struct sspi_request){0};
    assert_true(policy_proxies_between(&request, &policy));
    assert_true(is_between("192.0.2.1", "nonsense"));
}

static void proxies_add_these_headers(void **state)
{
    static const char *const tell[] = {
        "Via", "VIA", "Forwarded", "X-Forwarded-For", "x-forwarded-proto", "X-Real-IP"};
    static const char *const silent[] = {"X-Forwarded-", "X-Forwarded", "Viaduct",
                                         "X-Real-IPs",   "Host",        ""};
    for (size_t i = 0; i < sizeof(tell) / sizeof(tell[0]); i++)
        assert_true(sspi_http_is_proxy_header(bytes_view(tell[i])));
    for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
        assert_false(sspi_http_is_proxy_header(bytes_view(silent[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_lie_in_networks),
        cmocka_unit_test(other_texts_are_not_networks),
        cmocka_unit_test(a_peer_without_an_address_or_with_proxy_headers_is_a_proxy),
        cmocka_unit_test(proxies_add_these_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
