/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "der.h"
#include "negotiate_mechanism.h"
#include "negotiate_token.h"

#define SPNEGO "\x2b\x06\x01\x05\x05\x02"
#define KRB5   "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
#define MSKRB5 "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"

/* Wraps the fields of a NegTokenInit. */
static void frame(struct bytes *fields)
{
    struct bytes to = {0};
    der_wrap(fields, 0, DER_SEQUENCE);
    der_wrap(fields, 0, DER_CONTEXT(0));
    der_append(&to, DER_OID, SSPI_VIEW(SPNEGO));
    bytes_append_view(&to, bytes_as_view(fields));
    der_wrap(&to, 0, DER_APPLICATION(0));
    bytes_free(fields);
    *fields = to;
}

static void put_mechanisms(struct bytes *to, size_t n_mechanisms)
{
    size_t start = to->len;
    for (size_t i = 0; i < n_mechanisms; i++)
        der_append(to, DER_OID, i % 2 == 0 ? SSPI_VIEW(MSKRB5) : SSPI_VIEW(KRB5));
    der_wrap(to, start, DER_SEQUENCE);
    der_wrap(to, start, DER_CONTEXT(0));
}

static void full_init(struct bytes *to)
{
    put_mechanisms(to, 2);
    der_append_explicit(to, DER_CONTEXT(1), DER_BIT_STRING, SSPI_VIEW("\x06\x40"));
    der_append_explicit(to, DER_CONTEXT(2), DER_OCTET_STRING, SSPI_VIEW("token"));
    der_append_explicit(to, DER_CONTEXT(3), DER_OCTET_STRING, SSPI_VIEW("mic"));
    frame(to);
}

static void all_fields_of_an_init_are_read(void **state)
{
    struct bytes token = {0};
    struct negotiate_token_init init;
    full_init(&token);
    assert_true(negotiate_token_parse_init(bytes_as_view(&token), &init));
    assert_int_equal(init.n_mechanisms, 2);
    assert_true(bytes_equal(init.mechanisms[0], SSPI_VIEW(MSKRB5)));
    assert_true(bytes_equal(init.mechanisms[1], SSPI_VIEW(KRB5)));
    assert_true(bytes_equal(init.token, SSPI_VIEW("token")));
    assert_true(bytes_equal(init.mic, SSPI_VIEW("mic")));
    /* RFC 4178 section 5: the MIC is over the DER of the list, including its tag. */
    assert_true(bytes_equal(init.mech_list, SSPI_VIEW("\x30\x16\x06\x09" MSKRB5 "\x06\x09" KRB5)));
    bytes_free(&token);
}

static void only_the_list_is_required_and_it_is_not_empty(void **state)
{
    struct bytes token = {0};
    struct negotiate_token_init init;
    put_mechanisms(&token, 1);
    frame(&token);
    assert_true(negotiate_token_parse_init(bytes_as_view(&token), &init));
    assert_null(init.token.data);
    assert_null(init.mic.data);
    bytes_free(&token);
    put_mechanisms(&token, 0);
    frame(&token);
    assert_false(negotiate_token_parse_init(bytes_as_view(&token), &init));
    bytes_free(&token);
    der_append_explicit(&token, DER_CONTEXT(2), DER_OCTET_STRING, SSPI_VIEW("token"));
    frame(&token);
    assert_false(negotiate_token_parse_init(bytes_as_view(&token), &init));
    bytes_free(&token);
}

static void number_of_mechanisms_is_limited(void **state)
{
    struct negotiate_token_init init;
    struct bytes token = {0};
    put_mechanisms(&token, NEGOTIATE_TOKEN_MECHANISMS_LIMIT);
    frame(&token);
    assert_true(negotiate_token_parse_init(bytes_as_view(&token), &init));
    assert_int_equal(init.n_mechanisms, NEGOTIATE_TOKEN_MECHANISMS_LIMIT);
    bytes_free(&token);
    put_mechanisms(&token, NEGOTIATE_TOKEN_MECHANISMS_LIMIT + 1);
    frame(&token);
    assert_false(negotiate_token_parse_init(bytes_as_view(&token), &init));
    bytes_free(&token);
}

