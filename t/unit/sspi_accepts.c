/* SPDX-License-Identifier: Apache-2.0 */
/* The course of a login: answers, output buffers, what a context is after each status. */
#include "secur_buffers.h"
#include "sspi_fake.h"
#include "sspi_peek.h"

static CredHandle credential;
static CtxtHandle context;
static struct sspi_error_info error_info;
static ULONG attributes;
static TimeStamp expiry;

static int acquire(void **unused)
{
    (void)unused;
    credential = fake_credential("WDigest");
    return 0;
}

static int release(void **unused)
{
    (void)unused;
    return fake_end(&credential);
}

static SECURITY_STATUS call(CtxtHandle *from, const char *token, ULONG flags, SecBuffer *out,
                            ULONG n_out)
{
    char copy[32];
    memcpy(copy, token, strlen(token));
    SecBuffer in = {(ULONG)strlen(token), SECBUFFER_TOKEN, copy};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in};
    SecBufferDesc output = {SECBUFFER_VERSION, n_out, out};
    attributes = 0xdeadbeef;
    expiry = (TimeStamp){7, 7};
    return AcceptSecurityContext(&credential, from, &input, flags, SECURITY_NETWORK_DREP, &context,
                                 &output, &attributes, &expiry);
}

static void an_answer_is_allocated_when_asked_for(void **unused)
{
    SecBuffer out = {99, SECBUFFER_TOKEN, &error_info};

    (void)unused;
    assert_int_equal(call(NULL, "more", ASC_REQ_ALLOCATE_MEMORY, &out, 1), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(attributes, ASC_RET_ALLOCATED_MEMORY);
    assert_int_equal(expiry.HighPart, 7); /* only the last call sets the expiry */
    assert_int_equal(out.cbBuffer, 9);
    assert_memory_equal(out.pvBuffer, "challenge", 9);
    assert_int_equal(FreeContextBuffer(out.pvBuffer), SEC_E_OK);
    assert_int_equal(
        call(&context, "ok, quietly", ASC_REQ_ALLOCATE_MEMORY | ASC_REQ_CONNECTION, &out, 1),
        SEC_E_OK);
    assert_int_equal(attributes, ASC_RET_MUTUAL_AUTH | ASC_RET_CONNECTION);
    assert_int_equal(expiry.HighPart, 0x7fffffff);
    assert_int_equal(expiry.LowPart, 0xffffffff);
    assert_int_equal(out.cbBuffer, 0);
    assert_null(out.pvBuffer);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

static void an_answer_goes_into_the_callers_buffer(void **unused)
{
    char room[9];
    SecBuffer out = {sizeof(room), SECBUFFER_TOKEN, room};

    (void)unused;
    assert_int_equal(call(NULL, "more", 0, &out, 1), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(attributes, 0);
    assert_int_equal(out.cbBuffer, 9);
    assert_memory_equal(room, "challenge", 9);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

static void a_first_answer_that_does_not_fit_waits_for_a_larger_buffer(void **unused)
{
    char room[9 + 1] = "unchanged";
    SecBuffer out = {8, SECBUFFER_TOKEN, room};

    (void)unused;
    assert_int_equal(call(NULL, "more", 0, &out, 1), SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(out.cbBuffer, 9);
    assert_memory_equal(room, "unchanged", 9);
    assert_true(SecIsValidHandle(&context));
    assert_int_equal(call(&context, "more", 0, NULL, 0), SEC_E_BUFFER_TOO_SMALL);
    out.cbBuffer = 9;
    assert_int_equal(call(&context, "more", 0, &out, 1), SEC_I_CONTINUE_NEEDED);
    assert_memory_equal(room, "challenge", 9);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

static void read_only_output_is_refused(void **unused)
{
    char room[9 + 1] = "unchanged";
    SecBuffer out = {9, SECBUFFER_TOKEN | SECBUFFER_READONLY, room};

    (void)unused;
    assert_int_equal(call(NULL, "more", 0, &out, 1), SEC_E_INVALID_TOKEN);
    out.BufferType = SECBUFFER_TOKEN | SECBUFFER_READONLY_WITH_CHECKSUM;
    assert_int_equal(call(NULL, "more", 0, &out, 1), SEC_E_INVALID_TOKEN);
    assert_memory_equal(room, "unchanged", 9);
    assert_false(SecIsValidHandle(&context));
}

static void a_login_is_not_complete_until_its_output_fits(void **unused)
{
    char room[9];
    SecBuffer out = {9, SECBUFFER_TOKEN, room};
    SecPkgContext_Flags flags;

    (void)unused;
    assert_int_equal(call(NULL, "more", 0, &out, 1), SEC_I_CONTINUE_NEEDED);
    out.cbBuffer = 3;
    assert_int_equal(call(&context, "ok", 0, &out, 1), SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(out.cbBuffer, 7);
    assert_int_equal(attributes, 0);
    assert_int_equal(expiry.HighPart, 7);
    assert_null(peek_info(&context));
    assert_int_equal(QueryContextAttributesA(&context, SECPKG_ATTR_FLAGS, &flags),
                     SEC_E_INVALID_HANDLE);
    assert_int_equal(CompleteAuthToken(&context, NULL), SEC_E_INVALID_HANDLE);
    /* Only the same call again returns the pending output. */
    out.cbBuffer = 9;
    assert_int_equal(call(&context, "more", 0, &out, 1), SEC_E_INVALID_TOKEN);
    out.cbBuffer = 9;
    assert_int_equal(call(&context, "ok", ASC_REQ_INTEGRITY, &out, 1), SEC_E_INVALID_TOKEN);
    assert_null(peek_info(&context));
    assert_int_equal(call(&context, "ok", ASC_REQ_ALLOCATE_MEMORY, &out, 1), SEC_E_OK);
    assert_int_equal(attributes, ASC_RET_MUTUAL_AUTH | ASC_RET_ALLOCATED_MEMORY);
    assert_int_equal(expiry.HighPart, 0x7fffffff);
    assert_memory_equal(out.pvBuffer, "welcome", 7);
    assert_non_null(peek_info(&context));
    assert_int_equal(FreeContextBuffer(out.pvBuffer), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    /* Deletes a context that has pending output. */
    assert_int_equal(call(NULL, "ok", 0, NULL, 0), SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

static void several_buffers_receive_several_challenges(void **unused)
{
    SecBuffer out[5] = {{0, SECBUFFER_TOKEN, NULL},
                        {0, SECBUFFER_TOKEN, NULL},
                        {0, SECBUFFER_TOKEN, NULL},
                        {5, SECBUFFER_TOKEN, NULL}};

    (void)unused;
    assert_int_equal(call(NULL, "many", ASC_REQ_ALLOCATE_MEMORY, out, 4), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(fake_seen.n_tokens, 4);
    assert_memory_equal(out[0].pvBuffer, "challenge 0", 11);
    assert_memory_equal(out[2].pvBuffer, "challenge 2", 11);
    assert_int_equal(out[3].cbBuffer, 0);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    for (size_t i = 0; i < 4; i++)
        FreeContextBuffer(out[i].pvBuffer);
    assert_int_equal(call(NULL, "many", ASC_REQ_ALLOCATE_MEMORY, out, 2), SEC_E_BUFFER_TOO_SMALL);
    assert_null(out[0].pvBuffer); /* all tokens or no token */
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

static void a_first_refusal_gives_an_answer_and_an_error_detail_and_no_context(void **unused)
{
    char room[16];
    SecBuffer out[] = {{sizeof(room), SECBUFFER_TOKEN, room},
                       {sizeof(error_info), SECBUFFER_SSPI_ERROR_INFO, &error_info}};

    (void)unused;
    assert_int_equal(call(NULL, "wrong", 0, out, 2), SEC_E_LOGON_DENIED);
    assert_int_equal(out[0].cbBuffer, 6);
    assert_memory_equal(room, "reject", 6);
    assert_int_equal(error_info.reason, SSPI_REASON_WRONG_PASSWORD);
    assert_string_equal(error_info.text, "no");
    assert_false(SecIsValidHandle(&context));
    assert_int_equal(attributes, 0);
    out[0].cbBuffer = 2; /* no room for the token: the status is still the refusal */
    assert_int_equal(call(NULL, "wrong", 0, out, 2), SEC_E_LOGON_DENIED);
    assert_int_equal(call(NULL, "silent no", 0, out, 2), SEC_E_LOGON_DENIED);
    assert_int_equal(error_info.reason, SSPI_REASON_INTERNAL);
    assert_string_equal(error_info.text, "SEC_E_LOGON_DENIED");
    out[1].cbBuffer--;
    assert_int_equal(call(NULL, "ok", 0, out, 2), SEC_E_BUFFER_TOO_SMALL);
    assert_int_equal(fake_contexts, 0);
}

static void a_context_that_failed_can_only_be_deleted(void **unused)
{
    (void)unused;
    assert_int_equal(fake_say(&credential, NULL, "more", &context), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(fake_say(&credential, &context, "wrong", &context), SEC_E_LOGON_DENIED);
    assert_int_equal(fake_say(&credential, &context, "ok", &context), SEC_E_INVALID_HANDLE);
    assert_int_equal(CompleteAuthToken(&context, NULL), SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

static void impossible_results_of_a_package_are_internal_errors(void **unused)
{
    char room[16];
    SecBuffer out = {sizeof(room), SECBUFFER_TOKEN, room};

    (void)unused;
    assert_int_equal(call(NULL, "strange", 0, &out, 1), SEC_E_INTERNAL_ERROR);
    assert_int_equal(call(NULL, "ok, but nobody", 0, &out, 1), SEC_E_INTERNAL_ERROR);
    assert_int_equal(out.cbBuffer, 0); /* its token is not returned */
    assert_false(SecIsValidHandle(&context));
}

static void an_established_context_survives_a_further_call(void **unused)
{
    (void)unused;
    assert_int_equal(fake_say(&credential, NULL, "ok", &context), SEC_E_OK);
    assert_non_null(peek_info(&context));
    assert_int_equal(fake_say(&credential, &context, "ok", &context), STATUS_LOGON_FAILURE);
    assert_non_null(peek_info(&context));
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_null(peek_info(&context));
}

static void a_context_is_needed_to_put_the_handle_into(void **unused)
{
    (void)unused;
    assert_int_equal(fake_say(&credential, NULL, "ok", NULL), SEC_E_INVALID_HANDLE);
}

static void a_new_variable_receives_the_same_context(void **unused)
{
    CtxtHandle other = {0, 0};

    (void)unused;
    assert_int_equal(fake_say(&credential, NULL, "more", &context), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(fake_say(&credential, &context, "wrong", &other), SEC_E_LOGON_DENIED);
    assert_memory_equal(&other, &context, sizeof(other));
    assert_int_equal(DeleteSecurityContext(&other), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_INVALID_HANDLE);
}

static SECURITY_STATUS complete(const char *token)
{
    char copy[32], method[] = "GET", output[] = "output of the first call";
    memcpy(copy, token, strlen(token));
    SecBuffer in[] = {{(ULONG)strlen(token), SECBUFFER_TOKEN, copy},
                      {3, SECBUFFER_PKG_PARAMS, method},
                      {0, SECBUFFER_PKG_PARAMS, NULL},
                      {0, SECBUFFER_PKG_PARAMS, NULL},
                      {sizeof(output), SECBUFFER_TOKEN, output},
                      {sizeof(error_info), SECBUFFER_SSPI_ERROR_INFO, &error_info}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 6, in};
    return CompleteAuthToken(&context, &desc);
}

static void complete_auth_token_finishes_what_needs_completion(void **unused)
{
    SecBuffer out = {0, SECBUFFER_TOKEN, NULL};

    (void)unused;
    assert_int_equal(call(NULL, "complete", ASC_REQ_ALLOW_MISSING_BINDINGS, &out, 1),
                     SEC_I_COMPLETE_NEEDED);
    assert_null(peek_info(&context)); /* the client is not verified yet */
    assert_int_equal(complete("complete"), SEC_E_OK);
    assert_int_equal(error_info.reason, SSPI_REASON_NONE);
    assert_string_equal(fake_seen.method, "GET");
    assert_int_equal(fake_seen.requirements, ASC_REQ_ALLOW_MISSING_BINDINGS);
    assert_non_null(peek_info(&context));
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);

    assert_int_equal(call(NULL, "complete", 0, &out, 1), SEC_I_COMPLETE_NEEDED);
    assert_int_equal(complete("replayed"), SEC_E_OUT_OF_SEQUENCE);
    assert_int_equal(error_info.reason, SSPI_REASON_REPLAY);
    assert_int_equal(complete("complete"), SEC_E_INVALID_HANDLE);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

static void a_package_without_completion_says_so(void **unused)
{
    CredHandle negotiate = fake_credential("Negotiate");

    (void)unused;
    assert_int_equal(fake_say(&negotiate, NULL, "more", &context), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(complete("complete"), SEC_E_UNSUPPORTED_FUNCTION);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    assert_int_equal(FreeCredentialsHandle(&negotiate), SEC_E_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_allocated_when_asked_for),
        cmocka_unit_test(an_answer_goes_into_the_callers_buffer),
        cmocka_unit_test(a_first_answer_that_does_not_fit_waits_for_a_larger_buffer),
        cmocka_unit_test(read_only_output_is_refused),
        cmocka_unit_test(a_login_is_not_complete_until_its_output_fits),
        cmocka_unit_test(several_buffers_receive_several_challenges),
        cmocka_unit_test(a_first_refusal_gives_an_answer_and_an_error_detail_and_no_context),
        cmocka_unit_test(a_context_that_failed_can_only_be_deleted),
        cmocka_unit_test(impossible_results_of_a_package_are_internal_errors),
        cmocka_unit_test(an_established_context_survives_a_further_call),
        cmocka_unit_test(a_context_is_needed_to_put_the_handle_into),
        cmocka_unit_test(a_new_variable_receives_the_same_context),
        cmocka_unit_test(complete_auth_token_finishes_what_needs_completion),
        cmocka_unit_test(a_package_without_completion_says_so),
    };
    return cmocka_run_group_tests(tests, acquire, release);
}
