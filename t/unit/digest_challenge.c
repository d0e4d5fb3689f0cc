/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "digest_challenge.h"

static void assert_challenge(const struct digest_challenge *challenge,
                             enum sspi_digest_algorithm algorithm, const char *wanted)
{
    BYTES_CLEANUP struct bytes out = {0};

    digest_challenge_append(&out, challenge, algorithm);
    bytes_append(&out, "", 1);
    assert_string_equal(out.data, wanted);
}

static const struct digest_challenge plain = {
    .realm = {"r", 1},
    .nonce = {"NoNcE", 5},
    .opaque = {"OpAqUe", 6},
    .qop = "auth",
};

static void required_directives_are_written_in_order(void **state)
{
    assert_challenge(&plain, SSPI_DIGEST_MD5,
                     "realm=\"r\", nonce=\"NoNcE\", opaque=\"OpAqUe\", algorithm=MD5, "
                     "qop=\"auth\", charset=UTF-8");
}

static void optional_directives_are_written_in_order(void **state)
{
    struct digest_challenge challenge = plain;

    challenge.domain = SSPI_VIEW("/a https://b.example/c");
    challenge.qop = "auth,auth-int";
    challenge.userhash = true;
    challenge.stale = true;
    assert_challenge(&challenge, SSPI_DIGEST_SHA_512_256_SESS,
                     "realm=\"r\", domain=\"/a https://b.example/c\", nonce=\"NoNcE\", "
                     "opaque=\"OpAqUe\", algorithm=SHA-512-256-sess, qop=\"auth,auth-int\", "
                     "charset=UTF-8, userhash=true, stale=true");
    challenge = plain;
    challenge.stale = true;
    challenge.qop = "auth-int";
    assert_challenge(&challenge, SSPI_DIGEST_SHA_256,
                     "realm=\"r\", nonce=\"NoNcE\", opaque=\"OpAqUe\", algorithm=SHA-256, "
                     "qop=\"auth-int\", charset=UTF-8, stale=true");
    challenge = plain;
    challenge.userhash = true;
    assert_challenge(&challenge, SSPI_DIGEST_MD5_SESS,
                     "realm=\"r\", nonce=\"NoNcE\", opaque=\"OpAqUe\", algorithm=MD5-sess, "
                     "qop=\"auth\", charset=UTF-8, userhash=true");
}

static void quotes_and_backslashes_of_the_realm_are_quoted_pairs(void **state)
{
    struct digest_challenge challenge = plain;

    challenge.realm = SSPI_VIEW("a \"b\\c\"");
    assert_challenge(&challenge, SSPI_DIGEST_MD5,
                     "realm=\"a \\\"b\\\\c\\\"\", nonce=\"NoNcE\", opaque=\"OpAqUe\", "
                     "algorithm=MD5, qop=\"auth\", charset=UTF-8");
}

static void realm_that_breaks_a_header_does_not_fit(void **state)
{
    char longest[DIGEST_CHALLENGE_REALM_LIMIT + 1];

    memset(longest, 'r', sizeof(longest));
    assert_true(digest_challenge_realm_fits(SSPI_VIEW("Intranet \"x\" \\ \xc3\xa4")));
    assert_false(digest_challenge_realm_fits(SSPI_VIEW("")));
    assert_false(digest_challenge_realm_fits(SSPI_VIEW("a\r\nSet-Cookie: x")));
    assert_false(digest_challenge_realm_fits(SSPI_VIEW("a\0b")));
    assert_false(digest_challenge_realm_fits(SSPI_VIEW("a\x7f")));
    assert_false(digest_challenge_realm_fits(SSPI_VIEW("a\xe4")));
    assert_true(digest_challenge_realm_fits((struct sspi_view){longest, sizeof(longest) - 1}));
    assert_false(digest_challenge_realm_fits((struct sspi_view){longest, sizeof(longest)}));
}

static void domain_is_a_list_of_uris_and_paths(void **state)
{
    static const char *const fits[] = {"/",
                                       "/a/b?c=d&e=%20",
                                       "/a /b /c",
                                       "http://host/x",
                                       "https://host:8443/ /b HTTP://x",
                                       "a+b-c.1:x",
                                       "//host/x"};
    static const char *const fits_not[] = {
        "",           " ",        " /a",   "/a ",       "/a  /b",  "/a\t/b",    "/a,\"/b\"",
        "/a\\b",      "a/b",      "../a",  "?x",        "host",    "1http://x", ":x",
        "http//host", "/a\r\nX:", "/\x7f", "/\xc3\xa4", "/a x /b", "ht_tp://x", "*"};
    char longest[DIGEST_CHALLENGE_DOMAIN_LIMIT + 1];

    for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++)
        assert_true(digest_challenge_domain_fits(bytes_view(fits[i])));
    for (size_t i = 0; i < sizeof(fits_not) / sizeof(fits_not[0]); i++)
        assert_false(digest_challenge_domain_fits(bytes_view(fits_not[i])));
    assert_false(digest_challenge_domain_fits((struct sspi_view){NULL, 0}));
    assert_false(digest_challenge_domain_fits(SSPI_VIEW("/a\0b")));
    memset(longest, '/', sizeof(longest));
    assert_true(digest_challenge_domain_fits((struct sspi_view){longest, sizeof(longest) - 1}));
    assert_false(digest_challenge_domain_fits((struct sspi_view){longest, sizeof(longest)}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(required_directives_are_written_in_order),
        cmocka_unit_test(optional_directives_are_written_in_order),
        cmocka_unit_test(quotes_and_backslashes_of_the_realm_are_quoted_pairs),
        cmocka_unit_test(realm_that_breaks_a_header_does_not_fit),
        cmocka_unit_test(domain_is_a_list_of_uris_and_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
