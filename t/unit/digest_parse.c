/* SPDX-License-Identifier: Apache-2.0 */
#include "bad_names.h"
#include "digest_directive_fixture.h"
#include "digest_parse.h"
#include "hash.h"

#define RESPONSE_32 "8ca523f5e9506fed4657c9700eebdbec"
#define RESPONSE_64 RESPONSE_32 RESPONSE_32

static const struct directive usual[] = {
    {"username", "\"Mufasa\""},
    {"realm", "\"r\""},
    {"nonce", "\"n\""},
    {"uri", "\"/\""},
    {"qop", "auth"},
    {"nc", "00000001"},
    {"cnonce", "\"c\""},
    {"response", "\"" RESPONSE_32 "\""},
};

#define N_USUAL (sizeof(usual) / sizeof(usual[0]))

static struct sspi_error_info error_info;

static enum sspi_reason parse_changed(const struct directive *changes,
                                      struct digest_response *response)
{
    BYTES_CLEANUP struct bytes text = {0};

    error_info = (struct sspi_error_info){0};
    append_directives(&text, usual, N_USUAL, changes);
    enum sspi_reason reason =
        digest_parse_response(copy_exactly(bytes_as_view(&text)), response, &error_info);
    assert_int_equal(error_info.reason, reason);
    assert_true((reason == SSPI_REASON_NONE) == (error_info.text[0] == '\0'));
    return reason;
}

static enum sspi_reason parse_with(const char *name, const char *value,
                                   struct digest_response *response)
{
    const struct directive changes[] = {{name, value}, {NULL, NULL}};

    return parse_changed(changes, response);
}

static enum sspi_reason reason_changed(const struct directive *changes)
{
    struct digest_response response = {0};
    enum sspi_reason reason = parse_changed(changes, &response);

    digest_response_clear(&response);
    return reason;
}

/* For tests that check only the reason. */
static enum sspi_reason reason_with(const char *name, const char *value)
{
    const struct directive changes[] = {{name, value}, {NULL, NULL}};

    return reason_changed(changes);
}

static void all_directives_are_read_quoted_or_not(void **state)
{
    static const char *const texts[] = {
        "username=\"Mufasa\", realm=\"r\", nonce=\"n\", uri=\"/a?b\", qop=auth, nc=0000000a, "
        "cnonce=\"c\", algorithm=MD5, response=\"" RESPONSE_32 "\", opaque=\"o\", unknown=1, "
        "hashed-dirs=\"a,b\", service-name=\"HTTP/h\", channel-binding=\"0f\", userhash=false",
        "USERNAME=Mufasa,realm=r,nonce=n,uri=\"/a?b\",qop=\"auth\",nc=\"0000000a\",cnonce=c,"
        "algorithm=\"md5\",response=" RESPONSE_32 ",Opaque=o,HASHED-DIRS=\"a,b\","
        "service-name=\"HTTP\\/h\",channel-binding=0f,userhash=\"False\"",
    };

    for (size_t i = 0; i < 2; i++) {
        struct digest_response r;
        assert_int_equal(digest_parse_response(bytes_view(texts[i]), &r, &error_info),
                         SSPI_REASON_NONE);
        assert_true(bytes_equal(r.username, SSPI_VIEW("Mufasa")));
        assert_true(bytes_equal(r.realm, SSPI_VIEW("r")));
        assert_true(bytes_equal(r.nonce, SSPI_VIEW("n")));
        assert_true(bytes_equal(r.uri, SSPI_VIEW("/a?b")));
        assert_true(bytes_equal(r.qop, SSPI_VIEW("auth")));
        assert_true(bytes_equal(r.nc, SSPI_VIEW("0000000a")));
        assert_true(bytes_equal(r.cnonce, SSPI_VIEW("c")));
        assert_true(bytes_equal(r.opaque, SSPI_VIEW("o")));
        assert_true(bytes_equal(r.hashed_dirs, SSPI_VIEW("a,b")));
        assert_true(bytes_equal(r.service_name, SSPI_VIEW("HTTP/h")));
        assert_true(bytes_equal(r.channel_binding, SSPI_VIEW("0f")));
        assert_int_equal(r.count, 10);
        assert_false(r.integrity);
        assert_false(r.userhash);
        assert_int_equal(r.algorithm, SSPI_DIGEST_MD5);
        assert_int_equal(r.response[0], 0x8c);
        assert_int_equal(r.response[15], 0xec);
        digest_response_clear(&r);
    }
}