static void our_hints_are_a_valid_init2(void **state)
{
    struct bytes token = {0};
    struct sspi_view mechanisms[] = {SSPI_VIEW(KRB5), SSPI_VIEW(MSKRB5)};
    struct negotiate_token_init init;
    struct sspi_view oid;
    negotiate_token_format_hints(mechanisms, 2, &token);
    assert_false(token.failed);
    assert_int_equal(negotiate_token_kind(bytes_as_view(&token), &oid), NEGOTIATE_TOKEN_INIT);
    assert_true(negotiate_token_parse_init(bytes_as_view(&token), &init));
    assert_int_equal(init.n_mechanisms, 2);
    assert_null(init.mic.data);
    bytes_free(&token);
}

static void init2_has_its_mic_in_field_4(void **state)
{
    struct bytes token = {0};
    struct negotiate_token_init init;
    put_mechanisms(&token, 1);
    der_append_explicit(&token, DER_CONTEXT(3), DER_SEQUENCE, SSPI_VIEW(""));
    der_append_explicit(&token, DER_CONTEXT(4), DER_OCTET_STRING, SSPI_VIEW("mic"));
    frame(&token);
    assert_true(negotiate_token_parse_init(bytes_as_view(&token), &init));
    assert_true(bytes_equal(init.mic, SSPI_VIEW("mic")));
    bytes_free(&token);
}

