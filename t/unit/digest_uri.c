/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "digest_uri.h"

struct example {
    const char *uri, *target;
};

#define N(examples) (sizeof(examples) / sizeof((examples)[0]))

static void check(const struct example *examples, size_t n, bool wanted)
{
    for (size_t i = 0; i < n; i++)
        if (digest_uri_names(bytes_view(examples[i].uri), bytes_view(examples[i].target)) != wanted)
            fail_msg("%s for %s", examples[i].uri, examples[i].target);
}

static void a_path_is_that_of_the_target(void **state)
{
    static const struct example same[] = {{"/x?y", "/x?y"},
                                          {"/x?y", "http://host/x?y"},
                                          {"/", "http://host"},
                                          {"/?y", "http://host?y"},
                                          {"*", "*"},
                                          {"host:443", "host:443"},
                                          {"/x//y/../z", "/x//y/../z"}};
    static const struct example other[] = {{"/x", "/x?y"},
                                           {"/x?y", "/x"},
                                           {"/x?z", "/x?y"},
                                           {"/X?y", "/x?y"},
                                           {"x?y", "/x?y"},
                                           {"/x?y#", "/x?y"},
                                           {"//h/x", "/x"},
                                           {"", "http://host"},
                                           {"", "/"},
                                           {"/", ""},
                                           {"*", "http://host/"},
                                           {"/z", "/x/../z"},
                                           {"/x", "http://host"},
                                           {"?y", "http://host?y"}};

    check(same, N(same), true);
    check(other, N(other), false);
}

static void an_absolute_uri_names_the_authority(void **state)
{
    static const struct example same[] = {
        {"http://host/x", "http://host/x"},
        {"HTTP://HOST/x", "http://host/x"},
        {"http://host:80/x", "http://host/x"},
        {"http://host/x", "http://HOST:80/x"},
        {"http://host:/x", "http://host/x"},
        {"https://host:443/x", "https://host/x"},
        {"http://host:8080/x", "http://host:8080/x"},
        {"http://host", "http://host/"},
        {"http://host/", "http://host"},
        {"http://host?y", "http://host/?y"},
        {"http://host/?y", "http://host?y"},
        {"http://[::1]/x", "http://[::1]:80/x"},
        {"https://[::1]:443/x", "https://[::1]/x"},
    };
    static const struct example other[] = {
        {"http://other/x", "http://host/x"},
        {"https://host/x", "http://host/x"},
        {"http://host/x", "https://host/x"},
        {"http://host:443/x", "https://host/x"},
        {"http://host:81/x", "http://host/x"},
        {"http://host/x", "http://host:8080/x"},
        {"http://host.evil/x", "http://host/x"},
        {"http://host@evil/x", "http://host/x"},
        {"http://user@host/x", "http://host/x"},
        {"http://host:80@evil/x", "http://host/x"},
        {"http://evil?a/x", "http://host/x"},
        {"http://host?a/x", "http://host/x"},
        {"http://evil#/x", "http://host/x"},
        {"http://host\\/x", "http://host/x"},
        {"http://ho%73t/x", "http://host/x"},
        {"http:///x", "http://host/x"},
        {"http://[::1]/x", "http://[::2]/x"},
        {"http://[::1]1/x", "http://[::1]/x"},
        {"ftp://host/x", "http://host/x"},
        {"//host/x", "http://host/x"},
        {"http://host/x/", "http://host/x"},
        {"http://host", "http://host/x"},
        {"http://host/x", "http://host"},
        {"http://host//", "http://host/"},
        /* The request has no scheme and host to compare with. */
        {"http://host/x", "/x"},
        {"http:///x", "/x"},
    };

    check(same, N(same), true);
    check(other, N(other), false);
}

/* RFC 9110 4.2.3, RFC 3986 2.2 and 6.2.2. */
static void only_equivalent_octets_are_accepted(void **state)
{
    static const struct example same[] = {
        {"/%7Ealice", "/~alice"},
        {"/~alice", "/%7ealice"},
        {"/%2fx", "/%2Fx"},
        {"/%61b?%63", "/ab?c"},
        {"/a%20b", "/a%20b"},
        {"/j\xc3\xa4s", "/j%C3%a4s"},
        {"/a|b", "/a%7Cb"},
        {"/a+b?c+d", "/a+b?c+d"},
        {"/a%2bb", "/a%2Bb"},
        {"/a%", "/a%"},
        {"/%4", "/%4"},
        {"/%zz", "/%zz"},
        {"http://h/%41", "http://h/A"},
    };
    static const struct example other[] = {
        {"/a+b", "/a%2Bb"},   {"/a%2Bb", "/a+b"},   {"/?a+b", "/?a%2Bb"}, {"/?a+b", "/?a%20b"},
        {"/a%2Fb", "/a/b"},   {"/a%3Fb", "/a?b"},   {"/a%23b", "/a#b"},   {"/?a%26b", "/?a&b"},
        {"/a%3Bb", "/a;b"},   {"/?a%3Db", "/?a=b"}, {"/a%2Cb", "/a,b"},   {"/a%25b", "/a%b"},
        {"/a%2561", "/a%61"}, {"/a%2561", "/aa"},   {"/%00", "/"},        {"/%0", "/%00"},
        {"/%2e%2e/x", "/x"},  {"/a%", "/a"},
    };

    check(same, N(same), true);
    check(other, N(other), false);
}

/* A view of exactly its octets, at each length, so that a sanitizer detects a read beyond it. */
static void no_octet_is_read_beyond_the_end(void **state)
{
    static const char uri[] = "http://host:80/a%41?%2";

    for (size_t len = 0; len < sizeof(uri); len++) {
        char *copy = malloc(len + (len == 0));
        assert_non_null(copy);
        memcpy(copy, uri, len);
        struct sspi_view view = {copy, len};
        assert_true(digest_uri_names(view, view));
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_that_of_the_target),
        cmocka_unit_test(an_absolute_uri_names_the_authority),
        cmocka_unit_test(only_equivalent_octets_are_accepted),
        cmocka_unit_test(no_octet_is_read_beyond_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
