/* SPDX-License-Identifier: Apache-2.0 */
/* The page AcceptSecurityContext (Digest), one statement after another, in HTTP's form. Each test
 * is named after the statement that it checks. Its comment quotes the page. Here: "Parameters". */
#include "msdocs_digest.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

CredHandle digest;
const char *user_file;

static bool random_fails;
int __real_RAND_bytes(unsigned char *buf, int num);
int __wrap_RAND_bytes(unsigned char *buf, int num);

/* The linker's --wrap calls this instead of RAND_bytes(). */
int __wrap_RAND_bytes(unsigned char *buf, int num)
{
    return random_fails ? 0 : __real_RAND_bytes(buf, num);
}

static bool md5_is_forbidden;
EVP_MD *__real_EVP_MD_fetch(OSSL_LIB_CTX *library, const char *algorithm, const char *properties);
EVP_MD *__wrap_EVP_MD_fetch(OSSL_LIB_CTX *library, const char *algorithm, const char *properties);

EVP_MD *__wrap_EVP_MD_fetch(OSSL_LIB_CTX *library, const char *algorithm, const char *properties)
{
    if (md5_is_forbidden && strcmp(algorithm, "MD5") == 0)
        return NULL;
    return __real_EVP_MD_fetch(library, algorithm, properties);
}

void msdocs_md5(bool forbidden)
{
    md5_is_forbidden = forbidden;
}

void msdocs_random(bool fails)
{
    random_fails = fails;
}

struct msdocs_call http_call(void)
{
    return (struct msdocs_call){
        .credential = &digest, .http = true, .method = "GET", .uri = "/x?y", .realm = REALM};
}

struct msdocs_nonce new_nonce(void)
{
    struct msdocs_call call = http_call();
    struct msdocs_nonce nonce = {""};
    CtxtHandle context;

    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_I_CONTINUE_NEEDED);
    bytes_append(&call.answer, "", 1);
    const char *at = strstr(call.answer.data, "nonce=\"");
    assert_non_null(at);
    size_t len = strcspn(at + 7, "\"");
    assert_true(len < sizeof(nonce.text));
    memcpy(nonce.text, at + 7, len);
    msdocs_call_end(&call);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    return nonce;
}

void client_sends(const struct client *client, struct msdocs_call *call)
{
    struct bytes header = {0};

    answer(client, &header);
    size_t len;
    const char *data = bytes_steal(&header, &len);
    call->token = (struct sspi_view){data, len};
}

void client_free(struct msdocs_call *call)
{
    union {
        const char *in;
        void *out;
    } token = {.in = call->token.data};

    free(token.out);
    call->token = (struct sspi_view){NULL, 0};
    msdocs_call_end(call);
}

SECURITY_STATUS msdocs_login(const struct client *client, CtxtHandle *ret_context)
{
    struct msdocs_call call = http_call();
    CtxtHandle context;

    client_sends(client, &call);
    SECURITY_STATUS status = msdocs_call(&call, NULL, &context);
    client_free(&call);
    if (ret_context != NULL)
        *ret_context = context;
    else if (status >= 0)
        assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    return status;
}

static bool holds(const struct msdocs_call *call, const char *text)
{
    return call->answer.len > 0 &&
           memmem(call->answer.data, call->answer.len, text, strlen(text)) != NULL;
}

/* "On the first call [...] this pointer is NULL. On subsequent calls, phContext is the handle to
 * the partially formed context". "Buffer 0, SECBUFFER_TOKEN: Empty for the first call and the
 * challenge response received from the client for the second call." */
static void buffer_0_is_empty_first_and_then_the_challenge_response(void **unused)
{
    struct msdocs_call call = http_call();
    CtxtHandle context, same;

    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_I_CONTINUE_NEEDED);
    bytes_append(&call.answer, "", 1);
    char nonce[256];
    const char *at = strstr(call.answer.data, "nonce=\"");
    snprintf(nonce, sizeof(nonce), "%.*s", (int)strcspn(at + 7, "\""), at + 7);
    struct client c = alice(nonce, 1);
    client_sends(&c, &call);
    MSDOCS_CHECK(&call, msdocs_call(&call, &context, &same), SEC_E_OK);
    assert_memory_equal(&same, &context, sizeof(same));
    client_free(&call);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

/* "Buffer 1, SECBUFFER_PKG_PARAMS: Method. Characters are wireline format from the request line."
 */
static void buffer_1_is_the_method(void **unused)
{
    struct msdocs_nonce nonce = new_nonce();
    struct client c = alice(nonce.text, 1);
    struct msdocs_call call = http_call();
    CtxtHandle context;

    client_sends(&c, &call); /* for GET */
    call.method = "PUT";
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_E_LOGON_DENIED);
    call.method = NULL;
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_E_INVALID_TOKEN);
    call.method = "GET";
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    client_free(&call);
}

