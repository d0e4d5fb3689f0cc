/* SPDX-License-Identifier: Apache-2.0 */
/* Drives AcquireCredentialsHandle, AcceptSecurityContext, CompleteAuthToken, QueryContextAttributes
 * and DeleteSecurityContext of WDigest in its HTTP form, with a user file. The input is an octet of
 * flags; then method, uri and realm, each ended by a NUL; then the token. By the flags, the target
 * inserts a nonce of this server and the right response, so that the checks after the password run.
 *  - The target computes itself whether the response is right for a user of the file, this realm
 *    and a nonce of this server. The package accepts a request if and only if it is right.
 *  - A second use of a count is refused, and so is a second CompleteAuthToken. The next count is
 *    accepted.
 *  - The reported name is the user's.
 *  - A challenge has this realm, a nonce of this server, and stale=true only for a stale nonce.
 *  - A refusal has a documented status, a printable reason, no token and no context. The token of a
 *    login is the server's proof (rspauth). */
#include "digest_accept.h"

/* ---- properties ---- */

/* True if the login is right in every part, computed without the package. */
static bool is_right(const struct request *request, const struct sspi_state *state,
                     size_t *ret_account)
{
    BYTES_CLEANUP struct bytes right = {0};
    BYTES_CLEANUP struct bytes sent = {0};
    struct digest_response response;
    struct sspi_error_info error_info;
    uint64_t issued_ms;
    if (digest_parse_response(bytes_as_view(&request->token), &response, &error_info) !=
        SSPI_REASON_NONE)
        return false;
    *ret_account = account_of(&response, request->realm);
    bool known = *ret_account < N_ACCOUNTS && (bytes_equal(response.realm, request->realm) ||
                                               bytes_equal(response.raw_realm, request->realm));
    if (known) {
        append_right(&right, &response, *ret_account, request->method);
        bytes_append_hex(&sent, response.response, hash_len(response.algorithm));
    }
    bool ours = digest_nonce_check(&run, store_state_nonce_key(state), START_MS, response.nonce,
                                   request->realm, &issued_ms) == DIGEST_NONCE_GOOD;
    digest_response_clear(&response);
    return known && ours && bytes_equal(bytes_as_view(&right), bytes_as_view(&sent));
}

/* True if the uri of a parsed token is the request's and the token has only the plain form. Then
 * only the password decides. */
static bool is_plain(const struct request *request)
{
    struct digest_response response;
    struct sspi_error_info error_info;
    FUZZ_REQUIRE(digest_parse_response(bytes_as_view(&request->token), &response, &error_info) ==
                 SSPI_REASON_NONE);
    bool plain = bytes_equal(response.uri, request->uri) && !response.integrity &&
                 !response.userhash && response.opaque.data == NULL &&
                 response.hashed_dirs.data == NULL && response.service_name.data == NULL &&
                 response.channel_binding.data == NULL &&
                 hash_base(response.algorithm) == response.algorithm &&
                 (response.cnonce.len == 0 || response.cnonce.data[0] != '+');
    digest_response_clear(&response);
    return plain;
}

static void check_challenge(const SecBuffer *buffer, const struct request *request,
                            const struct sspi_state *state, bool stale)
{
    struct digest_params params;
    struct sspi_error_info error_info;
    uint64_t issued_ms;
    struct sspi_view text = {buffer->pvBuffer, buffer->cbBuffer};
    FUZZ_REQUIRE(digest_params_parse(text, &params, &error_info) == SSPI_REASON_NONE);
    const struct digest_param *realm = digest_params_find(&params, "realm");
    const struct digest_param *nonce = digest_params_find(&params, "nonce");
    FUZZ_REQUIRE(realm != NULL && bytes_equal(realm->value, request->realm));
    FUZZ_REQUIRE(digest_params_find(&params, "qop") != NULL);
    FUZZ_REQUIRE(digest_params_find(&params, "algorithm") != NULL);
    FUZZ_REQUIRE((digest_params_find(&params, "stale") != NULL) == stale);
    FUZZ_REQUIRE(nonce != NULL &&
                 digest_nonce_check(&run, store_state_nonce_key(state), UINT64_MAX, nonce->value,
                                    request->realm, &issued_ms) == DIGEST_NONCE_GOOD);
    digest_params_clear(&params);
}

