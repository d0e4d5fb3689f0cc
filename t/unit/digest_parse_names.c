/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of a user's name that digest_parse_response() accepts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bad_names.h"
#include "digest_parse.h"
#include "utf8.h"

#define DIGITS_32 "8ca523f5e9506fed4657c9700eebdbec"
#define DIGITS_64 DIGITS_32 DIGITS_32

#define REST(digits)                                                                               \
    ", realm=\"r\", nonce=\"n\", uri=\"/\", qop=auth, nc=00000001, cnonce=\"c\", response=" digits

static struct sspi_error_info error_info;

static enum sspi_reason parse(const char *names, const char *rest, struct digest_response *response)
{
    static char text[4096];

    assert_true(strlen(names) + strlen(rest) < sizeof(text));
    strcpy(text, names);
    strcat(text, rest);
    error_info = (struct sspi_error_info){0};
    enum sspi_reason reason = digest_parse_response(bytes_view(text), response, &error_info);
    assert_int_equal(error_info.reason, reason);
    return reason;
}

static void assert_name(const char *names, const char *username, const char *raw_username)
{
    struct digest_response r;

    assert_int_equal(parse(names, REST(DIGITS_32), &r), SSPI_REASON_NONE);
    assert_true(bytes_equal(r.username, bytes_view(username)));
    assert_true(bytes_equal(r.raw_username, bytes_view(raw_username)));
    assert_false(r.userhash);
    digest_response_clear(&r);
}

static void assert_refused(const char *names, enum sspi_reason reason, const char *part)
{
    struct digest_response r;

    assert_int_equal(parse(names, REST(DIGITS_32), &r), reason);
    assert_non_null(strstr(error_info.text, part));
}

static void name_keeps_its_raw_spelling(void **state)
{
    assert_name("username=alice", "alice", "alice");
    assert_name("username=\"DOM\\alice\"", "DOMalice", "DOM\\alice");
    assert_name("username=\"DOM\\\\alice\"", "DOM\\alice", "DOM\\\\alice");
    assert_name("username=\"a\\\"b\"", "a\"b", "a\\\"b");
    assert_name("username=\"J\xc3\xa4s\"", "J\xc3\xa4s", "J\xc3\xa4s");
    assert_name("username=\"J\\\xc3\xa4s\"", "J\xc3\xa4s", "J\\\xc3\xa4s");
}

static void extended_name_has_no_other_raw_spelling(void **state)
{
    assert_name("username*=UTF-8''J%C3%A4s%C3%B8n%20Doe", "J\xc3\xa4s\xc3\xb8n Doe",
                "J\xc3\xa4s\xc3\xb8n Doe");
    assert_name("Username* = utf-8'en'DOM%5Calice", "DOM\\alice", "DOM\\alice");
    assert_name("userhash=false, username*=UTF-8''a", "a", "a");
}

static void extended_name_is_refused_when_it_is_broken(void **state)
{
    static const char *const broken[] = {"username*=alice",          "username*=UTF-8'alice",
                                         "username*=ISO-8859-1''a",  "username*=UTF-8''J%E4s",
                                         "username*=UTF-8''a%4",     "username*=\"UTF-8''a\"",
                                         "username*=\"UTF-8''a b\"", "username*=\"UTF-8''a\\%41\"",
                                         "username*=\"\"",           "username*=UTF-8''a*b"};

    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        assert_refused(broken[i], SSPI_REASON_MALFORMED, "username* is");
    assert_refused("username*=UTF-8''", SSPI_REASON_WRONG_PASSWORD, "username is empty");
    assert_refused("username*=UTF-8''a%00b", SSPI_REASON_WRONG_PASSWORD, "control character");
    assert_refused("username*=UTF-8''%0D%0A", SSPI_REASON_WRONG_PASSWORD, "control character");
    assert_refused("username*=UTF-8''%09", SSPI_REASON_WRONG_PASSWORD, "control character");
    assert_refused("username*=UTF-8''%C2%85", SSPI_REASON_WRONG_PASSWORD, "control character");
}

/* RFC 7616 3.4. */
static void two_forms_at_once_are_an_error(void **state)
{
    assert_refused("username=\"a\", username*=UTF-8''a", SSPI_REASON_MALFORMED,
                   "both username and username*");
    assert_refused("username*=UTF-8''a, userhash=true", SSPI_REASON_MALFORMED,
                   "both username* and userhash");
    assert_refused("username=\"" DIGITS_32 "\", username*=UTF-8''a, userhash=true",
                   SSPI_REASON_MALFORMED, "both username and username*");
}

