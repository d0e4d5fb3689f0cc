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

static void challenge_quotes_what_must_be_quoted(void **state)
{
    BYTES_CLEANUP struct bytes out = {0};

    digest_challenge_append(&out, SSPI_VIEW("a \"b\\c\""), SSPI_VIEW("NoNcE"), SSPI_DIGEST_SHA_256,
                            false);
    bytes_append(&out, "", 1);
    assert_string_equal(out.data, "realm=\"a \\\"b\\\\c\\\"\", nonce=\"NoNcE\", algorithm=SHA-256, "
                                  "qop=\"auth\", charset=UTF-8");
}

static void stale_is_told_only_when_it_is(void **state)
{
    BYTES_CLEANUP struct bytes out = {0};

    digest_challenge_append(&out, SSPI_VIEW("r"), SSPI_VIEW("n"), SSPI_DIGEST_MD5, true);
    bytes_append(&out, "", 1);
    assert_string_equal(out.data, "realm=\"r\", nonce=\"n\", algorithm=MD5, qop=\"auth\", "
                                  "charset=UTF-8, stale=true");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenge_quotes_what_must_be_quoted),
        cmocka_unit_test(stale_is_told_only_when_it_is),
        cmocka_unit_test(realm_that_breaks_a_header_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