static void check_refusal(SECURITY_STATUS status, const struct sspi_error_info *error_info)
{
    fuzz_check_error_info(error_info, error_info->reason);
    FUZZ_REQUIRE(status == SEC_E_INVALID_TOKEN || status == SEC_E_LOGON_DENIED ||
                 status == SEC_E_OUT_OF_SEQUENCE || status == SEC_E_BAD_BINDINGS ||
                 status == SEC_E_SECURITY_QOS_FAILED || status == SEC_E_QOP_NOT_SUPPORTED ||
                 status == SEC_E_INCOMPLETE_MESSAGE ||
                 (status == SEC_E_NO_AUTHENTICATING_AUTHORITY &&
                  error_info->reason == SSPI_REASON_WRONG_REALM));
}

static void check_name(CtxtHandle *context, size_t account)
{
    SecPkgContext_NamesA names;
    FUZZ_REQUIRE(QueryContextAttributesA(context, SECPKG_ATTR_NAMES, &names) == SEC_E_OK);
    FUZZ_REQUIRE(bytes_equal(bytes_view(names.sUserName), accounts[account].user));
    FUZZ_REQUIRE(FreeContextBuffer(names.sUserName) == SEC_E_OK);
}

/* ---- one request ---- */

#define N_INPUT 6

/* The input buffers, each in a separate block. */
struct input {
    SecBuffer buffers[N_INPUT];
    SecBufferDesc desc;
};

static void make_input(struct input *input, const struct request *request)
{
    BYTES_CLEANUP struct bytes realm = {0};
    SEC_CHANNEL_BINDINGS binding = {0};
    for (size_t i = 0; i < request->realm.len; i++)
        bytes_append(&realm, (const char[]){request->realm.data[i], 0}, 2);
    const struct sspi_view parts[N_INPUT] = {bytes_as_view(&request->token),
                                             request->method,
                                             request->uri,
                                             {"", 0},
                                             bytes_as_view(&realm),
                                             {(const char *)&binding, sizeof(binding)}};
    for (size_t i = 0; i < N_INPUT; i++)
        input->buffers[i] = (SecBuffer){(ULONG)parts[i].len,
                                        i == 0             ? SECBUFFER_TOKEN
                                        : i == N_INPUT - 1 ? SECBUFFER_CHANNEL_BINDINGS
                                                           : SECBUFFER_PKG_PARAMS,
                                        fuzz_copy(parts[i])};
    input->desc = (SecBufferDesc){
        SECBUFFER_VERSION, (request->flags & BINDING) != 0 ? N_INPUT : N_INPUT - 1, input->buffers};
}

static void free_input(struct input *input)
{
    for (size_t i = 0; i < N_INPUT; i++)
        free(input->buffers[i].pvBuffer);
}

/* The checks after SEC_I_COMPLETE_NEEDED. */
static SECURITY_STATUS complete(CtxtHandle *context, struct input *input)
{
    SECURITY_STATUS status = CompleteAuthToken(context, &input->desc);
    FUZZ_REQUIRE(status <= 0);
    FUZZ_REQUIRE(CompleteAuthToken(context, &input->desc) != SEC_E_OK);
    return status;
}

