/* SPDX-License-Identifier: Apache-2.0 */
/* AcceptSecurityContext and package_context_accept() give the same status for the same input. The
 * first reads the input from Windows' buffers, and the second gets it with its types. */
#include "digest_fixture.h"
#include "secur_credentials.h"
#include "sspi_peek.h"

/* The input of one call, before either caller writes it in its own form. */
struct input {
    struct sspi_view token, method, uri, entity_hash, realm, hash_a1;
    ULONG requirements;
    bool http;
};

/* The result of one caller. */
struct outcome {
    SECURITY_STATUS status;
    enum sspi_reason reason;
    size_t n_tokens;
    char name[32];       /* of the client; empty: not established */
    char first_token[9]; /* its beginning: a nonce or a count follows */
};

struct callers {
    struct package_credential *typed;
    CredHandle handle;
};

/* The state of the fixture counts time by the fixture's clock. */
static void set_clocks(struct fixture *f, struct callers *callers)
{
    struct digest_credential *digest = callers->typed->data;
    struct secur_object *object;

    digest->clock = &f->clock;
    assert_int_equal(
        secur_handle_begin(&callers->handle, SECUR_HANDLE_CREDENTIAL, SECUR_HANDLE_SHARED, &object),
        SEC_E_OK);
    digest = ((struct secur_credential *)object)->credential->data;
    digest->clock = &f->clock;
    secur_handle_end(object, SECUR_HANDLE_SHARED);
}

static struct callers acquire_both(struct fixture *f, const struct package *package,
                                   struct sspi_users *users, uint32_t flags)
{
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION,
                               .Users = users,
                               .State = f->state,
                               .Mechanisms = SSPI_MECHANISM_NTLM,
                               .Flags = flags | SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS};
    struct callers callers;

    assert_int_equal(package_credential_new(package, &data, &callers.typed, &f->error_info),
                     SEC_E_OK);
    assert_int_equal(AcquireCredentialsHandleA(NULL, package->about.Name, SECPKG_CRED_INBOUND, NULL,
                                               &data, NULL, NULL, &callers.handle, NULL),
                     SEC_E_OK);
    if (package == &digest_package)
        set_clocks(f, &callers);
    return callers;
}

static void release_both(struct callers *callers)
{
    package_credential_unref(callers->typed);
    assert_int_equal(FreeCredentialsHandle(&callers->handle), SEC_E_OK);
}

static struct outcome call_typed(const struct callers *callers, const struct input *input)
{
    struct package_context context;
    struct sspi_error_info error_info;
    struct package_output out = {.error_info = &error_info};
    const struct package_input in = {.token = input->token,
                                     .http = input->http,
                                     .method = input->method,
                                     .uri = input->uri,
                                     .entity_hash = input->entity_hash,
                                     .hash_a1 = input->hash_a1,
                                     .realm = input->realm,
                                     .requirements = input->requirements,
                                     .n_tokens = PACKAGE_CHALLENGES_LIMIT};
    package_context_init(&context, callers->typed);
    struct outcome outcome = {.status = package_context_accept(&context, &in, &out)};
    const struct package_info *info = package_context_info(&context);
    outcome.reason = error_info.reason;
    outcome.n_tokens = out.n_tokens;
    if (info != NULL)
        snprintf(outcome.name, sizeof(outcome.name), "%s", info->name);
    if (out.n_tokens > 0)
        snprintf(outcome.first_token, sizeof(outcome.first_token), "%.*s", (int)out.tokens[0].len,
                 out.tokens[0].data);
    package_output_clear(&out);
    package_context_clear(&context);
    return outcome;
}

static SecBuffer buffer_of(ULONG type, struct sspi_view text)
{
    return (SecBuffer){(ULONG)text.len, type, (void *)(uintptr_t)text.data};
}