/* "Buffer 2: Reserved." Windows' callers leave it empty and look at the uri themselves; if it is
 * given, it must be the client's (RFC 7616 3.4.6). */
static void buffer_2_may_be_empty(void **unused)
{
    struct msdocs_nonce nonce = new_nonce();
    struct client c = alice(nonce.text, 1);
    struct msdocs_call call = http_call();
    CtxtHandle context;

    client_sends(&c, &call);
    call.uri = "/other";
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_E_INVALID_TOKEN);
    call.uri = NULL;
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_E_OK);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    client_free(&call);
}

/* "Buffer 3: HEntity. Hexadecimal representation of H(entity-body). US ASCII single-byte
 * characters." */
static void buffer_3_is_the_hash_of_the_body_in_hexadecimal(void **unused)
{
    struct msdocs_nonce nonce = new_nonce();
    struct client c = alice(nonce.text, 1);
    struct msdocs_call call = http_call();
    CtxtHandle context;

    c.body = "";
    client_sends(&c, &call);
    call.flags = ASC_REQ_INTEGRITY;
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_E_INCOMPLETE_MESSAGE);
    call.entity_hash = "not hexadecimal";
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_E_INVALID_TOKEN);
    /* SHA-256 of nothing, and of something else. */
    call.entity_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b856";
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_E_LOGON_DENIED);
    call.entity_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_E_OK);
    assert_true((call.attributes & ASC_RET_INTEGRITY) != 0);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    client_free(&call);
}

/* "Buffer 4: Realm. Realm string for the challenge. Unicode string that must be representable in US
 * ASCII." */
static void buffer_4_is_the_realm_for_the_challenge(void **unused)
{
    struct msdocs_call call = http_call();
    CtxtHandle context;
    SecBuffer in[] = {{0, SECBUFFER_TOKEN, NULL},
                      {3, SECBUFFER_PKG_PARAMS, (char[]){"GET"}},
                      {0, SECBUFFER_PKG_PARAMS, NULL},
                      {0, SECBUFFER_PKG_PARAMS, NULL},
                      {8, SECBUFFER_PKG_PARAMS, (char16_t[]){'c', 'a', 'f', 0xE9}}};
    SecBufferDesc input = {SECBUFFER_VERSION, 5, in};

    call.realm = "other place";
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_I_CONTINUE_NEEDED);
    assert_true(holds(&call, "realm=\"other place\""));
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    msdocs_call_end(&call);
    assert_int_equal(AcceptSecurityContext(&digest, NULL, &input, 0, 0, &context, NULL, NULL, NULL),
                     SEC_E_INVALID_TOKEN);
    in[4].cbBuffer = 5; /* half a character */
    assert_int_equal(AcceptSecurityContext(&digest, NULL, &input, 0, 0, &context, NULL, NULL, NULL),
                     SEC_E_INVALID_TOKEN);
}

/* "ASC_REQ_INTEGRITY: Sign messages and verify signatures. ASC_REQ_REPLAY_DETECT: Detect replayed
 * packets. ASC_REQ_SEQUENCE_DETECT: Detect messages received out of sequence." Each makes the
 * quality of protection auth-int; without them it is auth. */
static void integrity_replay_and_sequence_detection_make_auth_int(void **unused)
{
    const ULONG flags[] = {0, ASC_REQ_INTEGRITY, ASC_REQ_REPLAY_DETECT, ASC_REQ_SEQUENCE_DETECT};
    CtxtHandle context;

    for (size_t i = 0; i < 4; i++) {
        struct msdocs_call call = http_call();
        call.flags = flags[i];
        MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_I_CONTINUE_NEEDED);
        assert_true(holds(&call, i == 0 ? "qop=\"auth\"" : "qop=\"auth-int\""));
        msdocs_call_end(&call);
        assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    }
}

/* "This parameter can be one or more of the following values." All but CONFIDENTIALITY, which "the
 * Digest SSP supports for SASL only", are accepted by themselves. */
static void f_context_req_accepts_every_flag(void **unused)
{
    CtxtHandle context;

    for (size_t i = 0; i < msdocs_n_flags; i++) {
        struct msdocs_call call = http_call();
        call.flags = msdocs_flags[i];
        MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context),
                     msdocs_flags[i] == ASC_REQ_CONFIDENTIALITY ? SEC_E_SECURITY_QOS_FAILED
                                                                : SEC_I_CONTINUE_NEEDED);
        if (msdocs_flags[i] != ASC_REQ_CONFIDENTIALITY)
            assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
        msdocs_call_end(&call);
    }
}