static void optional_directives_may_be_absent_or_empty(void **state)
{
    struct digest_response r;

    assert_int_equal(parse_with("x", "1", &r), SSPI_REASON_NONE);
    assert_null(r.opaque.data);
    assert_null(r.hashed_dirs.data);
    assert_null(r.service_name.data);
    assert_null(r.channel_binding.data);
    digest_response_clear(&r);
    assert_int_equal(parse_with("service-name", "\"\"", &r), SSPI_REASON_NONE);
    assert_non_null(r.service_name.data);
    assert_int_equal(r.service_name.len, 0);
    digest_response_clear(&r);
}

static void each_missing_directive_is_named(void **state)
{
    static const char *const required[] = {"username", "realm",  "nonce",   "uri",
                                           "nc",       "cnonce", "response"};

    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        assert_int_equal(reason_with(required[i], NULL), SSPI_REASON_MALFORMED);
        assert_non_null(strstr(error_info.text, required[i]));
        assert_non_null(strstr(error_info.text, "missing"));
    }
}

static const char *const known[] = {"username",    "username*",    "realm",          "nonce",
                                    "uri",         "response",     "algorithm",      "cnonce",
                                    "qop",         "nc",           "userhash",       "opaque",
                                    "hashed-dirs", "service-name", "channel-binding"};

#define N_KNOWN (sizeof(known) / sizeof(known[0]))

static void repeated_directives_are_refused_known_or_unknown(void **state)
{
    for (size_t i = 0; i < N_KNOWN; i++) {
        BYTES_CLEANUP struct bytes text = {0};
        struct digest_response response;
        bytes_append_format(&text, "%s=x, other=\"y\", %s=\"x\"", known[i], known[i]);
        assert_int_equal(digest_parse_response(bytes_as_view(&text), &response, &error_info),
                         SSPI_REASON_MALFORMED);
        assert_non_null(strstr(error_info.text, "twice"));
    }
    assert_int_equal(reason_with("Username", "\"other\""), SSPI_REASON_MALFORMED);
    assert_int_equal(reason_with("x=1, X", "2"), SSPI_REASON_MALFORMED);
    assert_non_null(strstr(error_info.text, "twice"));
}

static void control_characters_and_other_encodings_are_refused_everywhere(void **state)
{
    for (size_t i = 0; i < N_KNOWN; i++) {
        assert_int_equal(reason_with(known[i], "\"a\nb\""), SSPI_REASON_MALFORMED);
        assert_non_null(strstr(error_info.text, "control character"));
        if (i == 0)
            continue; /* username has a test of its own */
        assert_int_equal(reason_with(known[i], "\"J\xe4s\""), SSPI_REASON_MALFORMED);
        assert_non_null(strstr(error_info.text, "not UTF-8"));
        assert_non_null(strstr(error_info.text, known[i]));
    }
    assert_int_equal(reason_with("x", "\"J\xe4s\""), SSPI_REASON_MALFORMED);
    assert_int_equal(reason_with("realm", "\"x\\\xe4\""), SSPI_REASON_MALFORMED);
    assert_int_equal(reason_with("realm", "\"\xc3\\\xa4\""), SSPI_REASON_MALFORMED);
    assert_int_equal(reason_with("realm", "\"J\xc3\xa4s\""), SSPI_REASON_NONE);
}

/* A directive that pages show must be a name, even if a quoted-pair hides an octet. */
static void realms_and_services_are_names(void **state)
{
    static const char *const names[] = {"realm", "service-name"};
    char storage[BAD_NAME_SIZE];

    for (size_t at = 0; at < 2; at++) {
        for (size_t i = 0; i < N_BAD_NAMES; i++) {
            const char *value = quoted_bad_name(i, storage);
            if (value != NULL && reason_with(names[at], value) != SSPI_REASON_MALFORMED)
                fail_msg("bad name %zu passes as %s", i, names[at]);
        }
        for (size_t i = 0; i < N_GOOD_NAMES; i++) {
            char good[32];
            snprintf(good, sizeof(good), "\"%s\"", good_names[i]);
            assert_int_equal(reason_with(names[at], good), SSPI_REASON_NONE);
        }
        assert_int_equal(reason_with(names[at], "\"a\\\tb\""), SSPI_REASON_MALFORMED);
    }
}

