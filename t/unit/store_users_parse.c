/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bad_names.h"
#include "store_users_parse.h"

#define HEX32 "0123456789abcdefABCDEF0123456789"
#define HEX64 HEX32 HEX32

static const char *problem;
static struct store_users_line line;

/* In memory of its own size, so that the address sanitizer detects a read beyond it. */
static enum store_users_kind parse(const char *text)
{
    static char *copy;
    free(copy);
    size_t len = strlen(text);
    copy = malloc(len + (len == 0));
    memcpy(copy, text, len);
    problem = NULL;
    return store_users_parse_line((struct sspi_view){copy, len}, &line, &problem);
}

static void assert_view(struct sspi_view got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.data, want, got.len);
}

static void reads_each_form(void **unused)
{
    (void)unused;
    static const uint8_t hash[4] = {0x01, 0x23, 0x45, 0x67};
    static const struct {
        const char *text;
        enum sspi_digest_algorithm algorithm;
    } forms[] = {
        {"alice:a realm:" HEX32, SSPI_DIGEST_MD5},
        {"alice:a realm:MD5:" HEX32, SSPI_DIGEST_MD5},
        {"alice:a realm:SHA-256:" HEX64, SSPI_DIGEST_SHA_256},
        {"alice:a realm:sha-256:" HEX64, SSPI_DIGEST_SHA_256},
        {"alice:a realm:SHA-512-256:" HEX64, SSPI_DIGEST_SHA_512_256},
    };
    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        assert_int_equal(parse(forms[i].text), STORE_USERS_DIGEST);
        assert_int_equal(line.kind, STORE_USERS_DIGEST);
        assert_view(line.user, "alice");
        assert_view(line.realm, "a realm");
        assert_int_equal(line.algorithm, forms[i].algorithm);
        assert_memory_equal(line.hash, hash, sizeof(hash));
    }
}

static void reads_the_form_for_sasl(void **unused)
{
    (void)unused;
    static const char *const forms[] = {"J\xc3\xb6rg:K\xc3\xb6ln:MD5-ISO-8859-1:" HEX32,
                                        "J\xc3\xb6rg:K\xc3\xb6ln:md5-iso-8859-1:" HEX32};
    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        assert_int_equal(parse(forms[i]), STORE_USERS_SASL);
        assert_int_equal(line.kind, STORE_USERS_SASL);
        assert_view(line.user, "J\xc3\xb6rg");
        assert_view(line.realm, "K\xc3\xb6ln");
        assert_int_equal(line.algorithm, SSPI_DIGEST_MD5);
        assert_int_equal(line.hash[15], 0x89);
        assert_int_equal(line.hash[16], 0);
    }
    assert_int_equal(parse("alice::MD5-ISO-8859-1:" HEX32), STORE_USERS_SASL);
}

/* Windows sends no realm beside user@domain. */
static void the_realm_may_be_empty_and_the_user_not(void **unused)
{
    (void)unused;
    assert_int_equal(parse("alice@example.org::" HEX32), STORE_USERS_DIGEST);
    assert_view(line.user, "alice@example.org");
    assert_view(line.realm, "");
    assert_non_null(line.realm.data);
    assert_int_equal(parse("alice@example.org::SHA-256:" HEX64), STORE_USERS_DIGEST);
    assert_view(line.realm, "");
    assert_int_equal(parse("alice::NT:" HEX32), STORE_USERS_NT);
    assert_view(line.realm, "");
    assert_null(store_users_parse_name(SSPI_VIEW(""), true));
    assert_non_null(store_users_parse_name(SSPI_VIEW(""), false));
}

static void lines_have_only_the_three_algorithms(void **unused)
{
    (void)unused;
    for (enum sspi_digest_algorithm a = SSPI_DIGEST_NONE; a <= SSPI_DIGEST_SHA_512_256_SESS + 1;
         a++)
        assert_int_equal(store_users_parse_takes(a),
                         a >= SSPI_DIGEST_MD5 && a <= SSPI_DIGEST_SHA_512_256);
}

static void passes_over_comments_empty_lines_and_nt_lines(void **unused)
{
    (void)unused;
    assert_int_equal(parse(""), STORE_USERS_NOTHING);
    assert_int_equal(parse("# alice:realm:" HEX32), STORE_USERS_NOTHING);
    assert_int_equal(parse("alice:DOMAIN:NT:" HEX32), STORE_USERS_NT);
    assert_int_equal(line.kind, STORE_USERS_NT);
    assert_view(line.user, "alice");
    assert_view(line.realm, "DOMAIN");
}