/* "ASC_REQ_EXTENDED_ERROR: When errors occur, the remote party will be notified." The notification
 * is a challenge.
 */
static void asc_req_extended_error_notifies_the_remote_party(void **unused)
{
    struct msdocs_nonce nonce = new_nonce();
    struct client c = alice(nonce.text, 1);
    CtxtHandle context;

    c.password = "guessed";
    for (int asked = 0; asked < 2; asked++) {
        struct msdocs_call call = http_call();
        client_sends(&c, &call);
        call.flags = asked ? ASC_REQ_EXTENDED_ERROR : 0;
        MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_E_LOGON_DENIED);
        assert_int_equal(call.answer.len > 0, asked);
        assert_false(holds(&call, "stale=true"));
        client_free(&call);
    }
    /* A right response with a used count: the client need not ask for the password again. */
    c = alice(nonce.text, 1);
    assert_int_equal(msdocs_login(&c, NULL), SEC_E_OK);
    struct msdocs_call call = http_call();
    client_sends(&c, &call);
    call.flags = ASC_REQ_EXTENDED_ERROR;
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_E_OUT_OF_SEQUENCE);
    assert_true(holds(&call, "stale=true"));
    client_free(&call);
}

/* "ASC_REQ_ALLOCATE_MEMORY: Digest allocates output buffers for you. [...] free them by calling the
 * FreeContextBuffer function." Without it the buffer is the caller's, and one that is too small can
 * be followed by a larger one. */
static void asc_req_allocate_memory_or_a_buffer_of_the_caller_s(void **unused)
{
    struct msdocs_call call = http_call();
    BYTES_CLEANUP struct bytes storage = {0};
    char room[4096];
    SecBuffer in[MSDOCS_BUFFERS], out = {10, SECBUFFER_TOKEN, room};
    SecBufferDesc input = {SECBUFFER_VERSION, (ULONG)msdocs_call_input(&call, in, &storage), in};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
    CtxtHandle context;
    ULONG attributes;

    assert_int_equal(
        AcceptSecurityContext(&digest, NULL, &input, 0, 0, &context, &output, &attributes, NULL),
        SEC_E_BUFFER_TOO_SMALL);
    ULONG wanted = out.cbBuffer;
    assert_true(wanted > 10 && wanted <= sizeof(room));
    out.cbBuffer = wanted;
    assert_int_equal(AcceptSecurityContext(&digest, &context, &input, 0, 0, &context, &output,
                                           &attributes, NULL),
                     SEC_I_CONTINUE_NEEDED);
    assert_int_equal(out.cbBuffer, wanted);
    assert_int_equal(attributes, 0);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
}

/* "This parameter is not used with Digest SSP." */
static void target_data_rep_is_not_used(void **unused)
{
    struct msdocs_call call = http_call();
    CtxtHandle context;

    call.representation = SECURITY_NATIVE_DREP;
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    msdocs_call_end(&call);
}

/* "This parameter is set to a constant maximum time. There is no expiration time for Digest
 * security contexts or credentials". */
static void pts_time_stamp_is_a_constant_maximum(void **unused)
{
    struct msdocs_nonce nonce = new_nonce();
    struct client c = alice(nonce.text, 1);
    struct msdocs_call call = http_call();
    CtxtHandle context;

    client_sends(&c, &call);
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_E_OK);
    assert_int_equal(call.expiry.LowPart, 0xFFFFFFFF);
    assert_int_equal(call.expiry.HighPart, 0x7FFFFFFF);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    client_free(&call);
}

/* "Attribute flags not related to security, such as the ASC_RET_ALLOCATED_MEMORY flag, can be
 * checked before the final return." */
static void pf_context_attr_reports_security_only_at_the_end(void **unused)
{
    struct msdocs_call call = http_call();
    CtxtHandle context;

    call.flags = ASC_REQ_CONNECTION | ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT;
    MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_I_CONTINUE_NEEDED);
    assert_int_equal(call.attributes, ASC_RET_ALLOCATED_MEMORY);
    assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    msdocs_call_end(&call);
}

/* Windows' servers pass NULL for pAuthData: SSPI_USER_FILE names the users then. */
static void a_null_pauthdata_means_the_machine_s_defaults(void **unused)
{
    const char *const names[] = {WDIGEST_SP_NAME, "Digest"};
    CredHandle credential;
    CtxtHandle context;

    setenv("SSPI_USER_FILE", user_file, 1);
    for (size_t i = 0; i < 2; i++) {
        struct msdocs_call call = http_call();
        assert_int_equal(AcquireCredentialsHandle(NULL, names[i], SECPKG_CRED_INBOUND, NULL, NULL,
                                                  NULL, NULL, &credential, NULL),
                         SEC_E_OK);
        call.credential = &credential;
        MSDOCS_CHECK(&call, msdocs_call(&call, NULL, &context), SEC_I_CONTINUE_NEEDED);
        assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
        msdocs_call_end(&call);
        assert_int_equal(FreeCredentialsHandle(&credential), SEC_E_OK);
    }
    unsetenv("SSPI_USER_FILE");
}