static void userhash_is_true_or_false(void **state)
{
    static const char *const bad[] = {"maybe", "\"\"", "1", "\"true \"", "truetrue"};

    assert_name("username=\"" DIGITS_32 "\", userhash=false", DIGITS_32, DIGITS_32);
    assert_name("username=\"alice\", userhash=\"FALSE\"", "alice", "alice");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        BYTES_CLEANUP struct bytes names = {0};
        bytes_append_format(&names, "username=\"" DIGITS_32 "\", userhash=%s", bad[i]);
        bytes_append_char(&names, '\0');
        assert_refused(names.data, SSPI_REASON_MALFORMED, "userhash is");
    }
}

static void hashed_name_has_the_digits_of_its_algorithm_in_lower_case(void **state)
{
    static const struct {
        const char *algorithm;
        bool is_long;
    } all[] = {{"", false},
               {", algorithm=MD5", false},
               {", algorithm=MD5-sess", false},
               {", algorithm=SHA-256", true},
               {", algorithm=SHA-256-sess", true},
               {", algorithm=SHA-512-256", true},
               {", algorithm=SHA-512-256-sess", true}};
    static const char *const hashed[][2] = {
        {"userhash=true, username=\"" DIGITS_32 "\"", "userhash=true, username=\"" DIGITS_64 "\""},
        {"userhash=TRUE, username=8CA523F5E9506FED4657C9700EEBDBEC",
         "userhash=\"True\", username=\"8CA523F5E9506FED4657C9700EEBDBEC"
         "8ca523f5e9506fed4657c9700eebdb\\e\\c\""}};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        BYTES_CLEANUP struct bytes rest = {0};
        struct digest_response r;
        bytes_append_format(&rest, REST("%s%s"), all[i].is_long ? DIGITS_64 : DIGITS_32,
                            all[i].algorithm);
        bytes_append_char(&rest, '\0');
        for (size_t j = 0; j < 2; j++) {
            assert_int_equal(parse(hashed[j][all[i].is_long], rest.data, &r), SSPI_REASON_NONE);
            assert_true(r.userhash);
            assert_true(
                bytes_equal(r.username, bytes_view(all[i].is_long ? DIGITS_64 : DIGITS_32)));
            assert_true(bytes_equal(r.username, r.raw_username));
            digest_response_clear(&r);
            assert_int_equal(parse(hashed[j][!all[i].is_long], rest.data, &r),
                             SSPI_REASON_MALFORMED);
            assert_non_null(strstr(error_info.text, "userhash"));
        }
    }
    assert_refused("userhash=true, username=\"\"", SSPI_REASON_MALFORMED, "userhash");
    assert_refused("userhash=true, username=\"alice\"", SSPI_REASON_MALFORMED, "userhash");
    assert_refused("userhash=true, username=\"gca523f5e9506fed4657c9700eebdbec\"",
                   SSPI_REASON_MALFORMED, "userhash");
    assert_refused("userhash=true, username=\"\xe4\"", SSPI_REASON_MALFORMED, "userhash");
    assert_refused("userhash=true", SSPI_REASON_MALFORMED, "username is missing");
}

/* Some clients hash UTF-8 and send this. */
static void latin_1_is_converted_to_utf_8(void **state)
{
    assert_name("username=\"J\xe4s\xf8n\"", "J\xc3\xa4s\xc3\xb8n", "J\xc3\xa4s\xc3\xb8n");
    assert_name("username=\"\xa0\xff\"", "\xc2\xa0\xc3\xbf", "\xc2\xa0\xc3\xbf");
    assert_name("username=\"D\\\xe4\\\\s\"", "D\xc3\xa4\\s", "D\\\xc3\xa4\\\\s");
    /* A name that is only partly UTF-8 is taken as ISO-8859-1. */
    assert_name("username=\"\xc3\xa4\xe4\"", "\xc3\x83\xc2\xa4\xc3\xa4",
                "\xc3\x83\xc2\xa4\xc3\xa4");
    assert_name("username=\"\xc3\\\xa4\"", "\xc3\x83\xc2\xa4", "\xc3\x83\\\xc2\xa4");
    assert_refused("username=\"a\x80\"", SSPI_REASON_WRONG_PASSWORD, "neither UTF-8 nor");
    assert_refused("username=\"\xe4\x9f\"", SSPI_REASON_WRONG_PASSWORD, "neither UTF-8 nor");
    assert_refused("username=\"\xe4\tb\"", SSPI_REASON_WRONG_PASSWORD, "control character");
}

/* An octet that no quoted-string may contain breaks the grammar. With any other bad octet, no user
 * can have the name. */