/* Writes the input as the Digest page has it: the hash in hexadecimal, the realm in UTF-16LE. */
static ULONG write_buffers(const struct input *input, struct bytes *hex, struct bytes *wide,
                           SecBuffer in[6])
{
    ULONG n = 0;

    in[n++] = buffer_of(SECBUFFER_TOKEN, input->token);
    if (input->http) {
        bytes_append_hex(hex, input->entity_hash.data, input->entity_hash.len);
        for (size_t i = 0; i < input->realm.len; i++) {
            bytes_append_char(wide, input->realm.data[i]);
            bytes_append_char(wide, '\0');
        }
        in[n++] = buffer_of(SECBUFFER_PKG_PARAMS, input->method);
        in[n++] = buffer_of(SECBUFFER_PKG_PARAMS, input->uri);
        in[n++] = buffer_of(SECBUFFER_PKG_PARAMS, bytes_as_view(hex));
        in[n++] = buffer_of(SECBUFFER_PKG_PARAMS, bytes_as_view(wide));
    }
    if (input->hash_a1.data != NULL)
        in[n++] = buffer_of(SECBUFFER_SSPI_HASH_A1, input->hash_a1);
    return n;
}

static struct outcome call_with_buffers(const struct callers *callers, const struct input *input)
{
    BYTES_CLEANUP struct bytes hex = {0}, wide = {0};
    struct sspi_error_info error_info = {0};
    SecBuffer in[6], out[PACKAGE_CHALLENGES_LIMIT + 1] = {{0}};
    SecBufferDesc input_desc = {SECBUFFER_VERSION, write_buffers(input, &hex, &wide, in), in};
    SecBufferDesc output_desc = {SECBUFFER_VERSION, PACKAGE_CHALLENGES_LIMIT + 1, out};
    CredHandle credential = callers->handle;
    CtxtHandle context;
    struct outcome outcome = {0};

    for (size_t i = 0; i < PACKAGE_CHALLENGES_LIMIT; i++)
        out[i].BufferType = SECBUFFER_TOKEN;
    out[PACKAGE_CHALLENGES_LIMIT] =
        (SecBuffer){sizeof(error_info), SECBUFFER_SSPI_ERROR_INFO, &error_info};
    outcome.status = AcceptSecurityContext(&credential, NULL, &input_desc,
                                           input->requirements | ASC_REQ_ALLOCATE_MEMORY, 0,
                                           &context, &output_desc, NULL, NULL);
    outcome.reason = error_info.reason;
    const struct package_info *info = peek_info(&context);
    if (info != NULL)
        snprintf(outcome.name, sizeof(outcome.name), "%s", info->name);
    if (out[0].cbBuffer > 0)
        snprintf(outcome.first_token, sizeof(outcome.first_token), "%.*s", (int)out[0].cbBuffer,
                 (const char *)out[0].pvBuffer);
    for (size_t i = 0; i < PACKAGE_CHALLENGES_LIMIT; i++) {
        outcome.n_tokens += out[i].cbBuffer > 0;
        FreeContextBuffer(out[i].pvBuffer);
    }
    if (SecIsValidHandle(&context))
        assert_int_equal(DeleteSecurityContext(&context), SEC_E_OK);
    return outcome;
}

static void assert_same(const struct outcome *typed, const struct outcome *buffers,
                        SECURITY_STATUS status)
{
    assert_int_equal(typed->status, status);
    assert_int_equal(buffers->status, status);
    assert_int_equal(typed->reason, buffers->reason);
    assert_int_equal(typed->n_tokens, buffers->n_tokens);
    assert_string_equal(typed->name, buffers->name);
    assert_string_equal(typed->first_token, buffers->first_token);
}

/* Both callers get the same input, which uses up nothing. */
static void both(const struct callers *callers, const struct input *input, SECURITY_STATUS status)
{
    struct outcome typed = call_typed(callers, input);
    struct outcome buffers = call_with_buffers(callers, input);

    assert_same(&typed, &buffers, status);
}

static struct input request_of(struct sspi_view token)
{
    return (struct input){.token = token,
                          .http = true,
                          .method = SSPI_VIEW("GET"),
                          .uri = SSPI_VIEW("/x?y"),
                          .realm = SSPI_VIEW(REALM)};
}