static int start(void **state)
{
    static struct fixture fixture;
    SSPI_ACCEPTOR_DATA data = {0};

    unsetenv("SSPI_USER_FILE");
    write_users(&fixture);
    user_file = fixture.path;
    data.UserFile = user_file;
    digest = msdocs_credential("WDigest", &data);
    *state = &fixture;
    return 0;
}

static int end(void **unused)
{
    unlink(user_file);
    return FreeCredentialsHandle(&digest) == SEC_E_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_0_is_empty_first_and_then_the_challenge_response),
        cmocka_unit_test(buffer_1_is_the_method),
        cmocka_unit_test(buffer_2_may_be_empty),
        cmocka_unit_test(buffer_3_is_the_hash_of_the_body_in_hexadecimal),
        cmocka_unit_test(buffer_4_is_the_realm_for_the_challenge),
        cmocka_unit_test(integrity_replay_and_sequence_detection_make_auth_int),
        cmocka_unit_test(f_context_req_accepts_every_flag),
        cmocka_unit_test(asc_req_extended_error_notifies_the_remote_party),
        cmocka_unit_test(asc_req_allocate_memory_or_a_buffer_of_the_caller_s),
        cmocka_unit_test(target_data_rep_is_not_used),
        cmocka_unit_test(pts_time_stamp_is_a_constant_maximum),
        cmocka_unit_test(pf_context_attr_reports_security_only_at_the_end),
        cmocka_unit_test(a_null_pauthdata_means_the_machine_s_defaults),
        cmocka_unit_test(digest_sec_e_ok_the_security_context_was_accepted),
        cmocka_unit_test(digest_sec_i_continue_needed_a_returned_token_is_waited_for),
        cmocka_unit_test(digest_sec_i_complete_needed_complete_auth_token_must_be_called),
        cmocka_unit_test(digest_a_count_is_committed_once_by_the_call_that_verifies),
        cmocka_unit_test(digest_sec_e_internal_error_an_error_occurred_that_did_not_map),
        cmocka_unit_test(digest_sec_e_invalid_handle_the_handle_passed_is_not_valid),
        cmocka_unit_test(digest_sec_e_invalid_token_the_token_passed_is_not_valid),
        cmocka_unit_test(digest_sec_e_logon_denied_the_logon_failed),
        cmocka_unit_test(digest_sec_e_no_authenticating_authority_the_domain_name_is_incorrect),
        cmocka_unit_test(digest_sec_e_no_credentials_there_are_no_users),
        cmocka_unit_test(digest_sec_e_security_qos_failed_an_attribute_flag_is_not_valid),
        cmocka_unit_test(digest_status_logon_failure_called_after_the_context_was_established),
        cmocka_unit_test(digest_sec_e_bad_bindings_channel_binding_policy_was_not_satisfied),
        cmocka_unit_test(digest_verify_signature_accepts_later_requests_in_sequence),
        cmocka_unit_test(digest_verify_signature_refuses_other_messages),
        cmocka_unit_test(digest_make_signature_signs_the_answer),
        cmocka_unit_test(digest_make_signature_needs_a_valid_nonce),
        cmocka_unit_test(digest_query_context_attributes),
        cmocka_unit_test(digest_a_sess_login_has_a_session_key),
        cmocka_unit_test(digest_encrypt_message_has_data_and_padding),
        cmocka_unit_test(digest_decrypt_message_takes_a_stream_or_parts),
        cmocka_unit_test(digest_signatures_have_token_and_data),
        cmocka_unit_test(digest_sasl_has_no_requests),
        cmocka_unit_test(digest_sasl_attributes_can_be_asked_for),
        cmocka_unit_test(digest_sasl_needs_md5),
        cmocka_unit_test(sasl_asc_req_confidentiality_encrypts),
        cmocka_unit_test(sasl_asc_req_http_uses_digest_for_http),
        cmocka_unit_test(sasl_the_bit_does_not_mean_http_beside_a_channel_binding),
        cmocka_unit_test(sasl_options_of_digest_md5),
        cmocka_unit_test(sasl_authz_of_digest_md5_may_be_forbidden),
    };
    return cmocka_run_group_tests(tests, start, end);
}
