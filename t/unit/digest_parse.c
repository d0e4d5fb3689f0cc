/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "digest_parse.h"

#define RESPONSE_32 "8ca523f5e9506fed4657c9700eebdbec"

/* Directives by name; a test changes or drops one. */
static const char *const usual[][2] = {
    {"username", "\"Mufasa\""},
    {"realm", "\"r\""},
    {"nonce", "\"n\""},
    {"uri", "\"/\""},
    {"qop", "auth"},
    {"nc", "00000001"},
    {"cnonce", "\"c\""},
    {"response", "\"" RESPONSE_32 "\""},
};

static struct sspi_report report;

/* The usual text with `name` having `value` (added when new; left out when NULL). */
static void text_with(struct bytes *text, const char *name, const char *value)
{
    bool done = false;

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        const char *v = usual[i][1];
        if (strcmp(usual[i][0], name) == 0) {
            v = value;
            done = true;
        }
        if (v != NULL)
            bytes_append_format(text, "%s=%s, ", usual[i][0], v);
    }
    if (!done && value != NULL)
        bytes_append_format(text, "%s=%s", name, value);
}

static enum sspi_reason parse_with(const char *name, const char *value,
                                   struct digest_response *response)
{
    BYTES_CLEANUP struct bytes text = {0};

    report = (struct sspi_report){0};
    text_with(&text, name, value);
    enum sspi_reason reason = digest_parse_response(bytes_as_view(&text), response, &report);
    assert_int_equal(report.reason, reason);
    return reason;
}

/* For tests that only look at the reason. */
static enum sspi_reason reason_with(const char *name, const char *value)
{
    struct digest_response response = {0};
    enum sspi_reason reason = parse_with(name, value, &response);

    digest_parse_free(&response);
    return reason;
}

static void all_directives_come_out_quoted_or_not(void **state)
{
    static const char *const texts[] = {
        "username=\"Mufasa\", realm=\"r\", nonce=\"n\", uri=\"/a?b\", qop=auth, nc=0000000a, "
        "cnonce=\"c\", algorithm=MD5, response=\"" RESPONSE_32 "\", opaque=\"o\", unknown=1",
        "USERNAME=Mufasa,realm=r,nonce=n,uri=\"/a?b\",qop=\"auth\",nc=\"0000000a\",cnonce=c,"
        "algorithm=\"md5\",response=" RESPONSE_32,
    };

    for (size_t i = 0; i < 2; i++) {
        struct digest_response r;
        assert_int_equal(digest_parse_response(bytes_view(texts[i]), &r, &report),
                         SSPI_REASON_NONE);
        assert_true(bytes_equal(r.username, SSPI_VIEW("Mufasa")));
        assert_true(bytes_equal(r.realm, SSPI_VIEW("r")));
        assert_true(bytes_equal(r.nonce, SSPI_VIEW("n")));
        assert_true(bytes_equal(r.uri, SSPI_VIEW("/a?b")));
        assert_true(bytes_equal(r.qop, SSPI_VIEW("auth")));
        assert_true(bytes_equal(r.nc, SSPI_VIEW("0000000a")));
        assert_true(bytes_equal(r.cnonce, SSPI_VIEW("c")));
        assert_int_equal(r.count, 10);
        assert_int_equal(r.algorithm, SSPI_DIGEST_MD5);
        assert_int_equal(r.response[0], 0x8c);
        assert_int_equal(r.response[15], 0xec);
        digest_parse_free(&r);
    }
}

static void each_required_directive_is_missed_by_name(void **state)
{
    static const char *const required[] = {"username", "realm",  "nonce",   "uri",
                                           "nc",       "cnonce", "response"};

    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        assert_int_equal(reason_with(required[i], NULL), SSPI_REASON_MALFORMED);
        assert_non_null(strstr(report.text, required[i]));
        assert_non_null(strstr(report.text, "missing"));
    }
}

static void rfc_2069_is_refused_as_unsupported(void **state)
{
    assert_int_equal(reason_with("qop", NULL), SSPI_REASON_UNSUPPORTED);
    assert_non_null(strstr(report.text, "RFC 2069"));
}

static void what_was_not_offered_is_refused_by_name(void **state)
{
    assert_int_equal(reason_with("qop", "auth-int"), SSPI_REASON_UNSUPPORTED);
    assert_non_null(strstr(report.text, "auth-int"));
    assert_int_equal(reason_with("qop", "\"auth,auth-int\""), SSPI_REASON_MALFORMED);
    assert_int_equal(reason_with("qop", "\"\""), SSPI_REASON_MALFORMED);
    assert_int_equal(reason_with("userhash", "true"), SSPI_REASON_UNSUPPORTED);
    assert_int_equal(reason_with("userhash", "false"), SSPI_REASON_NONE);
    assert_int_equal(reason_with("userhash", "maybe"), SSPI_REASON_MALFORMED);
    assert_int_equal(reason_with("username*", "UTF-8''a"), SSPI_REASON_MALFORMED);
    assert_int_equal(reason_with("algorithm", "MD5-sess"), SSPI_REASON_MECHANISM);
    assert_non_null(strstr(report.text, "MD5-sess"));
    assert_int_equal(reason_with("algorithm", "SHA"), SSPI_REASON_MECHANISM);
    assert_int_equal(reason_with("algorithm", "\"\n\""), SSPI_REASON_MALFORMED);
}

