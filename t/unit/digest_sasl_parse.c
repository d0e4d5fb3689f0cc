/* SPDX-License-Identifier: Apache-2.0 */
#include "bad_names.h"
#include "digest_directive_fixture.h"
#include "digest_sasl_parse.h"

#define RESPONSE "d388dad90d4bbd760a152321f2143af7"

static const struct directive usual[] = {
    {"charset", "utf-8"},
    {"username", "\"chris\""},
    {"realm", "\"elwood.innosoft.com\""},
    {"nonce", "\"OA6MG9tEQGm2hh\""},
    {"nc", "00000001"},
    {"cnonce", "\"OA6MHXh6VqTrRk\""},
    {"digest-uri", "\"imap/elwood.innosoft.com\""},
    {"response", RESPONSE},
    {"qop", "auth"},
};

#define N_USUAL (sizeof(usual) / sizeof(usual[0]))

static struct sspi_error_info error_info;

static enum sspi_reason parse(struct sspi_view text, struct digest_response *response)
{
    error_info = (struct sspi_error_info){0};
    enum sspi_reason reason = digest_sasl_parse_response(copy_exactly(text), response, &error_info);
    assert_int_equal(error_info.reason, reason);
    assert_true((reason == SSPI_REASON_NONE) == (error_info.text[0] == '\0'));
    return reason;
}

/* The usual directives with up to two changes. */
static void write_with(struct bytes *text, struct directive one, struct directive other)
{
    const struct directive changes[] = {one, other, {NULL, NULL}};

    append_directives(text, usual, N_USUAL, changes);
}

static enum sspi_reason with(struct directive one, struct directive other,
                             struct digest_response *response)
{
    BYTES_CLEANUP struct bytes text = {0};

    write_with(&text, one, other);
    return parse(bytes_as_view(&text), response);
}

static const struct directive nothing = {NULL, NULL};

static enum sspi_reason with_one(const char *name, const char *value)
{
    struct digest_response response;
    enum sspi_reason reason = with((struct directive){name, value}, nothing, &response);

    if (reason == SSPI_REASON_NONE)
        digest_response_clear(&response);
    return reason;
}

static void assert_text(struct sspi_view view, const char *wanted)
{
    assert_int_equal(view.len, strlen(wanted));
    assert_memory_equal(view.data, wanted, view.len);
}

static void example_of_the_rfc_is_read(void **unused)
{
    static const char text[] =
        "charset=utf-8,username=\"chris\",realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\","
        "nc=00000001,cnonce=\"OA6MHXh6VqTrRk\",digest-uri=\"imap/elwood.innosoft.com\","
        "response=" RESPONSE ",qop=auth";
    struct digest_response r;

    (void)unused;
    assert_int_equal(parse(bytes_view(text), &r), SSPI_REASON_NONE);
    assert_text(r.username, "chris");
    assert_text(r.raw_username, "chris");
    assert_text(r.realm, "elwood.innosoft.com");
    assert_text(r.nonce, "OA6MG9tEQGm2hh");
    assert_text(r.cnonce, "OA6MHXh6VqTrRk");
    assert_text(r.uri, "imap/elwood.innosoft.com");
    assert_text(r.qop, "auth");
    assert_text(r.nc, "00000001");
    assert_int_equal(r.count, 1);
    assert_true(r.sasl && !r.integrity && !r.userhash);
    assert_int_equal(r.cipher, DIGEST_CIPHER_NONE);
    assert_int_equal(r.max_buffer, 65536);
    assert_int_equal(r.algorithm, SSPI_DIGEST_MD5_SESS);
    assert_int_equal(r.response[0], 0xd3);
    assert_int_equal(r.response[15], 0xf7);
    assert_null(r.authzid.data);
    assert_null(r.opaque.data);
    assert_null(r.hashed_dirs.data);
    digest_response_clear(&r);
}