/* A nonce that both credentials accept: they have the same state. */
static void get_nonce_of(const struct callers *callers, char nonce[DIGEST_NONCE_LEN + 1])
{
    struct package_context context;
    struct sspi_error_info error_info;
    struct package_output out = {.error_info = &error_info};
    const struct package_input in = {
        .http = true, .method = SSPI_VIEW("GET"), .realm = SSPI_VIEW(REALM), .n_tokens = 1};

    package_context_init(&context, callers->typed);
    assert_int_equal(package_context_accept(&context, &in, &out), SEC_I_CONTINUE_NEEDED);
    bytes_append_char(&out.tokens[0], '\0');
    const char *at = strstr(out.tokens[0].data, "nonce=\"");
    assert_non_null(at);
    memcpy(nonce, at + 7, DIGEST_NONCE_LEN);
    nonce[DIGEST_NONCE_LEN] = '\0';
    package_output_clear(&out);
    package_context_clear(&context);
}

/* The answer of `c` with one count for each caller. */
static void both_answers(const struct callers *callers, struct client c, struct input input,
                         SECURITY_STATUS status)
{
    BYTES_CLEANUP struct bytes first = {0}, second = {0};

    answer(&c, &first);
    c.count++;
    answer(&c, &second);
    input.token = bytes_as_view(&first);
    struct outcome typed = call_typed(callers, &input);
    input.token = bytes_as_view(&second);
    struct outcome buffers = call_with_buffers(callers, &input);
    assert_same(&typed, &buffers, status);
}

static void digest_gives_both_callers_the_same_status(void **state)
{
    struct fixture *f = *state;
    struct callers callers =
        acquire_both(f, &digest_package, f->users, SSPI_ACCEPTOR_OFFER_INTEGRITY);
    char nonce[DIGEST_NONCE_LEN + 1];
    BYTES_CLEANUP struct bytes entity = {0};
    static char large[PACKAGE_TOKEN_LIMIT + 1];
    struct input input = request_of(SSPI_VIEW(""));

    both(&callers, &input, SEC_I_CONTINUE_NEEDED);
    input.requirements = ASC_REQ_CONFIDENTIALITY;
    both(&callers, &input, SEC_E_SECURITY_QOS_FAILED);
    input = request_of(SSPI_VIEW(""));
    input.realm = SSPI_VIEW("");
    both(&callers, &input, SEC_E_INVALID_TOKEN);
    input = request_of(SSPI_VIEW("no directive"));
    both(&callers, &input, SEC_E_INVALID_TOKEN);
    input.token = (struct sspi_view){large, sizeof(large)};
    both(&callers, &input, SEC_E_INVALID_TOKEN);
    input = request_of(SSPI_VIEW(""));
    input.uri = (struct sspi_view){large, sizeof(large)};
    both(&callers, &input, SEC_E_INVALID_TOKEN);

    get_nonce_of(&callers, nonce);
    struct client c = alice(nonce, 1);
    input = request_of(SSPI_VIEW(""));
    both_answers(&callers, c, input, SEC_E_OK);
    c.count = 3;
    c.password = "wrong";
    both_answers(&callers, c, input, SEC_E_LOGON_DENIED);
    input.requirements = ASC_REQ_EXTENDED_ERROR; /* with a new challenge */
    both_answers(&callers, c, input, SEC_E_LOGON_DENIED);
    c.password = "secret-alice";
    input.requirements = 0;
    input.method = SSPI_VIEW("");
    both_answers(&callers, c, input, SEC_E_INVALID_TOKEN);
    input = request_of(SSPI_VIEW(""));
    input.uri = SSPI_VIEW("/another");
    both_answers(&callers, c, input, SEC_E_INVALID_TOKEN);
    input = request_of(SSPI_VIEW(""));
    input.realm = SSPI_VIEW("other");
    both_answers(&callers, c, input, SEC_E_NO_AUTHENTICATING_AUTHORITY);

    input = request_of(SSPI_VIEW(""));
    c.body = "hello";
    c.count = 5;
    both_answers(&callers, c, input, SEC_E_INCOMPLETE_MESSAGE);
    input.entity_hash = SSPI_VIEW("another length");
    both_answers(&callers, c, input, SEC_E_INVALID_TOKEN);
    input.entity_hash = octets_of("hello", SSPI_DIGEST_SHA_256, &entity);
    both_answers(&callers, c, input, SEC_E_OK);
    release_both(&callers);
}

