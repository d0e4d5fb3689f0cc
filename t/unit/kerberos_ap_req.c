/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bad_names.h"
#include "kerberos_ap_req.h"
#include "kerberos_der.h"

struct request {
    struct sspi_view oid;
    struct sspi_view token_id;
    struct sspi_view realm;
    struct sspi_view names[KERBEROS_AP_REQ_COMPONENTS_LIMIT + 1];
    size_t n_names;
    struct sspi_view kvno; /* contents of the INTEGER; absent: no kvno */
    struct sspi_view cipher;
};

static const struct request usual = {
    .oid = {"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02", 9},
    .token_id = {"\x01\x00", 2},
    .realm = {"EXAMPLE.ORG", 11},
    .names = {{"HTTP", 4}, {"www.example.org", 15}},
    .n_names = 2,
    .kvno = {"\x03", 1},
    .cipher = {"authenticator", 13},
};

static void build(const struct request *request, struct bytes *to)
{
    der_append(to, DER_OID, request->oid);
    bytes_append_view(to, request->token_id);
    size_t message = to->len;
    der_append_explicit(to, DER_CONTEXT(0), DER_INTEGER, SSPI_VIEW("\x05"));
    der_append_explicit(to, DER_CONTEXT(1), DER_INTEGER, SSPI_VIEW("\x0e"));
    der_append_explicit(to, DER_CONTEXT(2), DER_BIT_STRING, SSPI_VIEW("\x00\x20\x00\x00\x00"));
    size_t ticket = to->len;
    der_append_explicit(to, DER_CONTEXT(0), DER_INTEGER, SSPI_VIEW("\x05"));
    der_append_explicit(to, DER_CONTEXT(1), DER_GENERAL_STRING, request->realm);
    put_name(to, DER_CONTEXT(2), SSPI_VIEW("\x02"), request->names, request->n_names);
    put_cipher(to, DER_CONTEXT(3), request->kvno, SSPI_VIEW("ticket"));
    der_wrap(to, ticket, DER_SEQUENCE);
    der_wrap(to, ticket, DER_APPLICATION(1));
    der_wrap(to, ticket, DER_CONTEXT(3));
    put_cipher(to, DER_CONTEXT(4), (struct sspi_view){NULL, 0}, request->cipher);
    der_wrap(to, message, DER_SEQUENCE);
    der_wrap(to, message, DER_APPLICATION(14));
    der_wrap(to, 0, DER_APPLICATION(0));
    assert_false(to->failed);
}

static enum kerberos_ap_req_status parse(const struct request *request,
                                         struct kerberos_ap_req *ret_view)
{
    static char copy[65536];
    struct bytes token = {0};
    build(request, &token);
    assert_true(token.len <= sizeof(copy));
    memcpy(copy, token.data, token.len);
    struct sspi_view view = {copy, token.len};
    bytes_free(&token);
    return kerberos_ap_req_parse(view, ret_view);
}

static void the_service_of_the_ticket_is_read(void **state)
{
    struct kerberos_ap_req view;
    assert_int_equal(parse(&usual, &view), KERBEROS_AP_REQ_OK);
    assert_string_equal(view.principal, "HTTP/www.example.org@EXAMPLE.ORG");
    assert_true(bytes_equal(view.realm, usual.realm));
    assert_true(bytes_equal(view.cipher, usual.cipher));
    assert_true(view.has_kvno);
    assert_int_equal(view.kvno, 3);
    assert_int_equal(view.etype, 18);
}

static void kvno_may_be_absent_or_use_all_bits(void **state)
{
    struct kerberos_ap_req view;
    struct request request = usual;
    request.kvno = (struct sspi_view){NULL, 0};
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_OK);
    assert_false(view.has_kvno);
    request.kvno = SSPI_VIEW("\x00\xff\xff\xff\xff");
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_OK);
    assert_true(view.kvno == UINT32_MAX);
    request.kvno = SSPI_VIEW("\x80\x00\x00\x01");
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_OK);
    assert_true(view.kvno == 0x80000001u);
    request.kvno = SSPI_VIEW("\x01\x00\x00\x00\x00");
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_MALFORMED);
}

static void separators_within_a_component_are_escaped(void **state)
{
    struct kerberos_ap_req view;
    struct request request = usual;
    request.n_names = 1;
    request.names[0] = SSPI_VIEW("HTTP/www.example.org");
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_OK);
    assert_string_equal(view.principal, "HTTP\\/www.example.org@EXAMPLE.ORG");
    request.names[0] = SSPI_VIEW("a@b\\c");
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_OK);
    assert_string_equal(view.principal, "a\\@b\\\\c@EXAMPLE.ORG");
    /* Backslashes in the ticket are escaped. */
    request.names[0] = SSPI_VIEW("a\\nb");
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_OK);
    assert_string_equal(view.principal, "a\\\\nb@EXAMPLE.ORG");
}