/* RFC 2831 2.1.2: "MUST be present exactly once". */
static void required_directives_must_be_present_once(void **unused)
{
    static const struct directive required[] = {
        {"username", "\"chris\""}, {"nonce", "\"n\""},           {"cnonce", "\"c\""},
        {"nc", "00000001"},        {"digest-uri", "\"imap/h\""}, {"response", RESPONSE},
    };
    static const struct directive once[] = {
        {"realm", "\"r\""},    {"qop", "auth"},      {"charset", "utf-8"},      {"maxbuf", "1024"},
        {"cipher", "\"rc4\""}, {"authzid", "\"a\""}, {"algorithm", "md5-sess"},
    };
    struct digest_response r;

    (void)unused;
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        assert_int_equal(with_one(required[i].name, NULL), SSPI_REASON_MALFORMED);
        BYTES_CLEANUP struct bytes text = {0};
        write_with(&text, nothing, nothing);
        bytes_append_format(&text, ",%s=%s", required[i].name, required[i].value);
        assert_int_equal(parse(bytes_as_view(&text), &r), SSPI_REASON_MALFORMED);
    }
    for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
        BYTES_CLEANUP struct bytes text = {0};
        assert_int_equal(with_one(once[i].name, NULL), SSPI_REASON_NONE);
        write_with(&text, once[i], nothing);
        assert_int_equal(parse(bytes_as_view(&text), &r), SSPI_REASON_NONE);
        digest_response_clear(&r);
        bytes_append_format(&text, ",%s=%s", once[i].name, once[i].value);
        assert_int_equal(parse(bytes_as_view(&text), &r), SSPI_REASON_MALFORMED);
    }
}

static void values_with_a_fixed_form_are_checked(void **unused)
{
    static const struct {
        const char *name, *value;
        enum sspi_reason reason;
    } cases[] = {
        {"charset", "\"UTF-8\"", SSPI_REASON_NONE},
        {"charset", "iso-8859-1", SSPI_REASON_MALFORMED},
        {"charset", "\"\"", SSPI_REASON_MALFORMED},
        {"algorithm", "\"MD5-sess\"", SSPI_REASON_NONE},
        {"algorithm", "MD5", SSPI_REASON_MALFORMED},
        {"algorithm", "SHA-256-sess", SSPI_REASON_MALFORMED},
        {"nc", "\"00000001\"", SSPI_REASON_NONE},
        {"nc", "00000002", SSPI_REASON_MALFORMED},
        {"nc", "00000000", SSPI_REASON_MALFORMED},
        {"nc", "1", SSPI_REASON_MALFORMED},
        {"nc", "0000000g", SSPI_REASON_MALFORMED},
        {"response", "\"" RESPONSE "\"", SSPI_REASON_NONE},
        {"response", RESPONSE "0", SSPI_REASON_UNSUPPORTED},
        {"response", "D388DAD90D4BBD760A152321F2143AF7", SSPI_REASON_MALFORMED},
        {"qop", "auth-int", SSPI_REASON_NONE},
        {"qop", "auth-conf", SSPI_REASON_MALFORMED}, /* without a cipher */
        {"qop", "\"auth,auth-int\"", SSPI_REASON_NOT_OFFERED},
        {"qop", "\"\"", SSPI_REASON_NOT_OFFERED},
        {"username", "\"\"", SSPI_REASON_WRONG_PASSWORD},
        {"username", "\"\xff\"", SSPI_REASON_MALFORMED},
        {"realm", "\"\xff\"", SSPI_REASON_MALFORMED},
        {"authzid", "\"\xe4\"", SSPI_REASON_MALFORMED},
        {"authzid", "\"a\xc2\x85z\"", SSPI_REASON_MALFORMED},
        {"authzid", "\"\"", SSPI_REASON_NONE},
        {"opaque", "\"anything\"", SSPI_REASON_NONE},
        {"uri", "/", SSPI_REASON_MALFORMED}, /* not a token */
        {"userhash", "neither", SSPI_REASON_NONE},
        {"auth-param", "x", SSPI_REASON_NONE},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (with_one(cases[i].name, cases[i].value) != cases[i].reason)
            fail_msg("%s=%s: %d", cases[i].name, cases[i].value, (int)error_info.reason);
}

static void bad_names_are_refused_and_good_ones_accepted(void **unused)
{
    static const char *const names[] = {"realm", "service-name", "authzid", "username"};
    char storage[BAD_NAME_SIZE];

    (void)unused;
    for (size_t at = 0; at < 4; at++) {
        for (size_t i = 0; i < N_BAD_NAMES; i++) {
            const char *value = quoted_bad_name(i, storage);
            enum sspi_reason reason =
                value != NULL ? with_one(names[at], value) : SSPI_REASON_MALFORMED;
            /* A name that no user can have may also count as an unknown user. */
            if (reason != SSPI_REASON_MALFORMED &&
                !(at == 3 && reason == SSPI_REASON_WRONG_PASSWORD))
                fail_msg("bad name %zu passes as %s", i, names[at]);
        }
        for (size_t i = 0; i < N_GOOD_NAMES; i++) {
            char good[32];
            snprintf(good, sizeof(good), "\"%s\"", good_names[i]);
            assert_int_equal(with_one(names[at], good), SSPI_REASON_NONE);
        }
    }
}

static void maxbuf_has_limits(void **unused)
{
    static const struct {
        const char *value;
        uint32_t octets; /* 0: refused */
    } cases[] = {{"17", 17},
                 {"16", 0},
                 {"0", 0},
                 {"16777215", 16777215},
                 {"16777216", 0},
                 {"4294967297", 0},
                 {"18446744073709551633", 0},
                 {"\"1024\"", 1024},
                 {"00001024", 1024},
                 {"-1024", 0},
                 {"1024x", 0},
                 {"0x400", 0},
                 {"\"\"", 0}};
    struct digest_response r;

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum sspi_reason reason = with((struct directive){"maxbuf", cases[i].value}, nothing, &r);
        assert_int_equal(reason, cases[i].octets > 0 ? SSPI_REASON_NONE : SSPI_REASON_MALFORMED);
        if (reason == SSPI_REASON_NONE) {
            assert_int_equal(r.max_buffer, cases[i].octets);
            digest_response_clear(&r);
        }
    }
}