static void username_in_the_extended_form_is_refused_as_unsupported(void **state)
{
    struct digest_response r;

    assert_int_equal(digest_parse_response(SSPI_VIEW("username*=UTF-8''J%C3%A4s, realm=\"r\", "
                                                     "qop=auth"),
                                           &r, &report),
                     SSPI_REASON_UNSUPPORTED);
    assert_non_null(strstr(report.text, "username*"));
}

static void count_is_eight_digits_and_not_zero(void **state)
{
    static const char *const wrong[] = {"00000000", "1",    "0000001",      "000000001",
                                        "0000000g", "\"\"", "\" 0000001\"", "+0000001"};
    struct digest_response r;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(reason_with("nc", wrong[i]), SSPI_REASON_MALFORMED);
        assert_non_null(strstr(report.text, "nc"));
    }
    assert_int_equal(parse_with("nc", "FFFFFFFF", &r), SSPI_REASON_NONE);
    assert_true(r.count == UINT32_MAX);
    digest_parse_free(&r);
}

static void response_has_the_digits_of_its_algorithm_in_lower_case(void **state)
{
    assert_int_equal(reason_with("response", "\"8CA523F5E9506FED4657C9700EEBDBEC\""),
                     SSPI_REASON_MALFORMED);
    assert_int_equal(reason_with("response", "8ca523f5e9506fed4657c9700eebdbe"),
                     SSPI_REASON_MALFORMED);
    assert_int_equal(reason_with("response", RESPONSE_32 "00"), SSPI_REASON_MALFORMED);
    assert_int_equal(reason_with("response", "\"\""), SSPI_REASON_MALFORMED);
    /* What one client sends for SHA-256. */
    assert_int_equal(reason_with("algorithm", "SHA-256"), SSPI_REASON_MALFORMED);
    assert_non_null(strstr(report.text, "32 digits, SHA-256 gives 64"));
}

static void names_keep_their_raw_spelling(void **state)
{
    BYTES_CLEANUP struct bytes text = {0};
    struct digest_response r;

    text_with(&text, "username", "\"DOM\\alice\"");
    assert_int_equal(digest_parse_response(bytes_as_view(&text), &r, &report), SSPI_REASON_NONE);
    assert_true(bytes_equal(r.username, SSPI_VIEW("DOMalice")));
    assert_true(bytes_equal(r.raw_username, SSPI_VIEW("DOM\\alice")));
    assert_true(bytes_equal(r.realm, r.raw_realm));
    digest_parse_free(&r);
}

/* `head` followed by n times 'x', in quotes. */
static enum sspi_reason reason_of_length(const char *name, size_t n)
{
    BYTES_CLEANUP struct bytes value = {0};

    bytes_append_char(&value, '"');
    for (size_t i = 0; i < n; i++)
        bytes_append_char(&value, 'x');
    bytes_append(&value, "\"", 2);
    return reason_with(name, value.data);
}

static void values_have_limits(void **state)
{
    static const struct {
        const char *name;
        size_t limit;
    } limits[] = {
        {"username", DIGEST_PARSE_USERNAME_LIMIT}, {"realm", DIGEST_PARSE_REALM_LIMIT},
        {"nonce", DIGEST_PARSE_NONCE_LIMIT},       {"cnonce", DIGEST_PARSE_CNONCE_LIMIT},
        {"uri", DIGEST_PARSE_URI_LIMIT},
    };

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        assert_int_equal(reason_of_length(limits[i].name, limits[i].limit), SSPI_REASON_NONE);
        assert_int_equal(reason_of_length(limits[i].name, limits[i].limit + 1),
                         SSPI_REASON_TOO_LARGE);
        assert_non_null(strstr(report.text, limits[i].name));
    }
}

static void repeated_directive_is_refused_known_or_not(void **state)
{
    assert_int_equal(reason_with("Username", "\"other\""), SSPI_REASON_MALFORMED);
    assert_int_equal(reason_with("x=1, X", "2"), SSPI_REASON_MALFORMED);
    assert_non_null(strstr(report.text, "twice"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_directives_come_out_quoted_or_not),
        cmocka_unit_test(each_required_directive_is_missed_by_name),
        cmocka_unit_test(rfc_2069_is_refused_as_unsupported),
        cmocka_unit_test(what_was_not_offered_is_refused_by_name),
        cmocka_unit_test(username_in_the_extended_form_is_refused_as_unsupported),
        cmocka_unit_test(count_is_eight_digits_and_not_zero),
        cmocka_unit_test(response_has_the_digits_of_its_algorithm_in_lower_case),
        cmocka_unit_test(names_keep_their_raw_spelling),
        cmocka_unit_test(values_have_limits),
        cmocka_unit_test(repeated_directive_is_refused_known_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
