/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4178 section 5: mechListMIC. */
#include "negotiate_tests.h"

/* An initiator that sends messages which MIT's initiator would not send. */
struct hand {
    struct server server;
    struct client client; /* Kerberos without SPNEGO */
    struct bytes list;    /* DER of the mechanisms */
    struct bytes token;
    struct bytes message;
};

static void hand_start(struct hand *hand, const struct sspi_view *oids, size_t n_oids)
{
    struct bytes init = {0};
    *hand = (struct hand){.server = server_for(&negotiate_package),
                          .client = {.mechanism = &krb5_mechanism,
                                     .service = HTTP,
                                     .flags = GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG}};
    for (size_t i = 0; i < n_oids; i++)
        der_append(&hand->list, DER_OID, oids[i]);
    der_wrap(&hand->list, 0, DER_SEQUENCE);
    wrap_init(oids, n_oids, SSPI_VIEW("for the first"), &init);
    assert_int_equal(server_step(&hand->server, bytes_as_view(&init)), SEC_I_CONTINUE_NEEDED);
    bytes_free(&init);
    client_step(&hand->client, (struct sspi_view){NULL, 0}, &hand->token);
}

static struct negotiate_token_response hand_answer(const struct hand *hand)
{
    struct negotiate_token_response response;
    assert_true(negotiate_token_parse_response(bytes_as_view(&hand->server.answer), &response));
    return response;
}

static SECURITY_STATUS hand_send(struct hand *hand, struct sspi_view token, struct sspi_view mic)
{
    struct negotiate_token_response response = {NEGOTIATE_TOKEN_STATE_NONE, {NULL, 0}, token, mic};
    bytes_free(&hand->message);
    negotiate_token_format_response(&response, &hand->message);
    return server_step(&hand->server, bytes_as_view(&hand->message));
}

static void hand_end(struct hand *hand)
{
    client_end(&hand->client);
    bytes_free(&hand->list);
    bytes_free(&hand->token);
    bytes_free(&hand->message);
    server_close(&hand->server);
}

static void hand_mic(struct hand *hand, struct bytes *to)
{
    OM_uint32 minor;
    gss_buffer_desc list = {hand->list.len, hand->list.data};
    gss_buffer_desc mic = GSS_C_EMPTY_BUFFER;
    assert_int_equal(gss_get_mic(&minor, hand->client.gss, 0, &list, &mic), GSS_S_COMPLETE);
    bytes_append(to, mic.value, mic.length);
    gss_release_buffer(&minor, &mic);
}

static bool hand_trusts(struct hand *hand, struct sspi_view mic)
{
    OM_uint32 minor;
    gss_buffer_desc list = {hand->list.len, hand->list.data};
    struct bytes copy = {0};
    bytes_append_view(&copy, mic);
    gss_buffer_desc token = {copy.len, copy.data};
    bool ok = gss_verify_mic(&minor, hand->client.gss, &list, &token, NULL) == GSS_S_COMPLETE;
    bytes_free(&copy);
    return ok;
}

static const struct sspi_view alien_first[] = {{ALIEN, 8}, {KRB5, 9}};

void an_unknown_first_mechanism_needs_mics_from_both(void **test_state)
{
    struct hand hand;
    hand_start(&hand, alien_first, 2);
    struct negotiate_token_response answer = hand_answer(&hand);
    assert_int_equal(answer.state, NEGOTIATE_TOKEN_REQUEST_MIC);
    assert_true(bytes_equal(answer.mechanism, SSPI_VIEW(KRB5)));
    assert_null(answer.token.data);
    /* The mechanism is done, but the context is not established: only the server's MIC was sent. */
    assert_int_equal(hand_send(&hand, bytes_as_view(&hand.token), absent), SEC_I_CONTINUE_NEEDED);
    answer = hand_answer(&hand);
    assert_int_equal(answer.state, NEGOTIATE_TOKEN_ACCEPT_INCOMPLETE);
    assert_null(answer.mechanism.data);
    struct bytes ap_rep = {0};
    struct bytes rest = {0};
    struct bytes mic = {0};
    bytes_append_view(&ap_rep, answer.token);
    client_step(&hand.client, bytes_as_view(&ap_rep), &rest);
    assert_true(hand.client.done);
    assert_true(hand_trusts(&hand, answer.mic));
    hand_mic(&hand, &mic);
    assert_int_equal(hand_send(&hand, absent, bytes_as_view(&mic)), SEC_E_OK);
    answer = hand_answer(&hand);
    assert_int_equal(answer.state, NEGOTIATE_TOKEN_ACCEPT_COMPLETED);
    assert_null(answer.mic.data);
    check_alice(&hand.server, PACKAGE_BOUND_UNCHECKED);
    bytes_free(&ap_rep);
    bytes_free(&rest);
    bytes_free(&mic);
    hand_end(&hand);
}