static void responses_come_back_as_they_were_written(void **state)
{
    static const struct negotiate_token_response cases[] = {
        {NEGOTIATE_TOKEN_REJECT, {NULL, 0}, {NULL, 0}, {NULL, 0}},
        {NEGOTIATE_TOKEN_STATE_NONE, {NULL, 0}, {"token", 5}, {NULL, 0}},
        {NEGOTIATE_TOKEN_ACCEPT_COMPLETED, {KRB5, 9}, {"token", 5}, {"mic", 3}},
        {NEGOTIATE_TOKEN_REQUEST_MIC, {KRB5, 9}, {NULL, 0}, {NULL, 0}},
        {NEGOTIATE_TOKEN_ACCEPT_INCOMPLETE, {NULL, 0}, {"", 0}, {"mic", 3}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bytes token = {0};
        struct negotiate_token_response response;
        negotiate_token_format_response(&cases[i], &token);
        assert_false(token.failed);
        assert_true(negotiate_token_parse_response(bytes_as_view(&token), &response));
        assert_int_equal(response.state, cases[i].state);
        assert_int_equal(response.mechanism.data == NULL, cases[i].mechanism.data == NULL);
        assert_true(bytes_equal(response.mechanism, cases[i].mechanism));
        assert_int_equal(response.token.data == NULL, cases[i].token.data == NULL);
        assert_true(bytes_equal(response.token, cases[i].token));
        assert_true(bytes_equal(response.mic, cases[i].mic));
        bytes_free(&token);
    }
}

static void a_reject_has_the_nine_octets_that_other_servers_send(void **state)
{
    struct negotiate_token_response reject = {.state = NEGOTIATE_TOKEN_REJECT};
    struct bytes token = {0};
    negotiate_token_format_response(&reject, &token);
    assert_true(
        bytes_equal(bytes_as_view(&token), SSPI_VIEW("\xa1\x07\x30\x05\xa0\x03\x0a\x01\x02")));
    bytes_free(&token);
}

static void unknown_states_and_wrong_order_are_refused(void **state)
{
    struct negotiate_token_response response;
    assert_true(negotiate_token_parse_response(SSPI_VIEW("\xa1\x07\x30\x05\xa0\x03\x0a\x01\x03"),
                                               &response));
    assert_false(negotiate_token_parse_response(SSPI_VIEW("\xa1\x07\x30\x05\xa0\x03\x0a\x01\x04"),
                                                &response));
    assert_false(negotiate_token_parse_response(SSPI_VIEW("\xa1\x07\x30\x05\xa0\x03\x0a\x01\xff"),
                                                &response));
    assert_false(negotiate_token_parse_response(
        SSPI_VIEW("\xa1\x0c\x30\x0a\xa2\x03\x04\x01x\xa0\x03\x0a\x01"), &response));
    assert_false(negotiate_token_parse_response(
        SSPI_VIEW("\xa1\x0c\x30\x0a\xa0\x03\x0a\x01\x00\xa0\x03\x0a\x01\x00"), &response));
}

/* The parsers read nothing past the end of a changed token, and accept no truncated one. */
static void try_all_changes(const struct bytes *token)
{
    struct negotiate_token_init init;
    struct negotiate_token_response response;
    struct sspi_view oid;
    for (size_t len = 0; len <= token->len; len++) {
        char *copy = malloc(len > 0 ? len : 1);
        assert_non_null(copy);
        memcpy(copy, token->data, len);
        struct sspi_view view = {copy, len};
        enum negotiate_token_kind kind = negotiate_token_kind(view, &oid);
        assert_true(kind >= NEGOTIATE_TOKEN_EMPTY && kind <= NEGOTIATE_TOKEN_UNKNOWN);
        bool taken = negotiate_token_parse_init(view, &init) ||
                     negotiate_token_parse_response(view, &response);
        assert_int_equal(taken, len == token->len);
        for (size_t at = 0; at < len; at++) {
            copy[at] = (char)~copy[at];
            taken = negotiate_token_parse_init(view, &init) ||
                    negotiate_token_parse_response(view, &response);
            copy[at] = (char)~copy[at];
        }
        free(copy);
    }
}

static void changed_tokens_are_not_read_past_their_end(void **state)
{
    struct bytes init = {0};
    full_init(&init);
    try_all_changes(&init);
    bytes_free(&init);
    struct negotiate_token_response response = {NEGOTIATE_TOKEN_ACCEPT_COMPLETED, SSPI_VIEW(KRB5),
                                                SSPI_VIEW("token"), SSPI_VIEW("mic")};
    struct bytes token = {0};
    negotiate_token_format_response(&response, &token);
    try_all_changes(&token);
    bytes_free(&token);
}

static void the_first_octets_show_the_kind(void **state)
{
    struct sspi_view oid = {NULL, 0};
    assert_int_equal(negotiate_token_kind(SSPI_VIEW(""), &oid), NEGOTIATE_TOKEN_EMPTY);
    assert_int_equal(negotiate_token_kind(SSPI_VIEW("NTLMSSP\0\1"), &oid), NEGOTIATE_TOKEN_NTLM);
    assert_int_equal(negotiate_token_kind(SSPI_VIEW("NTLMSSP"), &oid), NEGOTIATE_TOKEN_UNKNOWN);
    assert_int_equal(negotiate_token_kind(SSPI_VIEW("\xa1"), &oid), NEGOTIATE_TOKEN_RESPONSE);
    assert_int_equal(negotiate_token_kind(SSPI_VIEW("\x60\x0b\x06\x09" KRB5), &oid),
                     NEGOTIATE_TOKEN_FRAMED);
    assert_true(bytes_equal(oid, SSPI_VIEW(KRB5)));
    assert_int_equal(negotiate_token_kind(SSPI_VIEW("\x6e\x00"), &oid), NEGOTIATE_TOKEN_UNKNOWN);
}

static void check_name(struct sspi_view oid, const char *wanted)
{
    struct bytes name = {0};
    negotiate_mechanism_name(oid, &name);
    bytes_append_char(&name, '\0');
    assert_string_equal(name.data, wanted);
    bytes_free(&name);
}

static void mechanisms_are_shown_by_name_or_oid(void **state)
{
    check_name(SSPI_VIEW("\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"), "NTLM");
    check_name(SSPI_VIEW(MSKRB5), "Kerberos");
    check_name(SSPI_VIEW("\x2b\x06\x01\x04\x01\x82\x37\x63"), "1.3.6.1.4.1.311.99");
    check_name(SSPI_VIEW("\x88\x37\x03"), "2.999.3");
    check_name(SSPI_VIEW("\x28"), "1.0");
    check_name(SSPI_VIEW("\xff\xff\xff"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_fields_of_an_init_are_read),
        cmocka_unit_test(only_the_list_is_required_and_it_is_not_empty),
        cmocka_unit_test(number_of_mechanisms_is_limited),
        cmocka_unit_test(our_hints_are_a_valid_init2),
        cmocka_unit_test(init2_has_its_mic_in_field_4),
        cmocka_unit_test(responses_come_back_as_they_were_written),
        cmocka_unit_test(a_reject_has_the_nine_octets_that_other_servers_send),
        cmocka_unit_test(unknown_states_and_wrong_order_are_refused),
        cmocka_unit_test(changed_tokens_are_not_read_past_their_end),
        cmocka_unit_test(the_first_octets_show_the_kind),
        cmocka_unit_test(mechanisms_are_shown_by_name_or_oid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