static void qop_and_cipher_belong_together(void **unused)
{
    static const struct {
        const char *qop, *cipher;
        bool integrity;
        enum digest_cipher wanted;
    } cases[] = {{NULL, NULL, false, DIGEST_CIPHER_NONE},
                 {"auth", "anything", false, DIGEST_CIPHER_NONE},
                 {"auth-int", "anything", true, DIGEST_CIPHER_NONE},
                 {"auth-conf", "\"3des\"", true, DIGEST_CIPHER_3DES},
                 {"Auth-Conf", "RC4", true, DIGEST_CIPHER_RC4},
                 {"auth-conf", "des", true, DIGEST_CIPHER_DES},
                 {"auth-conf", "rc4-56", true, DIGEST_CIPHER_RC4_56},
                 {"auth-conf", "rc4-40", true, DIGEST_CIPHER_RC4_40}};
    struct digest_response r;

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(with((struct directive){"qop", cases[i].qop},
                              (struct directive){"cipher", cases[i].cipher}, &r),
                         SSPI_REASON_NONE);
        assert_text(r.qop, cases[i].qop != NULL ? cases[i].qop : "auth");
        assert_int_equal(r.integrity, cases[i].integrity);
        assert_int_equal(r.cipher, cases[i].wanted);
        digest_response_clear(&r);
    }
    assert_int_equal(
        with((struct directive){"qop", "auth-conf"}, (struct directive){"cipher", "aes-128"}, &r),
        SSPI_REASON_NOT_OFFERED);
    assert_int_equal(
        with((struct directive){"qop", "auth-conf"}, (struct directive){"cipher", "\"\""}, &r),
        SSPI_REASON_NOT_OFFERED);
}

static void digest_uri_names_service_and_host(void **unused)
{
    static const char *const good[] = {"imap/h", "imap/h.example.org/cluster", "x-1/h:143",
                                       "ldap/[::1]", "ldap/a_b/c"};
    static const char *const bad[] = {"",         "imap",          "/",         "imap/",
                                      "/h",       "imap//n",       "imap/h/",   "imap/h/n/m",
                                      "imap/h n", "imap/\xc3\xa4", "imap/\\\"", "imap/\\\\"};

    (void)unused;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char value[64];
        snprintf(value, sizeof(value), "\"%s\"", good[i]);
        assert_int_equal(with_one("digest-uri", value), SSPI_REASON_NONE);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char value[64];
        snprintf(value, sizeof(value), "\"%s\"", bad[i]);
        assert_int_equal(with_one("digest-uri", value), SSPI_REASON_MALFORMED);
    }
}