/* Without mutual authentication the initiator is done first. It sends its MIC with its token. */
void a_mic_with_the_last_token_is_answered_at_once(void **test_state)
{
    struct hand hand;
    struct bytes mic = {0};
    hand_start(&hand, alien_first, 2);
    client_end(&hand.client);
    hand.client.flags = GSS_C_INTEG_FLAG;
    client_step(&hand.client, absent, &hand.token);
    assert_true(hand.client.done);
    hand_mic(&hand, &mic);
    assert_int_equal(hand_send(&hand, bytes_as_view(&hand.token), bytes_as_view(&mic)), SEC_E_OK);
    struct negotiate_token_response answer = hand_answer(&hand);
    assert_int_equal(answer.state, NEGOTIATE_TOKEN_ACCEPT_COMPLETED);
    assert_true(hand_trusts(&hand, answer.mic));
    check_alice(&hand.server, PACKAGE_BOUND_UNCHECKED);
    bytes_free(&mic);
    hand_end(&hand);
}

void a_wrong_or_missing_mic_is_refused(void **test_state)
{
    for (int wrong = 0; wrong < 2; wrong++) {
        struct hand hand;
        struct bytes ap_rep = {0};
        struct bytes rest = {0};
        struct bytes mic = {0};
        hand_start(&hand, alien_first, 2);
        assert_int_equal(hand_send(&hand, bytes_as_view(&hand.token), absent),
                         SEC_I_CONTINUE_NEEDED);
        bytes_append_view(&ap_rep, hand_answer(&hand).token);
        client_step(&hand.client, bytes_as_view(&ap_rep), &rest);
        hand.list.data[4] ^= 1; /* as if an attacker had changed the list in transit */
        hand_mic(&hand, &mic);
        SECURITY_STATUS status = hand_send(&hand, absent, wrong ? bytes_as_view(&mic) : absent);
        assert_int_equal(status, wrong ? SEC_E_MESSAGE_ALTERED : SEC_E_INVALID_TOKEN);
        /* A later message does not help. */
        assert_int_equal(hand_send(&hand, absent, bytes_as_view(&mic)), SEC_E_INVALID_TOKEN);
        bytes_free(&ap_rep);
        bytes_free(&rest);
        bytes_free(&mic);
        hand_end(&hand);
    }
}

void a_mic_before_the_mechanism_is_done_is_refused(void **test_state)
{
    struct hand hand;
    hand_start(&hand, alien_first, 2);
    assert_int_equal(hand_send(&hand, absent, SSPI_VIEW("mic")), SEC_E_INVALID_TOKEN);
    hand_end(&hand);
}

/* Builds a first token with a MIC, although no MIC is required. */
void a_mic_that_is_not_required_is_verified_and_answered(void **test_state)
{
    const struct sspi_view krb5_first[] = {SSPI_VIEW(KRB5)};
    for (int wrong = 0; wrong < 2; wrong++) {
        struct server server = server_for(&negotiate_package);
        struct client client = {
            .mechanism = &krb5_mechanism, .service = HTTP, .flags = GSS_C_INTEG_FLAG};
        struct hand hand = {.client = client};
        struct bytes mic = {0};
        struct bytes init = {0};
        client_step(&hand.client, absent, &hand.token);
        der_append(&hand.list, DER_OID, krb5_first[0]);
        der_wrap(&hand.list, 0, DER_SEQUENCE);
        hand_mic(&hand, &mic);
        if (wrong)
            mic.data[mic.len - 1] ^= 1;
        /* wrap_init() adds no MIC, so this builds the token from its parts. */
        der_append(&init, DER_OID, SSPI_VIEW("\x2b\x06\x01\x05\x05\x02"));
        size_t fields = init.len;
        bytes_append_view(&init, bytes_as_view(&hand.list));
        der_wrap(&init, fields, DER_CONTEXT(0));
        size_t start = init.len;
        der_append(&init, DER_OCTET_STRING, bytes_as_view(&hand.token));
        der_wrap(&init, start, DER_CONTEXT(2));
        start = init.len;
        der_append(&init, DER_OCTET_STRING, bytes_as_view(&mic));
        der_wrap(&init, start, DER_CONTEXT(3));
        der_wrap(&init, fields, DER_SEQUENCE);
        der_wrap(&init, fields, DER_CONTEXT(0));
        der_wrap(&init, 0, DER_APPLICATION(0));
        CHECK(once(&server, &init), wrong ? SEC_E_MESSAGE_ALTERED : SEC_E_OK);
        if (!wrong) {
            struct negotiate_token_response answer;
            assert_true(negotiate_token_parse_response(bytes_as_view(&server.answer), &answer));
            assert_int_equal(answer.state, NEGOTIATE_TOKEN_ACCEPT_COMPLETED);
            assert_true(hand_trusts(&hand, answer.mic));
        }
        client_end(&hand.client);
        bytes_free(&hand.list);
        bytes_free(&hand.token);
        bytes_free(&mic);
        bytes_free(&init);
        server_close(&server);
    }
}

void the_bytes_of_a_whole_negotiation_are_limited(void **test_state)
{
    char *large = calloc(1, PACKAGE_TOKEN_LIMIT);
    assert_non_null(large);
    struct hand hand;
    hand_start(&hand, alien_first, 2);
    struct server server = hand.server;
    CHECK(server_step(&server, (struct sspi_view){large, PACKAGE_TOKEN_LIMIT}),
          SEC_E_INVALID_TOKEN);
    CHECK_REASON(SSPI_REASON_LEGS, "65536 bytes");
    hand.server = server;
    hand_end(&hand);
    free(large);
}
