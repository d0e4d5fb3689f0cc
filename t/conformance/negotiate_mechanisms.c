/* SPDX-License-Identifier: Apache-2.0 */
/* The Negotiate package against MIT's SPNEGO initiator with Kerberos and gss-ntlmssp, through
 * Windows' calls. The tests cover every order of the two mechanisms at the client, with and without
 * a ticket. They cover every set of mechanisms that the server allows. negotiate_mechanisms.t makes
 * the realm and the users. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <gssapi/gssapi_ext.h>

#include "negotiate_client.h"
#include "negotiate_spnego.h"
#include "negotiate_token.h"

#define LEGS_LIMIT 8
#define K          SSPI_MECHANISM_KERBEROS
#define N          SSPI_MECHANISM_NTLM

static char ntlm_oid[] = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";
static gss_OID_desc ntlm_mechanism = {10, ntlm_oid};

/* ---- the server ---- */

static SSPI_ACCEPTOR_DATA acceptor_data(uint32_t mechanisms)
{
    return (SSPI_ACCEPTOR_DATA){.Version = SSPI_ACCEPTOR_DATA_VERSION,
                                .Mechanisms = mechanisms,
                                .KeytabName = getenv("SSPI_TEST_KEYTAB"),
                                .UserFile = getenv("SSPI_TEST_USERS")};
}

struct acceptor {
    CredHandle credential;
    CtxtHandle context;
    bool begun;
    struct bytes answer;
    struct sspi_error_info error_info;
};

static void acceptor_open(struct acceptor *acceptor, uint32_t mechanisms)
{
    static char negotiate[] = NEGOSSP_NAME_A;
    SSPI_ACCEPTOR_DATA data = acceptor_data(mechanisms);
    *acceptor = (struct acceptor){.begun = false};
    assert_int_equal(AcquireCredentialsHandleA(NULL, negotiate, SECPKG_CRED_INBOUND, NULL, &data,
                                               NULL, NULL, &acceptor->credential, NULL),
                     SEC_E_OK);
}

static void acceptor_close(struct acceptor *acceptor)
{
    if (acceptor->begun)
        assert_int_equal(DeleteSecurityContext(&acceptor->context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&acceptor->credential), SEC_E_OK);
    bytes_free(&acceptor->answer);
}

static SECURITY_STATUS acceptor_step(struct acceptor *acceptor, const struct bytes *token)
{
    SecBuffer in = {(ULONG)token->len, SECBUFFER_TOKEN, token->data};
    SecBuffer out[2] = {
        {0, SECBUFFER_TOKEN, NULL},
        {sizeof(acceptor->error_info), SECBUFFER_SSPI_ERROR_INFO, &acceptor->error_info},
    };
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in};
    SecBufferDesc output = {SECBUFFER_VERSION, 2, out};
    ULONG attributes;
    SECURITY_STATUS status = AcceptSecurityContext(
        &acceptor->credential, acceptor->begun ? &acceptor->context : NULL, &input,
        ASC_REQ_ALLOCATE_MEMORY | ASC_REQ_EXTENDED_ERROR, SECURITY_NETWORK_DREP, &acceptor->context,
        &output, &attributes, NULL);
    acceptor->begun = acceptor->begun || status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED;
    bytes_free(&acceptor->answer);
    bytes_append(&acceptor->answer, out[0].pvBuffer, out[0].cbBuffer);
    if (out[0].pvBuffer != NULL)
        assert_int_equal(FreeContextBuffer(out[0].pvBuffer), SEC_E_OK);
    return status;
}

