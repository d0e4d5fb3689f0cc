/* SPDX-License-Identifier: Apache-2.0 */
/* The first leg of SPNEGO with MIT's initiator, bare tokens, and limits. */
#include "negotiate_tests.h"

void bare_tokens_are_accepted_by_both_packages(void **test_state)
{
    const struct package *packages[] = {&kerberos_package, &negotiate_package};
    for (size_t i = 0; i < 2; i++) {
        struct server server = server_for(packages[i]);
        struct bytes token = {0};
        client_token(&krb5_mechanism, HTTP, NULL, 0, &token);
        CHECK(once(&server, &token), SEC_E_OK);
        check_alice(&server, PACKAGE_BOUND_UNCHECKED);
        assert_int_equal(server.answer.len, 0);
        bytes_free(&token);
        server_close(&server);
    }
}

/* Exchanges tokens until the server is done. Returns the number of the server's legs. */
static size_t talk(struct client *client, struct server *server)
{
    struct bytes token = {0};
    size_t n_legs = 0;
    SECURITY_STATUS status;
    client_step(client, (struct sspi_view){NULL, 0}, &token);
    do {
        status = server_step(server, bytes_as_view(&token));
        n_legs++;
        if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED)
            print_message("# error: %s\n", server->error_info.text);
        assert_true(status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED);
        if (server->answer.len > 0)
            client_step(client, bytes_as_view(&server->answer), &token);
    } while (status == SEC_I_CONTINUE_NEEDED);
    assert_true(client->done);
    bytes_free(&token);
    return n_legs;
}

void spnego_needs_one_leg_and_mit_accepts_the_answer(void **test_state)
{
    const OM_uint32 flags[] = {0, GSS_C_MUTUAL_FLAG, GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG};
    for (size_t i = 0; i < 3; i++) {
        struct server server = server_for(&negotiate_package);
        struct client client = {.mechanism = &spnego_mechanism, .service = HTTP, .flags = flags[i]};
        assert_int_equal(talk(&client, &server), 1);
        check_alice(&server, PACKAGE_BOUND_UNCHECKED);
        const struct package_info *info = negotiate_package.info(server.context);
        assert_int_equal((info->attributes & ASC_RET_MUTUAL_AUTH) != 0,
                         (flags[i] & GSS_C_MUTUAL_FLAG) != 0);
        client_end(&client);
        server_close(&server);
    }
}

void bare_mutual_authentication_answers_with_an_ap_rep(void **test_state)
{
    struct server server = server_for(&negotiate_package);
    struct client client = {
        .mechanism = &krb5_mechanism, .service = HTTP, .flags = GSS_C_MUTUAL_FLAG};
    assert_int_equal(talk(&client, &server), 1);
    client_end(&client);
    server_close(&server);
}

void the_oid_listed_first_is_answered(void **test_state)
{
    const struct sspi_view windows[] = {SSPI_VIEW(MSKRB5), SSPI_VIEW(KRB5), SSPI_VIEW(NTLM)};
    struct server server = server_for(&negotiate_package);
    struct bytes token = {0};
    struct bytes init = {0};
    struct negotiate_token_response answer;
    client_token(&krb5_mechanism, HTTP, NULL, 0, &token);
    wrap_init(windows, 3, bytes_as_view(&token), &init);
    CHECK(once(&server, &init), SEC_E_OK);
    assert_true(negotiate_token_parse_response(bytes_as_view(&server.answer), &answer));
    assert_true(bytes_equal(answer.mechanism, SSPI_VIEW(MSKRB5)));
    assert_int_equal(answer.state, NEGOTIATE_TOKEN_ACCEPT_COMPLETED);
    bytes_free(&token);
    bytes_free(&init);
    server_close(&server);
}