static bool is_refusal_of_name(enum sspi_reason reason)
{
    return reason == SSPI_REASON_MALFORMED || reason == SSPI_REASON_WRONG_PASSWORD;
}

/* Percent-encoded and literal octets. Octets that are not UTF-8 are read as ISO-8859-1 or refused.
 */
static void every_accepted_text_gives_a_valid_name(void **state)
{
    char storage[BAD_NAME_SIZE];

    for (size_t i = 0; i < N_BAD_NAMES; i++) {
        BYTES_CLEANUP struct bytes extended = {0};
        struct digest_response r;
        struct sspi_view bad = bad_name(i, storage);
        bytes_append_text(&extended, "username*=UTF-8''");
        for (size_t at = 0; at < bad.len; at++)
            bytes_append_format(&extended, "%%%02x", (unsigned char)bad.data[at]);
        bytes_append_char(&extended, '\0');
        assert_true(is_refusal_of_name(parse(extended.data, REST(DIGITS_32), &r)));
        const char *value = quoted_bad_name(i, storage);
        char plain[64];
        if (value == NULL)
            continue;
        snprintf(plain, sizeof(plain), "username=%s", value);
        enum sspi_reason reason = parse(plain, REST(DIGITS_32), &r);
        if (reason == SSPI_REASON_NONE && i / 2 >= N_CONTROLS && utf8_is_name(r.username))
            digest_response_clear(&r);
        else
            assert_true(is_refusal_of_name(reason));
    }
}

static void empty_names_and_control_characters_are_refused(void **state)
{
    assert_refused("username=\"\"", SSPI_REASON_WRONG_PASSWORD, "username is empty");
    assert_refused("username=\"a\tb\"", SSPI_REASON_WRONG_PASSWORD, "control character");
    assert_refused("username=\"a\x7f\"", SSPI_REASON_MALFORMED, "control character");
    assert_refused("username=\"a\xc2\x85\"", SSPI_REASON_WRONG_PASSWORD, "control character");
}

/* `head`, n times `piece` and `tail` make a name of the longest length. One more piece makes it too
 * long. */
static void assert_limit(const char *head, const char *piece, const char *tail, size_t n)
{
    for (size_t more = 0; more < 2; more++) {
        BYTES_CLEANUP struct bytes names = {0};
        struct digest_response r;
        bytes_append_text(&names, head);
        for (size_t i = 0; i < n + more; i++)
            bytes_append_text(&names, piece);
        bytes_append_text(&names, tail);
        bytes_append_char(&names, '\0');
        assert_int_equal(parse(names.data, REST(DIGITS_32), &r),
                         more == 0 ? SSPI_REASON_NONE : SSPI_REASON_WRONG_PASSWORD);
        if (more == 0) {
            assert_int_equal(r.username.len, DIGEST_PARSE_USERNAME_LIMIT);
            assert_true(r.raw_username.len <= 2 * DIGEST_PARSE_USERNAME_LIMIT);
            digest_response_clear(&r);
        } else {
            assert_non_null(strstr(error_info.text, "username"));
        }
    }
}

static void limit_counts_the_octets_of_the_name_in_utf_8(void **state)
{
    assert_limit("username=\"", "x", "\"", DIGEST_PARSE_USERNAME_LIMIT);
    assert_limit("username=\"", "\\x", "\"", DIGEST_PARSE_USERNAME_LIMIT);
    assert_limit("username=\"", "\xe4", "\"", DIGEST_PARSE_USERNAME_LIMIT / 2);
    assert_limit("username=\"", "\\\xe4", "\"", DIGEST_PARSE_USERNAME_LIMIT / 2);
    assert_limit("username*=UTF-8''", "x", "", DIGEST_PARSE_USERNAME_LIMIT);
    assert_limit("username*=UTF-8''", "%C3%A4", "", DIGEST_PARSE_USERNAME_LIMIT / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_keeps_its_raw_spelling),
        cmocka_unit_test(extended_name_has_no_other_raw_spelling),
        cmocka_unit_test(extended_name_is_refused_when_it_is_broken),
        cmocka_unit_test(two_forms_at_once_are_an_error),
        cmocka_unit_test(userhash_is_true_or_false),
        cmocka_unit_test(hashed_name_has_the_digits_of_its_algorithm_in_lower_case),
        cmocka_unit_test(latin_1_is_converted_to_utf_8),
        cmocka_unit_test(every_accepted_text_gives_a_valid_name),
        cmocka_unit_test(empty_names_and_control_characters_are_refused),
        cmocka_unit_test(limit_counts_the_octets_of_the_name_in_utf_8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