static void a_hash_that_the_caller_looks_up_has_the_same_status(void **state)
{
    struct fixture *f = *state;
    struct callers callers =
        acquire_both(f, &digest_package, f->users, SSPI_ACCEPTOR_CALLER_HASHES);
    char nonce[DIGEST_NONCE_LEN + 1];
    BYTES_CLEANUP struct bytes hash = {0};
    struct input input = request_of(SSPI_VIEW(""));

    get_nonce_of(&callers, nonce);
    struct client c = alice(nonce, 1);
    c.algorithm = SSPI_DIGEST_MD5;
    both_answers(&callers, c, input, SEC_E_INCOMPLETE_MESSAGE);
    input.hash_a1 = SSPI_VIEW("");
    both_answers(&callers, c, input, SEC_E_LOGON_DENIED);
    input.hash_a1 = SSPI_VIEW("0123456789abcdef");
    both_answers(&callers, c, input, SEC_E_LOGON_DENIED);
    input.hash_a1 = octets_of("alice:" REALM ":secret-alice", SSPI_DIGEST_MD5, &hash);
    both_answers(&callers, c, input, SEC_E_OK);
    release_both(&callers);
}

static void the_package_says_whose_hash_it_needs(void **state)
{
    struct fixture *f = *state;
    struct callers callers =
        acquire_both(f, &digest_package, f->users, SSPI_ACCEPTOR_CALLER_HASHES);
    char nonce[DIGEST_NONCE_LEN + 1];
    BYTES_CLEANUP struct bytes header = {0};
    struct package_context context;
    struct package_output out = {.error_info = &f->error_info};

    get_nonce_of(&callers, nonce);
    struct client c = alice(nonce, 1);
    c.algorithm = SSPI_DIGEST_MD5;
    answer(&c, &header);
    const struct package_input in = input(bytes_as_view(&header));
    package_context_init(&context, callers.typed);
    assert_int_equal(package_context_accept(&context, &in, &out), SEC_E_INCOMPLETE_MESSAGE);
    assert_int_equal(f->error_info.reason, SSPI_REASON_HASH_WANTED);
    assert_string_equal(out.need.user.data, "alice");
    assert_int_equal(out.need.algorithm, SSPI_DIGEST_MD5);
    assert_int_equal(context.state, PACKAGE_CONTEXT_PARTIAL);
    package_output_clear(&out);
    package_context_clear(&context);
    release_both(&callers);
}

static void negotiate_and_ntlm_give_both_callers_the_same_status(void **state)
{
    static const struct sspi_view tokens[] = {
        {"", 0},
        {"garbage", 7},
        {"NTLMSSP", 8},
        {"NTLMSSP\0\1\0\0\0\0\0\0\0", 16},
        {"NTLMSSP\0\1\0\0\0\x05\x02\x08\xa0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32},
        {"NTLMSSP\0\3\0\0\0", 12},
        {"\x60\x06\x06\x06\x2b\x06\x01\x05\x05\x02", 10},
    };
    static const struct package *const packages[] = {&negotiate_package, &ntlm_package};
    struct fixture *f = *state;
    char path[] = "/tmp/sspi_callers.XXXXXX", error[512];
    static const char line[] = "alice:CORP:NT:0123456789abcdef0123456789abcdef\n";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, line, strlen(line)), strlen(line));
    close(fd);
    struct sspi_users *users = store_users_open(path, error, sizeof(error));
    assert_non_null(users);
    unlink(path);
    for (size_t i = 0; i < 2; i++) {
        struct callers callers = acquire_both(f, packages[i], users, 0);
        for (size_t j = 0; j < sizeof(tokens) / sizeof(tokens[0]); j++) {
            struct input input = {.token = tokens[j], .requirements = ASC_REQ_CONNECTION};
            struct outcome typed = call_typed(&callers, &input);
            both(&callers, &input, typed.status);
        }
        release_both(&callers);
    }
    store_users_unref(users);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(digest_gives_both_callers_the_same_status),
        TEST(a_hash_that_the_caller_looks_up_has_the_same_status),
        TEST(the_package_says_whose_hash_it_needs),
        TEST(negotiate_and_ntlm_give_both_callers_the_same_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