/* The longest value of `name` and one octet more, quoted: n times 'x'. */
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
        {"realm", DIGEST_PARSE_REALM_LIMIT},
        {"nonce", DIGEST_PARSE_NONCE_LIMIT},
        {"cnonce", DIGEST_PARSE_CNONCE_LIMIT},
        {"uri", DIGEST_PARSE_URI_LIMIT},
        {"opaque", DIGEST_PARSE_OPAQUE_LIMIT},
        {"service-name", DIGEST_PARSE_SERVICE_LIMIT},
        {"hashed-dirs", DIGEST_PARSE_HASHED_DIRS_LIMIT},
        {"channel-binding", DIGEST_PARSE_CHANNEL_BINDING_LIMIT},
    };

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        assert_int_equal(reason_of_length(limits[i].name, limits[i].limit), SSPI_REASON_NONE);
        assert_int_equal(reason_of_length(limits[i].name, limits[i].limit + 1),
                         SSPI_REASON_TOO_LARGE);
        assert_non_null(strstr(error_info.text, limits[i].name));
    }
    /* A person typed it, so the browser must prompt for another name. */
    assert_int_equal(reason_of_length("username", DIGEST_PARSE_USERNAME_LIMIT), SSPI_REASON_NONE);
    assert_int_equal(reason_of_length("username", DIGEST_PARSE_USERNAME_LIMIT + 1),
                     SSPI_REASON_WRONG_PASSWORD);
}

static void rfc_2069_is_refused_as_unsupported(void **state)
{
    const struct directive both[] = {{"qop", NULL}, {"cnonce", NULL}, {"nc", NULL}, {NULL, NULL}};

    assert_int_equal(reason_with("qop", NULL), SSPI_REASON_UNSUPPORTED);
    assert_int_equal(reason_changed(both), SSPI_REASON_UNSUPPORTED);
    assert_non_null(strstr(error_info.text, "RFC 2069"));
}

static void qop_is_one_of_two_in_any_spelling(void **state)
{
    static const struct {
        const char *value;
        const char *kept;
        bool integrity;
    } good[] = {
        {"auth", "auth", false},
        {"\"auth\"", "auth", false},
        {"Auth", "Auth", false},
        {"auth-int", "auth-int", true},
        {"\"auth-int\"", "auth-int", true},
        {"\"AUTH\\-INT\"", "AUTH-INT", true},
    };
    static const char *const bad[] = {"\"auth,auth-int\"", "\"\"",      "auth-conf", "\"auth \"",
                                      "authint",           "auth-intx", "\"auth,\""};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct digest_response r;
        assert_int_equal(parse_with("qop", good[i].value, &r), SSPI_REASON_NONE);
        assert_true(bytes_equal(r.qop, bytes_view(good[i].kept)));
        assert_true(r.integrity == good[i].integrity);
        digest_response_clear(&r);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(reason_with("qop", bad[i]), SSPI_REASON_UNSUPPORTED);
        assert_non_null(strstr(error_info.text, "qop is"));
    }
}

static void every_algorithm_is_known_with_its_digits(void **state)
{
    static const struct {
        const char *name;
        enum sspi_digest_algorithm algorithm;
    } all[] = {
        {"MD5", SSPI_DIGEST_MD5},
        {"\"MD5-sess\"", SSPI_DIGEST_MD5_SESS},
        {"md5-SESS", SSPI_DIGEST_MD5_SESS},
        {"SHA-256", SSPI_DIGEST_SHA_256},
        {"\"sha-256-sess\"", SSPI_DIGEST_SHA_256_SESS},
        {"SHA-512-256", SSPI_DIGEST_SHA_512_256},
        {"SHA-512-256-sess", SSPI_DIGEST_SHA_512_256_SESS},
        {NULL, SSPI_DIGEST_MD5},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        bool is_short = hash_len(all[i].algorithm) == 16;
        struct digest_response r;
        struct directive changes[] = {{"algorithm", all[i].name},
                                      {"response", is_short ? RESPONSE_32 : RESPONSE_64},
                                      {NULL, NULL}};
        assert_int_equal(parse_changed(changes, &r), SSPI_REASON_NONE);
        assert_int_equal(r.algorithm, all[i].algorithm);
        digest_response_clear(&r);
        /* One client sends this for SHA-256. */
        changes[1].value = is_short ? RESPONSE_64 : RESPONSE_32;
        assert_int_equal(reason_changed(changes), SSPI_REASON_UNSUPPORTED);
        assert_non_null(
            strstr(error_info.text, is_short ? "64 digits, but MD5" : "32 digits, but SHA-"));
    }
}