static SECURITY_STATUS login(CredHandle *credential, const struct request *request,
                             const struct sspi_state *state)
{
    struct input input;
    struct sspi_error_info error_info = {0};
    SecBuffer out[3] = {{0, SECBUFFER_TOKEN, NULL},
                        {sizeof(error_info), SECBUFFER_SSPI_ERROR_INFO, &error_info},
                        {0, SECBUFFER_TOKEN, NULL}};
    SecBufferDesc output = {SECBUFFER_VERSION, 3, out};
    CtxtHandle context;
    size_t account = N_ACCOUNTS;
    ULONG requirements = ASC_REQ_ALLOCATE_MEMORY;
    requirements |= (request->flags & INTEGRITY) != 0 ? ASC_REQ_INTEGRITY : 0;
    requirements |= (request->flags & CONFIDENTIALITY) != 0 ? ASC_REQ_CONFIDENTIALITY : 0;
    make_input(&input, request);
    SECURITY_STATUS status = AcceptSecurityContext(credential, NULL, &input.desc, requirements, 0,
                                                   &context, &output, NULL, NULL);
    FUZZ_REQUIRE(SecIsValidHandle(&context) == (status >= 0));
    if (status == SEC_I_CONTINUE_NEEDED) {
        bool stale = error_info.reason == SSPI_REASON_STALE_NONCE;
        FUZZ_REQUIRE(stale == (request->token.len > 0) && out[0].cbBuffer > 0);
        for (size_t i = 0; i < 3; i += 2)
            check_challenge(&out[i], request, state, stale);
    } else {
        /* Only a login has the server's proof. */
        FUZZ_REQUIRE((out[0].cbBuffer > 0) == (status == SEC_E_OK) && out[2].cbBuffer == 0);
    }
    if (status == SEC_I_COMPLETE_NEEDED) {
        FUZZ_REQUIRE((request->flags & KEEP_CONTEXTS) != 0);
        status = complete(&context, &input);
    } else if (status < 0) {
        check_refusal(status, &error_info);
    }
    if (status == SEC_E_OK) {
        FUZZ_REQUIRE(is_right(request, state, &account));
        check_name(&context, account);
    }
    if (SecIsValidHandle(&context))
        FUZZ_REQUIRE(DeleteSecurityContext(&context) == SEC_E_OK);
    (void)FreeContextBuffer(out[0].pvBuffer);
    (void)FreeContextBuffer(out[2].pvBuffer);
    free_input(&input);
    return status;
}

static void check_request(struct request *request)
{
    struct sspi_state *state = make_state();
    CredHandle credential = acquire(state, (request->flags & KEEP_CONTEXTS) != 0);
    size_t account;
    prepare(request, state);
    SECURITY_STATUS status = login(&credential, request, state);
    bool plain = (request->flags & (BINDING | INTEGRITY | CONFIDENTIALITY)) == 0;
    if (plain && request->method.len > 0 && is_right(request, state, &account) && is_plain(request))
        FUZZ_REQUIRE(status == SEC_E_OK);
    if (status == SEC_E_OK) {
        FUZZ_REQUIRE(login(&credential, request, state) == SEC_E_OUT_OF_SEQUENCE);
        if (prepare_next(request))
            FUZZ_REQUIRE(login(&credential, request, state) == SEC_E_OK);
        FUZZ_REQUIRE(login(&credential, request, state) == SEC_E_OUT_OF_SEQUENCE);
    }
    FUZZ_REQUIRE(FreeCredentialsHandle(&credential) == SEC_E_OK);
    store_state_free(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view input = fuzz_view(data, size);
    struct request request = {.flags = fuzz_octet(&input)};
    if (users == NULL) {
        FUZZ_REQUIRE(hash_suite_init(&hashes) && hash_run_init(&run, &hashes));
        make_users();
    }
    request.method = fuzz_until(&input, '\0');
    request.uri = fuzz_until(&input, '\0');
    request.realm = fuzz_until(&input, '\0');
    if (request.realm.len == 0)
        request.realm = SSPI_VIEW("office"); /* the credential's realm */
    bytes_append_view(&request.token, input);
    check_request(&request);
    bytes_free(&request.token);
    return 0;
}