/* The package that SECPKG_ATTR_NEGOTIATION_INFO names, as one of SSPI_MECHANISM_*. */
static uint32_t acceptor_mechanism(struct acceptor *acceptor)
{
    SecPkgContext_NegotiationInfoA info;
    assert_int_equal(
        QueryContextAttributesA(&acceptor->context, SECPKG_ATTR_NEGOTIATION_INFO, &info), SEC_E_OK);
    assert_int_equal(info.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
    uint32_t mechanism = strcmp(info.PackageInfo->Name, MICROSOFT_KERBEROS_NAME_A) == 0 ? K
                         : strcmp(info.PackageInfo->Name, NTLMSP_NAME_A) == 0           ? N
                                                                                        : 0;
    assert_int_equal(FreeContextBuffer(info.PackageInfo), SEC_E_OK);
    return mechanism;
}

static void check_user(struct acceptor *acceptor, uint32_t mechanism)
{
    SecPkgContext_NamesA names;
    assert_int_equal(QueryContextAttributesA(&acceptor->context, SECPKG_ATTR_NAMES, &names),
                     SEC_E_OK);
    assert_string_equal(names.sUserName, mechanism == K ? "alice@SSPI.TEST" : "Corp\\Alice");
    assert_int_equal(FreeContextBuffer(names.sUserName), SEC_E_OK);
}

/* ---- the client ---- */

/* The client's offer, in its order. */
struct offer {
    uint32_t mechanisms[2];
    size_t n;
};

static const struct offer offers[] = {
    {{K}, 1},
    {{N}, 1},
    {{K, N}, 2},
    {{N, K}, 2},
};

/* Acquires the default credentials of both mechanisms (a ticket cache, a file of passwords) if they
 * exist, in the order of the offer. False: MIT has no mechanism to begin with. */
static bool client_open(struct client *client, const struct offer *offer)
{
    OM_uint32 minor;
    gss_OID_desc wanted[2];
    gss_OID_set_desc spnego = {1, &spnego_mechanism};
    gss_OID_set_desc order = {offer->n, wanted};
    for (size_t i = 0; i < offer->n; i++)
        wanted[i] = offer->mechanisms[i] == K ? krb5_mechanism : ntlm_mechanism;
    *client = (struct client){.mechanism = &spnego_mechanism,
                              .service = "HTTP@localhost",
                              .flags = GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG};
    assert_int_equal(gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &spnego,
                                      GSS_C_INITIATE, &client->credential, NULL, NULL),
                     GSS_S_COMPLETE);
    assert_int_equal(gss_set_neg_mechs(&minor, client->credential, &order), GSS_S_COMPLETE);
    gss_ctx_id_t trial = GSS_C_NO_CONTEXT;
    gss_name_t name = GSS_C_NO_NAME;
    gss_buffer_desc text = {14, (char[]){"HTTP@localhost"}};
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
    assert_int_equal(gss_import_name(&minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &name), 0);
    OM_uint32 major =
        gss_init_sec_context(&minor, client->credential, &trial, name, &spnego_mechanism,
                             client->flags, 0, NULL, NULL, NULL, &token, NULL, NULL);
    gss_release_name(&minor, &name);
    gss_release_buffer(&minor, &token);
    gss_delete_sec_context(&minor, &trial, GSS_C_NO_BUFFER);
    return !GSS_ERROR(major);
}

/* ---- both ---- */

/* The MICs, and a request for one, that the messages had. */
struct messages {
    bool client_mic;
    bool our_mic;
    bool asked_for_mic;
};

static void note_message(const struct bytes *token, bool ours, struct messages *messages)
{
    struct negotiate_token_init init;
    struct negotiate_token_response response;
    struct sspi_view view = bytes_as_view(token);
    if (!ours && negotiate_token_parse_init(view, &init))
        return;
    assert_true(negotiate_token_parse_response(view, &response));
    if (response.mic.data != NULL)
        *(ours ? &messages->our_mic : &messages->client_mic) = true;
    if (ours && response.state == NEGOTIATE_TOKEN_REQUEST_MIC)
        messages->asked_for_mic = true;
}

static SECURITY_STATUS talk(struct client *client, struct acceptor *acceptor,
                            struct messages *messages)
{
    struct bytes token = {0};
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    *messages = (struct messages){.client_mic = false};
    client_step(client, (struct sspi_view){NULL, 0}, &token);
    for (size_t leg = 0; status == SEC_I_CONTINUE_NEEDED; leg++) {
        assert_true(leg < LEGS_LIMIT && token.len > 0);
        note_message(&token, false, messages);
        status = acceptor_step(acceptor, &token);
        bytes_free(&token);
        if (acceptor->answer.len > 0)
            note_message(&acceptor->answer, true, messages);
        if (status >= 0 && acceptor->answer.len > 0)
            client_step(client, bytes_as_view(&acceptor->answer), &token);
    }
    /* MIT's initiator finishes in the same leg as the server. */
    if (status == SEC_E_OK)
        assert_true(client->done && token.len == 0);
    bytes_free(&token);
    return status;
}

/* RFC 4178: the first of the client's mechanisms that the server allows; 0: none. */
static uint32_t chosen(const struct offer *offer, uint32_t allowed)
{
    for (size_t i = 0; i < offer->n; i++) {
        if ((offer->mechanisms[i] & allowed) != 0)
            return offer->mechanisms[i];
    }
    return 0;
}

/* The mechanisms of an offer that remain for a client without a ticket. */
static struct offer without_kerberos(const struct offer *offer)
{
    struct offer rest = {.n = 0};
    for (size_t i = 0; i < offer->n; i++) {
        if (offer->mechanisms[i] != K)
            rest.mechanisms[rest.n++] = offer->mechanisms[i];
    }
    return rest;
}

