/* SPDX-License-Identifier: Apache-2.0 */
/* The page SaslAcceptSecurityContext and those of the options, statement by statement. Each test is
 * named after the statement that it checks. Its comment quotes the page. msdocs_negotiate.t makes
 * the realm. */
#include "msdocs_sasl.h"

CredHandle gssapi, spnego;

static const char *realm_file(const char *name)
{
    static char path[512];

    snprintf(path, sizeof(path), "%s/%s", getenv("SSPI_TEST_REALM"), name);
    return path;
}

/* An option that is a ULONG. */
static ULONG number(CtxtHandle *context, ULONG option)
{
    ULONG value = 0xABCDEF, needed = 0;

    assert_int_equal(SaslGetContextOption(context, option, &value, sizeof value, &needed),
                     SEC_E_OK);
    assert_int_equal(needed, sizeof value);
    return value;
}

/* "The buffer is empty for the first call to the AcceptSecurityContext (General) function and
 * contains the challenge response received from the client for the second call." */
static void the_buffer_is_empty_for_the_first_call(void **unused)
{
    struct exchange e;

    exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
    MSDOCS_CHECK(&e.call, exchange_say(&e, "", 0), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(e.call.answer.len, 0); /* RFC 4422 3.2: an empty challenge */
    assert_int_equal(number(&e.context, SASL_OPTION_RECV_SIZE), 0xFFFF);
    exchange_to_cookie(&e);
    MSDOCS_CHECK(&e.call, exchange_answer(&e, "\x01\0\0\0", 4), SEC_E_OK);
    exchange_close(&e);
}

/* A second empty message: the client must begin a mechanism of this kind. */
static void a_client_that_never_begins_is_refused(void **unused)
{
    struct exchange e;

    exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
    MSDOCS_CHECK(&e.call, exchange_say(&e, "", 0), SEC_I_CONTINUE_NEEDED);
    MSDOCS_CHECK(&e.call, exchange_say(&e, "", 0), SEC_E_INVALID_TOKEN);
    assert_int_equal(e.call.error_info.reason, SSPI_REASON_MALFORMED);
    MSDOCS_CHECK(&e.call, exchange_say(&e, "", 0), SEC_E_INVALID_HANDLE);
    exchange_close(&e);
}

/* "If a return token is produced, SASL processing is suspended for one round trip back to the
 * client to allow the final token to be processed." */
static void a_return_token_suspends_for_one_round_trip(void **unused)
{
    BYTES_CLEANUP struct bytes token = {0};
    struct exchange e;

    exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
    client_step(&e.client, SSPI_VIEW(""), &token);
    assert_false(e.client.done);
    MSDOCS_CHECK(&e.call, exchange_say(&e, token.data, token.len), SEC_I_CONTINUE_NEEDED);
    assert_true(e.call.answer.len > 0);
    client_step(&e.client, bytes_as_view(&e.call.answer), &token);
    assert_true(e.client.done);
    exchange_close(&e);
}

/* If no return token is produced, the server cookie comes at once. */
static void without_a_return_token_nothing_is_suspended(void **unused)
{
    struct exchange e;

    exchange_open(&e, CLIENT_FLAGS & ~(OM_uint32)GSS_C_MUTUAL_FLAG, SERVER_FLAGS);
    exchange_to_cookie(&e);
    assert_int_equal(e.layers, 7);
    MSDOCS_CHECK(&e.call, exchange_answer(&e, "\x01\0\0\0", 4), SEC_E_OK);
    exchange_close(&e);
}

/* A message of the client in the suspended round is refused. */
static void the_answer_to_the_return_token_is_empty(void **unused)
{
    BYTES_CLEANUP struct bytes token = {0};
    struct exchange e;

    exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
    client_step(&e.client, SSPI_VIEW(""), &token);
    MSDOCS_CHECK(&e.call, exchange_say(&e, token.data, token.len), SEC_I_CONTINUE_NEEDED);
    MSDOCS_CHECK(&e.call, exchange_say(&e, "x", 1), SEC_E_INVALID_TOKEN);
    MSDOCS_CHECK(&e.call, exchange_say(&e, "", 0), SEC_E_INVALID_HANDLE);
    exchange_close(&e);
}

/* "SEC_E_CONTINUE_NEEDED is returned to the application": the client is not verified before the
 * end. */
static void nothing_is_reported_before_the_end(void **unused)
{
    SecPkgContext_Names names;
    SecPkgContext_Sizes sizes;
    struct exchange e;
    char text[16];
    ULONG needed;

    exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
    exchange_to_cookie(&e); /* the package has accepted the client now */
    assert_int_equal(e.call.attributes & ~(ULONG)ASC_RET_ALLOCATED_MEMORY, 0);
    assert_int_equal(QueryContextAttributes(&e.context, SECPKG_ATTR_NAMES, &names),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(QueryContextAttributes(&e.context, SECPKG_ATTR_SIZES, &sizes),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(
        SaslGetContextOption(&e.context, SASL_OPTION_AUTHZ_STRING, text, sizeof text, &needed),
        SEC_E_INVALID_HANDLE);
    MSDOCS_CHECK(&e.call, exchange_answer(&e, "\x02\0\xff\xff", 4), SEC_E_OK);
    assert_int_equal(QueryContextAttributes(&e.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    assert_string_equal(names.sUserName, "alice@SSPI.TEST");
    FreeContextBuffer(names.sUserName);
    assert_true(e.call.expiry.HighPart > 0);
    MSDOCS_CHECK(&e.call, exchange_say(&e, "", 0), STATUS_LOGON_FAILURE);
    exchange_close(&e);
}

/* "Authz processing is not permitted." */
static void sec_e_algorithm_mismatch_authz_processing_is_not_permitted(void **unused)
{
    ULONG forbidden = Sasl_AuthZIDForbidden;
    struct exchange e;
    char text[16];

    for (int named = 0; named < 2; named++) {
        exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
        exchange_to_cookie(&e);
        assert_int_equal(number(&e.context, SASL_OPTION_AUTHZ_PROCESSING), Sasl_AuthZIDProcessed);
        assert_int_equal(SaslSetContextOption(&e.context, SASL_OPTION_AUTHZ_PROCESSING, &forbidden,
                                              sizeof forbidden),
                         SEC_E_OK);
        assert_int_equal(number(&e.context, SASL_OPTION_AUTHZ_PROCESSING), Sasl_AuthZIDForbidden);
        MSDOCS_CHECK(&e.call, exchange_answer(&e, "\x01\0\0\0root", named ? 8 : 4),
                     named ? SEC_E_ALGORITHM_MISMATCH : SEC_E_OK);
        assert_int_equal(
            SaslGetContextOption(&e.context, SASL_OPTION_AUTHZ_STRING, text, sizeof text, NULL),
            named ? SEC_E_INVALID_HANDLE : SEC_E_UNSUPPORTED_FUNCTION);
        exchange_close(&e);
    }
}

/* SASL_OPTION_AUTHZ_STRING: "String of characters passed from the SASL client to the server." */
static void the_authz_string_is_what_the_client_passed(void **unused)
{
    char text[16] = "unchanged";
    ULONG needed = 99;
    struct exchange e;

    exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
    exchange_to_cookie(&e);
    MSDOCS_CHECK(&e.call,
                 exchange_answer(&e,
                                 "\x04\0\xff\xff"
                                 "bob",
                                 7),
                 SEC_E_OK);
    assert_int_equal(SaslGetContextOption(&e.context, SASL_OPTION_AUTHZ_STRING, text, 2, &needed),
                     SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(needed, 3);
    assert_string_equal(text, "unchanged");
    assert_int_equal(SaslGetContextOption(&e.context, SASL_OPTION_AUTHZ_STRING, NULL, 0, &needed),
                     SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(SaslGetContextOption(&e.context, SASL_OPTION_AUTHZ_STRING, text, 3, &needed),
                     SEC_E_OK);
    assert_memory_equal(text, "bobhanged", 10);
    exchange_close(&e);
    exchange_complete(&e, 1, 0);
    assert_int_equal(SaslGetContextOption(&e.context, SASL_OPTION_AUTHZ_STRING, NULL, 0, &needed),
                     SEC_E_OK);
    assert_int_equal(needed, 0);
    exchange_close(&e);
}

/* "No Token buffer is located in the pOutput parameter" */
static void sec_e_invalid_token_no_token_buffer_in_p_output(void **unused)
{
    struct sspi_error_info error_info = {0};
    char text[] = "x";
    SecBuffer in = {1, SECBUFFER_TOKEN, text},
              out = {sizeof error_info, SECBUFFER_SSPI_ERROR_INFO, &error_info};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
    CtxtHandle context;

    assert_int_equal(
        SaslAcceptSecurityContext(&gssapi, NULL, &input, 0, 0, &context, NULL, NULL, NULL),
        SEC_E_INVALID_TOKEN);
    assert_int_equal(
        SaslAcceptSecurityContext(&gssapi, NULL, &input, 0, 0, &context, &output, NULL, NULL),
        SEC_E_INVALID_TOKEN);
    assert_non_null(strstr(error_info.text, "SECBUFFER_TOKEN"));
    assert_false(SecIsValidHandle(&context));
}

/* "SASL requires a single buffer of type SECBUFFER_TOKEN." */
static void sasl_requires_a_single_token_buffer(void **unused)
{
    struct msdocs_call call = {
        .sasl = true, .credential = &gssapi, .http = true, .method = "GET", .uri = "/"};
    CtxtHandle context;

    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_E_INVALID_TOKEN);
    msdocs_call_end(&call);
}

/* A cookie that does not fit is pending output, like any other output. */
static void a_cookie_waits_for_a_larger_buffer(void **unused)
{
    BYTES_CLEANUP struct bytes token = {0}, cookie = {0};
    char room[256];
    SecBuffer in = {0, SECBUFFER_TOKEN, NULL}, out = {4, SECBUFFER_TOKEN, room};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
    bool encrypted;
    struct exchange e;

    exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
    client_step(&e.client, SSPI_VIEW(""), &token);
    MSDOCS_CHECK(&e.call, exchange_say(&e, token.data, token.len), SEC_I_CONTINUE_NEEDED);
    client_step(&e.client, bytes_as_view(&e.call.answer), &token);
    assert_int_equal(SaslAcceptSecurityContext(NULL, &e.context, &input, SERVER_FLAGS, 0,
                                               &e.context, &output, NULL, NULL),
                     SEC_E_BUFFER_TOO_SMALL);
    assert_true(out.cbBuffer > 4 && out.cbBuffer <= sizeof room);
    assert_int_equal(SaslAcceptSecurityContext(NULL, &e.context, &input, SERVER_FLAGS, 0,
                                               &e.context, &output, NULL, NULL),
                     SEC_I_CONTINUE_NEEDED);
    assert_true(exchange_unwrap(&e, (struct sspi_view){room, out.cbBuffer}, &cookie, &encrypted));
    assert_memory_equal(cookie.data, "\x07\0\xff\xff", 4);
    exchange_close(&e);
}

/* A context belongs to the function that made it, so that a caller cannot bypass the cookies. */
static void contexts_of_the_two_calls_are_distinguished(void **unused)
{
    struct msdocs_call plain = {.credential = &spnego},
                       sasl = {.sasl = true, .credential = &spnego};
    CtxtHandle context;
    ULONG value = 1;

    MSDOCS_CHECK(&plain, msdocs_call(&plain, NULL, &context), SEC_I_CONTINUE_NEEDED);
    MSDOCS_CHECK(&sasl, msdocs_call(&sasl, &context, &context), SEC_E_INVALID_HANDLE);
    /* "was not found in the SASL list" */
    assert_int_equal(SaslSetContextOption(&context, SASL_OPTION_SEND_SIZE, &value, sizeof value),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(
        SaslGetContextOption(&context, SASL_OPTION_SEND_SIZE, &value, sizeof value, NULL),
        SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(
        SaslGetContextOption(&context, SASL_OPTION_SEND_SIZE, &value, sizeof value, NULL),
        SEC_E_INVALID_HANDLE);
    MSDOCS_CHECK(&sasl, msdocs_call(&sasl, NULL, &context), SEC_I_CONTINUE_NEEDED);
    MSDOCS_CHECK(&plain, msdocs_call(&plain, &context, &context), SEC_E_INVALID_HANDLE);
    /* The refused call did not change the context. */
    assert_int_equal(number(&context, SASL_OPTION_SEND_SIZE), 0xFFFF);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    msdocs_call_end(&plain);
    msdocs_call_end(&sasl);
}

/* GSS-SPNEGO has no cookies: the layer is what the client asked its mechanism for. */
static void gss_spnego_ends_with_the_package_s_token(void **unused)
{
    BYTES_CLEANUP struct bytes token = {0}, sealed = {0};
    struct exchange e;

    exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
    e.client.mechanism = &spnego_mechanism;
    e.call.credential = &spnego;
    MSDOCS_CHECK(&e.call, exchange_say(&e, "", 0), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(e.call.answer.len, 0);
    client_step(&e.client, SSPI_VIEW(""), &token);
    MSDOCS_CHECK(&e.call, exchange_say(&e, token.data, token.len), SEC_E_OK);
    assert_true((e.call.attributes & ASC_RET_CONFIDENTIALITY) != 0);
    client_step(&e.client, bytes_as_view(&e.call.answer), &token);
    assert_true(e.client.done);
    /* This layer does not accept a message that is only signed. */
    exchange_wrap(&e, false, SSPI_VIEW("hello"), &sealed);
    SecBuffer in_clear[] = {{(ULONG)sealed.len, SECBUFFER_STREAM, sealed.data},
                            {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc signed_alone = {SECBUFFER_VERSION, 2, in_clear};
    assert_int_equal(DecryptMessage(&e.context, &signed_alone, 0, NULL), SEC_E_QOP_NOT_SUPPORTED);
    exchange_wrap(&e, true, SSPI_VIEW("hello"), &sealed);
    SecBuffer buffers[] = {{(ULONG)sealed.len, SECBUFFER_STREAM, sealed.data},
                           {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    assert_int_equal(DecryptMessage(&e.context, &message, 0, NULL), SEC_E_OK);
    assert_memory_equal(buffers[1].pvBuffer, "hello", 5);
    exchange_close(&e);
}

/* Channel bindings are checked as without SASL. */
static void channel_bindings_are_checked(void **unused)
{
    static const char *const channels[] = {"tls-server-end-point:right",
                                           "tls-server-end-point:wrong"};

    for (size_t i = 0; i < 2; i++) {
        BYTES_CLEANUP struct bytes token = {0};
        struct exchange e;
        exchange_open(&e, CLIENT_FLAGS, SERVER_FLAGS);
        e.client.binding = channels[i];
        e.call.binding = channels[0];
        client_step(&e.client, SSPI_VIEW(""), &token);
        MSDOCS_CHECK(&e.call, exchange_say(&e, token.data, token.len),
                     i == 0 ? SEC_I_CONTINUE_NEEDED : SEC_E_BAD_BINDINGS);
        exchange_close(&e);
    }
}

static int start(void **unused)
{
    SSPI_ACCEPTOR_DATA data = {0};

    if (getenv("SSPI_TEST_REALM") == NULL)
        return -1;
    data.KeytabName = realm_file("http.keytab");
    gssapi = msdocs_credential("Kerberos", &data);
    spnego = msdocs_credential("Negotiate", &data);
    return 0;
}

static int end(void **unused)
{
    return FreeCredentialsHandle(&gssapi) == SEC_E_OK && FreeCredentialsHandle(&spnego) == SEC_E_OK
               ? 0
               : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_buffer_is_empty_for_the_first_call),
        cmocka_unit_test(a_client_that_never_begins_is_refused),
        cmocka_unit_test(a_return_token_suspends_for_one_round_trip),
        cmocka_unit_test(without_a_return_token_nothing_is_suspended),
        cmocka_unit_test(the_answer_to_the_return_token_is_empty),
        cmocka_unit_test(nothing_is_reported_before_the_end),
        cmocka_unit_test(sec_e_algorithm_mismatch_authz_processing_is_not_permitted),
        cmocka_unit_test(the_authz_string_is_what_the_client_passed),
        cmocka_unit_test(sec_e_invalid_token_no_token_buffer_in_p_output),
        cmocka_unit_test(sasl_requires_a_single_token_buffer),
        cmocka_unit_test(a_cookie_waits_for_a_larger_buffer),
        cmocka_unit_test(contexts_of_the_two_calls_are_distinguished),
        cmocka_unit_test(gss_spnego_ends_with_the_package_s_token),
        cmocka_unit_test(channel_bindings_are_checked),
        cmocka_unit_test(the_initial_server_cookie_indicates_integrity_and_privacy),
        cmocka_unit_test(the_final_services_are_what_the_client_requests),
        cmocka_unit_test(a_layer_that_was_not_offered_is_refused),
        cmocka_unit_test(a_cookie_that_fails_to_decrypt_is_an_invalid_token),
        cmocka_unit_test(a_cookie_that_breaks_its_rules_is_an_invalid_token),
        cmocka_unit_test(messages_keep_to_the_sizes),
        cmocka_unit_test(messages_keep_to_the_layer),
        cmocka_unit_test(sizes_are_options),
    };
    return cmocka_run_group_tests(tests, start, end);
}