static void unknown_algorithms_have_another_reason_than_broken_text(void **state)
{
    static const char *const unknown[] = {"SHA", "SHA-512", "MD5-", "\"\"", "\"MD5,SHA-256\""};

    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        assert_int_equal(reason_with("algorithm", unknown[i]), SSPI_REASON_NOT_OFFERED);
        assert_non_null(strstr(error_info.text, "algorithm"));
    }
}

static void count_is_eight_digits_and_not_zero(void **state)
{
    static const char *const wrong[] = {"1",    "0000001",      "000000001", "0000000g",
                                        "\"\"", "\" 0000001\"", "+0000001"};
    struct digest_response r;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(reason_with("nc", wrong[i]), SSPI_REASON_MALFORMED);
        assert_non_null(strstr(error_info.text, "nc"));
    }
    assert_int_equal(reason_with("nc", "00000000"), SSPI_REASON_UNSUPPORTED);
    assert_int_equal(parse_with("nc", "FFFFFFFF", &r), SSPI_REASON_NONE);
    assert_true(r.count == UINT32_MAX);
    digest_response_clear(&r);
}

static void response_has_only_lower_case_digits(void **state)
{
    static const char *const wrong[] = {"\"8CA523F5E9506FED4657C9700EEBDBEC\"",
                                        "8ca523f5e9506fed4657c9700eebdbeg",
                                        "\" ca523f5e9506fed4657c9700eebdbec\""};
    static const char *const other_lengths[] = {"8ca523f5e9506fed4657c9700eebdbe", RESPONSE_32 "00",
                                                "\"\"", "\" 8ca523f5e9506fed4657c9700eebdbec\""};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(reason_with("response", wrong[i]), SSPI_REASON_MALFORMED);
        assert_non_null(strstr(error_info.text, "response"));
    }
    for (size_t i = 0; i < sizeof(other_lengths) / sizeof(other_lengths[0]); i++)
        assert_int_equal(reason_with("response", other_lengths[i]), SSPI_REASON_UNSUPPORTED);
}

static void realm_may_be_empty_and_keeps_its_raw_spelling(void **state)
{
    struct digest_response r;

    assert_int_equal(parse_with("realm", "\"\"", &r), SSPI_REASON_NONE);
    assert_non_null(r.realm.data);
    assert_int_equal(r.realm.len, 0);
    digest_response_clear(&r);
    assert_int_equal(parse_with("realm", "\"a\\\"b\"", &r), SSPI_REASON_NONE);
    assert_true(bytes_equal(r.realm, SSPI_VIEW("a\"b")));
    assert_true(bytes_equal(r.raw_realm, SSPI_VIEW("a\\\"b")));
    digest_response_clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_directives_are_read_quoted_or_not),
        cmocka_unit_test(optional_directives_may_be_absent_or_empty),
        cmocka_unit_test(each_missing_directive_is_named),
        cmocka_unit_test(repeated_directives_are_refused_known_or_unknown),
        cmocka_unit_test(control_characters_and_other_encodings_are_refused_everywhere),
        cmocka_unit_test(realms_and_services_are_names),
        cmocka_unit_test(values_have_limits),
        cmocka_unit_test(rfc_2069_is_refused_as_unsupported),
        cmocka_unit_test(qop_is_one_of_two_in_any_spelling),
        cmocka_unit_test(every_algorithm_is_known_with_its_digits),
        cmocka_unit_test(unknown_algorithms_have_another_reason_than_broken_text),
        cmocka_unit_test(count_is_eight_digits_and_not_zero),
        cmocka_unit_test(response_has_only_lower_case_digits),
        cmocka_unit_test(realm_may_be_empty_and_keeps_its_raw_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