static void check_one(const struct offer *offer, bool ticket, uint32_t allowed)
{
    struct client client;
    struct acceptor acceptor;
    struct messages messages;
    struct offer listed = ticket ? *offer : without_kerberos(offer);
    bool begins = client_open(&client, offer);
    assert_int_equal(begins, listed.n > 0);
    if (!begins) {
        client_end(&client);
        return;
    }
    uint32_t wanted = chosen(&listed, allowed);
    acceptor_open(&acceptor, allowed);
    SECURITY_STATUS status = talk(&client, &acceptor, &messages);
    assert_int_equal(status, wanted != 0 ? SEC_E_OK : SEC_E_INVALID_TOKEN);
    if (wanted != 0) {
        /* True if both sides prefer the same mechanism. Otherwise both sides protect the lists. */
        bool first_of_both = wanted == listed.mechanisms[0] && wanted == (allowed & K ? K : N);
        assert_int_equal(acceptor_mechanism(&acceptor), wanted);
        check_user(&acceptor, wanted);
        assert_int_equal(messages.client_mic, messages.our_mic);
        assert_int_equal(messages.asked_for_mic, !first_of_both);
        if (!first_of_both)
            assert_true(messages.our_mic);
    } else {
        assert_int_equal(acceptor.error_info.reason, SSPI_REASON_NOT_OFFERED);
        assert_non_null(
            strstr(acceptor.error_info.text, allowed == K ? "only NTLM" : "only Kerberos"));
    }
    acceptor_close(&acceptor);
    client_end(&client);
}

static void check_all(bool ticket)
{
    assert_int_equal(
        setenv("KRB5CCNAME", getenv(ticket ? "SSPI_TEST_CACHE" : "SSPI_TEST_NO_CACHE"), 1), 0);
    for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
        for (uint32_t allowed = K; allowed <= (K | N); allowed++)
            check_one(&offers[i], ticket, allowed);
    }
}

static void every_order_with_a_ticket(void **state)
{
    check_all(true);
}

static void every_order_without_a_ticket(void **state)
{
    check_all(false);
}

/* MS-SPNG 3.3.5.1: after the mechListMICs, RC4 restarts in both directions. */
static void messages_continue_after_the_mics(void **state)
{
    SSPI_ACCEPTOR_DATA data = acceptor_data(K | N);
    struct server server = {.package = &negotiate_package};
    struct bytes token = {0}, ours = {0};
    struct client client;
    struct negotiate_token_response last = {.state = NEGOTIATE_TOKEN_STATE_NONE};
    OM_uint32 minor;
    gss_buffer_desc message = {7, (char[]){"message"}};
    gss_buffer_desc theirs = GSS_C_EMPTY_BUFFER;
    assert_int_equal(negotiate_package.acquire(&data, &server.credential, &server.error_info),
                     SEC_E_OK);
    assert_true(client_open(&client, &offers[3]));
    client_step(&client, (struct sspi_view){NULL, 0}, &token);
    assert_int_equal(server_step(&server, bytes_as_view(&token)), SEC_I_CONTINUE_NEEDED);
    client_step(&client, bytes_as_view(&server.answer), &token);
    assert_int_equal(server_step(&server, bytes_as_view(&token)), SEC_E_OK);
    assert_true(negotiate_token_parse_response(bytes_as_view(&server.answer), &last));
    assert_non_null(last.mic.data);
    client_step(&client, bytes_as_view(&server.answer), &token);
    assert_true(client.done);

    void *mechanism = ((struct negotiate_context *)server.context)->mechanism;
    assert_int_equal(gss_get_mic(&minor, client.gss, 0, &message, &theirs), GSS_S_COMPLETE);
    struct sspi_view mic = {theirs.value, theirs.length};
    assert_int_equal(ntlm_package.check_mic(mechanism, SSPI_VIEW("message"), mic), SEC_E_OK);
    assert_int_equal(ntlm_package.make_mic(mechanism, SSPI_VIEW("message"), &ours), SEC_E_OK);
    gss_buffer_desc answer = {ours.len, ours.data};
    assert_int_equal(gss_verify_mic(&minor, client.gss, &message, &answer, NULL), GSS_S_COMPLETE);

    gss_release_buffer(&minor, &theirs);
    bytes_free(&ours);
    bytes_free(&token);
    client_end(&client);
    server_end(&server);
    negotiate_package.release(server.credential);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_with_a_ticket),
        cmocka_unit_test(every_order_without_a_ticket),
        cmocka_unit_test(messages_continue_after_the_mics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