void an_empty_first_token_is_answered_with_our_list(void **test_state)
{
    struct server server = server_for(&negotiate_package);
    struct negotiate_token_init init;
    struct bytes token = {0};
    CHECK(server_step(&server, absent), SEC_I_CONTINUE_NEEDED);
    assert_true(negotiate_token_parse_init(bytes_as_view(&server.answer), &init));
    assert_int_equal(init.n_mechanisms, 2);
    client_token(&spnego_mechanism, HTTP, NULL, 0, &token);
    CHECK(server_step(&server, bytes_as_view(&token)), SEC_E_OK);
    bytes_free(&token);
    server_end(&server);
    CHECK(server_step(&server, absent), SEC_I_CONTINUE_NEEDED);
    CHECK(server_step(&server, absent), SEC_E_INVALID_TOKEN);
    server_close(&server);
}

void the_error_says_why_a_client_has_no_kerberos(void **test_state)
{
    const struct sspi_view ntlm[] = {SSPI_VIEW(NTLM)};
    struct server server = server_for(&negotiate_package);
    struct bytes token = {0};
    wrap_init(ntlm, 1, SSPI_VIEW("NTLMSSP\0\1"), &token);
    CHECK(once(&server, &token), SEC_E_INVALID_TOKEN);
    CHECK_REASON(SSPI_REASON_NOT_OFFERED, "only NTLM");
    assert_int_equal(server.answer.len, 0);
    server.requirements = ASC_REQ_EXTENDED_ERROR;
    CHECK(once(&server, &token), SEC_E_INVALID_TOKEN);
    assert_true(bytes_equal(bytes_as_view(&server.answer),
                            SSPI_VIEW("\xa1\x07\x30\x05\xa0\x03\x0a\x01\x02")));
    bytes_free(&token);
    bytes_append(&token, "NTLMSSP\0\1\0\0\0", 12);
    CHECK(once(&server, &token), SEC_E_INVALID_TOKEN);
    CHECK_REASON(SSPI_REASON_NOT_OFFERED, "sent NTLM");
    bytes_free(&token);
    bytes_append(&token, "\xa1\x07\x30\x05\xa0\x03\x0a\x01\x01", 9);
    CHECK(once(&server, &token), SEC_E_INVALID_TOKEN);
    CHECK_REASON(SSPI_REASON_MALFORMED, "did not begin");
    bytes_free(&token);
    bytes_append_text(&token, "garbage");
    CHECK(once(&server, &token), SEC_E_INVALID_TOKEN);
    CHECK_REASON(SSPI_REASON_MALFORMED, "not SPNEGO, Kerberos or NTLM");
    bytes_free(&token);
    server_close(&server);
}

void tokens_over_the_limit_are_refused(void **test_state)
{
    const struct package *packages[] = {&kerberos_package, &negotiate_package};
    char *large = calloc(1, PACKAGE_TOKEN_LIMIT + 1);
    assert_non_null(large);
    for (size_t i = 0; i < 2; i++) {
        struct server server = server_for(packages[i]);
        CHECK(server_step(&server, (struct sspi_view){large, PACKAGE_TOKEN_LIMIT + 1}),
              SEC_E_INVALID_TOKEN);
        CHECK_REASON(SSPI_REASON_TOO_LARGE, "65536");
        server_end(&server);
        CHECK(server_step(&server, (struct sspi_view){large, PACKAGE_TOKEN_LIMIT}),
              SEC_E_INVALID_TOKEN);
        assert_int_not_equal(server.error_info.reason, SSPI_REASON_TOO_LARGE);
        server_close(&server);
    }
    free(large);
}

void every_truncation_of_a_real_token_is_refused(void **test_state)
{
    struct server server = server_for(&negotiate_package);
    struct bytes token = {0};
    client_token(&spnego_mechanism, HTTP, NULL, 0, &token);
    for (size_t len = 1; len < token.len; len++) {
        server_end(&server);
        CHECK(server_step(&server, (struct sspi_view){token.data, len}), SEC_E_INVALID_TOKEN);
    }
    bytes_free(&token);
    server_close(&server);
}