static void username_is_latin_1_without_charset(void **unused)
{
    struct digest_response r;

    (void)unused;
    assert_int_equal(with((struct directive){"charset", NULL},
                          (struct directive){"username", "\"J\xe4\\\"s\""}, &r),
                     SSPI_REASON_NONE);
    assert_text(r.username, "J\xc3\xa4\"s");
    assert_text(r.raw_username, "J\xc3\xa4\\\"s");
    digest_response_clear(&r);
    /* A name that is valid UTF-8 is taken as UTF-8. */
    assert_int_equal(with((struct directive){"charset", NULL},
                          (struct directive){"username", "\"\xc3\xa4\""}, &r),
                     SSPI_REASON_NONE);
    assert_text(r.username, "\xc3\xa4");
    digest_response_clear(&r);
    assert_int_equal(
        with((struct directive){"charset", NULL}, (struct directive){"username", "\"\x85\""}, &r),
        SSPI_REASON_WRONG_PASSWORD);
    assert_int_equal(with((struct directive){"username", "\"\xc3\xa4\""}, nothing, &r),
                     SSPI_REASON_NONE);
    assert_text(r.username, "\xc3\xa4");
    digest_response_clear(&r);
    /* Each octet becomes two octets of UTF-8, and both count. */
    char name[DIGEST_PARSE_USERNAME_LIMIT + 3];
    memset(name, '\xe4', sizeof(name));
    name[0] = name[DIGEST_PARSE_USERNAME_LIMIT / 2 + 1] = '"';
    name[DIGEST_PARSE_USERNAME_LIMIT / 2 + 2] = '\0';
    assert_int_equal(
        with((struct directive){"charset", NULL}, (struct directive){"username", name}, &r),
        SSPI_REASON_NONE);
    digest_response_clear(&r);
    memcpy(name + DIGEST_PARSE_USERNAME_LIMIT / 2 + 1, "\xe4\"", 3);
    assert_int_equal(
        with((struct directive){"charset", NULL}, (struct directive){"username", name}, &r),
        SSPI_REASON_WRONG_PASSWORD);
}

static enum sspi_reason with_length(const char *name, const char *start, size_t len)
{
    BYTES_CLEANUP struct bytes value = {0};

    bytes_append_format(&value, "\"%s", start);
    while (value.len < len + 1)
        bytes_append_char(&value, 'x');
    bytes_append(&value, "\"", 2);
    return with_one(name, value.data);
}

static void lengths_have_limits(void **unused)
{
    static const struct {
        const char *name, *start;
        size_t limit;
    } cases[] = {
        {"realm", "", DIGEST_PARSE_REALM_LIMIT},
        {"nonce", "", DIGEST_PARSE_NONCE_LIMIT},
        {"cnonce", "", DIGEST_PARSE_CNONCE_LIMIT},
        {"digest-uri", "imap/", DIGEST_PARSE_SERVICE_LIMIT},
        {"authzid", "", DIGEST_PARSE_AUTHZID_LIMIT},
        {"hashed-dirs", "", DIGEST_PARSE_HASHED_DIRS_LIMIT},
        {"service-name", "", DIGEST_PARSE_SERVICE_LIMIT},
        {"channel-binding", "", DIGEST_PARSE_CHANNEL_BINDING_LIMIT},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(with_length(cases[i].name, cases[i].start, cases[i].limit),
                         SSPI_REASON_NONE);
        assert_int_equal(with_length(cases[i].name, cases[i].start, cases[i].limit + 1),
                         SSPI_REASON_TOO_LARGE);
    }
    assert_int_equal(with_length("username", "", DIGEST_PARSE_USERNAME_LIMIT), SSPI_REASON_NONE);
    assert_int_equal(with_length("username", "", DIGEST_PARSE_USERNAME_LIMIT + 1),
                     SSPI_REASON_WRONG_PASSWORD);
}

/* RFC 2831 2.1.2: "The size of a digest-response MUST be less than 4096 bytes". */
static void whole_response_has_a_limit(void **unused)
{
    BYTES_CLEANUP struct bytes text = {0};
    struct digest_response r;

    (void)unused;
    write_with(&text, nothing, nothing);
    bytes_append_text(&text, ",more=");
    while (text.len < DIGEST_SASL_PARSE_TEXT_LIMIT)
        bytes_append_char(&text, 'x');
    assert_int_equal(parse(bytes_as_view(&text), &r), SSPI_REASON_NONE);
    digest_response_clear(&r);
    bytes_append_char(&text, 'x');
    assert_int_equal(parse(bytes_as_view(&text), &r), SSPI_REASON_TOO_LARGE);
    assert_int_equal(parse(SSPI_VIEW(""), &r), SSPI_REASON_MALFORMED);
    assert_int_equal(parse(SSPI_VIEW("username=\"x"), &r), SSPI_REASON_MALFORMED);
    assert_int_equal(parse((struct sspi_view){"username=\"x\0\"", 13}, &r), SSPI_REASON_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_of_the_rfc_is_read),
        cmocka_unit_test(required_directives_must_be_present_once),
        cmocka_unit_test(values_with_a_fixed_form_are_checked),
        cmocka_unit_test(bad_names_are_refused_and_good_ones_accepted),
        cmocka_unit_test(maxbuf_has_limits),
        cmocka_unit_test(qop_and_cipher_belong_together),
        cmocka_unit_test(digest_uri_names_service_and_host),
        cmocka_unit_test(username_is_latin_1_without_charset),
        cmocka_unit_test(lengths_have_limits),
        cmocka_unit_test(whole_response_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