/* An attacker can rewrite the clear text of a ticket. */
static void services_and_realms_are_names(void **state)
{
    char storage[BAD_NAME_SIZE];
    struct kerberos_ap_req view;
    for (size_t i = 0; i < N_BAD_NAMES; i++) {
        struct sspi_view bad = bad_name(i, storage);
        struct request request = usual;
        for (size_t at = 0; at < usual.n_names; at++) {
            request.names[at] = bad;
            if (parse(&request, &view) != KERBEROS_AP_REQ_BAD_NAME)
                fail_msg("bad name %zu passes as component %zu", i, at);
            request.names[at] = usual.names[at];
        }
        request.realm = bad;
        if (parse(&request, &view) != KERBEROS_AP_REQ_BAD_NAME)
            fail_msg("bad name %zu passes as a realm", i);
    }
    for (size_t i = 0; i < N_GOOD_NAMES; i++) {
        struct request request = usual;
        request.realm = request.names[1] = bytes_view(good_names[i]);
        assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_OK);
    }
}

/* A component or a realm must not end within a character. */
static void a_character_split_over_two_components_is_refused(void **state)
{
    struct kerberos_ap_req view;
    struct request request = usual;
    request.names[0] = SSPI_VIEW("a\xc3");
    request.names[1] = SSPI_VIEW("\xa4z");
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_BAD_NAME);
    assert_string_equal(view.principal, "a\xc3/\xa4z@EXAMPLE.ORG");
}

static void number_and_length_of_components_are_limited(void **state)
{
    static char text[KERBEROS_AP_REQ_PRINCIPAL_SIZE];
    struct kerberos_ap_req view;
    struct request request = usual;
    for (size_t i = 0; i <= KERBEROS_AP_REQ_COMPONENTS_LIMIT; i++)
        request.names[i] = SSPI_VIEW("x");
    request.n_names = KERBEROS_AP_REQ_COMPONENTS_LIMIT;
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_OK);
    request.n_names++;
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_MALFORMED);
    request.n_names = 0;
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_MALFORMED);
    memset(text, 'x', sizeof(text));
    request.n_names = 1;
    /* The name, '@', the realm and a NUL. */
    request.names[0] = (struct sspi_view){text, sizeof(text) - usual.realm.len - 2};
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_OK);
    assert_int_equal(strlen(view.principal), sizeof(text) - 1);
    request.names[0].len++;
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_MALFORMED);
}

static void another_mechanism_is_not_reported_as_malformed(void **state)
{
    struct kerberos_ap_req view;
    struct request request = usual;
    request.oid = SSPI_VIEW("\x2b\x06\x01\x05\x05\x02");
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_OTHER_MECHANISM);
    assert_int_equal(kerberos_ap_req_parse(SSPI_VIEW("NTLMSSP\0"), &view),
                     KERBEROS_AP_REQ_OTHER_MECHANISM);
    assert_int_equal(kerberos_ap_req_parse(SSPI_VIEW(""), &view), KERBEROS_AP_REQ_OTHER_MECHANISM);
    request = usual;
    request.token_id = SSPI_VIEW("\x02\x00"); /* an AP-REP */
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_MALFORMED);
    request.token_id = SSPI_VIEW("");
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_MALFORMED);
    request = usual;
    request.cipher = SSPI_VIEW("");
    assert_int_equal(parse(&request, &view), KERBEROS_AP_REQ_MALFORMED);
}

static void every_truncation_and_appended_octet_is_refused(void **state)
{
    struct bytes token = {0};
    struct kerberos_ap_req view;
    build(&usual, &token);
    for (size_t len = 0; len < token.len; len++) {
        char *copy = malloc(len > 0 ? len : 1);
        assert_non_null(copy);
        memcpy(copy, token.data, len);
        assert_int_not_equal(kerberos_ap_req_parse((struct sspi_view){copy, len}, &view),
                             KERBEROS_AP_REQ_OK);
        free(copy);
    }
    bytes_append_char(&token, 'x');
    assert_int_not_equal(kerberos_ap_req_parse(bytes_as_view(&token), &view), KERBEROS_AP_REQ_OK);
    bytes_free(&token);
}

static void no_changed_octet_makes_the_parser_read_past_the_end(void **state)
{
    struct bytes token = {0};
    struct kerberos_ap_req view;
    build(&usual, &token);
    char *copy = malloc(token.len);
    assert_non_null(copy);
    for (size_t at = 0; at < token.len; at++) {
        for (int value = 0; value < 256; value++) {
            memcpy(copy, token.data, token.len);
            copy[at] = (char)value;
            enum kerberos_ap_req_status status =
                kerberos_ap_req_parse((struct sspi_view){copy, token.len}, &view);
            if (status == KERBEROS_AP_REQ_OK)
                assert_true(strlen(view.principal) < KERBEROS_AP_REQ_PRINCIPAL_SIZE);
        }
    }
    free(copy);
    bytes_free(&token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_service_of_the_ticket_is_read),
        cmocka_unit_test(kvno_may_be_absent_or_use_all_bits),
        cmocka_unit_test(separators_within_a_component_are_escaped),
        cmocka_unit_test(services_and_realms_are_names),
        cmocka_unit_test(a_character_split_over_two_components_is_refused),
        cmocka_unit_test(number_and_length_of_components_are_limited),
        cmocka_unit_test(another_mechanism_is_not_reported_as_malformed),
        cmocka_unit_test(every_truncation_and_appended_octet_is_refused),
        cmocka_unit_test(no_changed_octet_makes_the_parser_read_past_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