static void names_what_is_wrong(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *problem;
    } wrong[] = {
        {"alice", "not user:realm:hash"},
        {"alice:$apr1$x", "no realm"},
        {"alice:realm:SHA-256:" HEX64 ":x", "not user:realm:hash"},
        {":realm:" HEX32, "user name is empty"},
        {"::" HEX32, "user name is empty"},
        {"al\x01ice:realm:" HEX32, "user name has a control"},
        {"alice:re\x7flm:" HEX32, "realm has a control"},
        {"alice:re\xc2\x9flm:" HEX32, "realm has a control"},
        {"al\rice:realm:" HEX32, "user name has a control"},
        {"al\xe9"
         "ce:realm:" HEX32,
         "user name is not UTF-8"},
        {"alice:\xed\xa0\x80:" HEX32, "realm is not UTF-8"},
        {"\xef\xbb\xbf"
         "alice:realm:" HEX32,
         "byte order mark"},
        {"alice:realm:", "not 32 hex"},
        {"alice:realm:" HEX32 "0", "not 32 hex"},
        {"alice:realm:g123456789abcdefABCDEF0123456789", "not 32 hex"},
        {"alice:realm:SHA-256:" HEX32, "not 64 hex"},
        {"alice:realm:SHA-512-256:" HEX64 "00", "not 64 hex"},
        {"alice:realm:NT:" HEX64, "NT hash is not 32"},
        {"alice:realm:MD5-ISO-8859-1:" HEX64, "not 32 hex"},
        {"alice:realm:MD5-ISO-8859-1:", "not 32 hex"},
        {"J\xf6rg:realm:MD5-ISO-8859-1:" HEX32, "user name is not UTF-8"},
        {"alice:realm:MD5-ISO-8859-15:" HEX32, "algorithm is unknown"},
        {"alice:realm:SHA-256-ISO-8859-1:" HEX64, "algorithm is unknown"},
        {"alice:realm:MD5-ISO-8859-1-sess:" HEX32, "algorithm is unknown"},
        {"alice:realm:SHA-1:" HEX32, "algorithm is unknown"},
        {"alice:realm::" HEX32, "algorithm is unknown"},
        {"alice:realm:SHA-256-sess:" HEX64, "without -sess"},
        {"alice:realm:md5-SESS:" HEX32, "without -sess"},
        {"alice:realm:SHA-512-256-sess:" HEX64, "without -sess"},
        {"alice:realm:-sess:" HEX32, "algorithm is unknown"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_int_equal(parse(wrong[i].text), STORE_USERS_BAD);
        assert_non_null(problem);
        if (strstr(problem, wrong[i].problem) == NULL)
            fail_msg("\"%s\" instead of \"%s\"", problem, wrong[i].problem);
        assert_non_null(strstr(problem, ";")); /* followed by the remedy */
    }
}

static void names_may_have_255_octets_and_no_more(void **unused)
{
    (void)unused;
    char text[800];
    for (int len = 255; len <= 256; len++)
        for (int which = 0; which < 2; which++) {
            int user_len = which == 0 ? len : 3, realm_len = which == 0 ? 3 : len;
            snprintf(text, sizeof(text), "%0*d:%0*d:" HEX32, user_len, 0, realm_len, 0);
            assert_int_equal(parse(text), len == 255 ? STORE_USERS_DIGEST : STORE_USERS_BAD);
        }
    assert_non_null(strstr(problem, "255"));
}

static void a_line_may_have_1024_octets_and_no_more(void **unused)
{
    (void)unused;
    char text[STORE_USERS_LINE_LIMIT + 2];
    memset(text, 'a', sizeof(text));
    text[STORE_USERS_LINE_LIMIT] = '\0';
    assert_int_equal(parse(text), STORE_USERS_BAD);
    assert_null(strstr(problem, "1024"));
    text[STORE_USERS_LINE_LIMIT] = 'a';
    text[STORE_USERS_LINE_LIMIT + 1] = '\0';
    assert_int_equal(parse(text), STORE_USERS_BAD);
    assert_non_null(strstr(problem, "1024"));
}

static void files_hold_names(void **unused)
{
    char storage[BAD_NAME_SIZE];

    (void)unused;
    for (size_t i = 0; i < N_BAD_NAMES; i++) {
        struct sspi_view bad = bad_name(i, storage);
        if (store_users_parse_name(bad, true) == NULL || store_users_parse_name(bad, false) == NULL)
            fail_msg("bad name %zu passes", i);
    }
    for (size_t i = 0; i < N_GOOD_NAMES; i++)
        assert_null(store_users_parse_name(bytes_view(good_names[i]), false));
}

static void a_nul_is_a_control_character(void **unused)
{
    (void)unused;
    static const char text[] = "al\0ice:realm:" HEX32;
    problem = NULL;
    assert_int_equal(
        store_users_parse_line((struct sspi_view){text, sizeof(text) - 1}, &line, &problem),
        STORE_USERS_BAD);
    assert_non_null(strstr(problem, "control"));
}

static void cuts_lines_at_either_line_end(void **unused)
{
    (void)unused;
    struct sspi_view rest = SSPI_VIEW("a\nb\r\n\nc\r"), whole, text;
    assert_true(store_users_parse_next(&rest, &whole, &text));
    assert_view(whole, "a\n");
    assert_view(text, "a");
    assert_true(store_users_parse_next(&rest, &whole, &text));
    assert_view(whole, "b\r\n");
    assert_view(text, "b");
    assert_true(store_users_parse_next(&rest, &whole, &text));
    assert_view(text, "");
    assert_true(store_users_parse_next(&rest, &whole, &text));
    assert_view(whole, "c\r");
    assert_view(text, "c\r");
    assert_false(store_users_parse_next(&rest, &whole, &text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_each_form),
        cmocka_unit_test(reads_the_form_for_sasl),
        cmocka_unit_test(the_realm_may_be_empty_and_the_user_not),
        cmocka_unit_test(lines_have_only_the_three_algorithms),
        cmocka_unit_test(passes_over_comments_empty_lines_and_nt_lines),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(names_may_have_255_octets_and_no_more),
        cmocka_unit_test(a_line_may_have_1024_octets_and_no_more),
        cmocka_unit_test(files_hold_names),
        cmocka_unit_test(a_nul_is_a_control_character),
        cmocka_unit_test(cuts_lines_at_either_line_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
