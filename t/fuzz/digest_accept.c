/* SPDX-License-Identifier: Apache-2.0 */
/* Drives AcquireCredentialsHandle, AcceptSecurityContext, CompleteAuthToken, QueryContextAttributes
 * and DeleteSecurityContext of WDigest in its HTTP form, with a user file. The input is an octet of
 * flags, then method, uri and realm, each ended by a NUL, then the token. Flags let the target put
 * a nonce of ours and the right response in, so that what lies behind the password is reached.
 *  - Nobody is let in whose response is not right by a computation of the target's own, for a user
 * of the file, this realm and a nonce of ours. Who is right in all of them is let in.
 *  - Nobody is let in twice with one count, nor by a second CompleteAuthToken; the next count is
 * fine.
 *  - The name told is the user's.
 *  - A challenge has this realm, a nonce of ours, and stale=true exactly for a stale nonce.
 *  - A refusal has a documented status, a printable reason, no token and no context. */
#include <inttypes.h>
#include <stdalign.h>
#include <unistd.h>

#include "digest_nonce.h"
#include "digest_params.h"
#include "digest_parse.h"
#include "fuzz.h"
#include "sspi.h"
#include "sspi_package.h"
#include "store_state.h"
#include "store_users.h"

#define START_MS UINT64_C(1700000000000)

enum flag {
    OUR_NONCE = 1,
    RIGHT_RESPONSE = 2,
    KEEP_CONTEXTS = 4,
    BINDING = 8,
    INTEGRITY = 16,
    CONFIDENTIALITY = 32
};

static const struct {
    struct sspi_view user;
    struct sspi_view realm;
} accounts[] = {{{"alice", 5}, {"office", 6}},
                {{"bob", 3}, {"office", 6}},
                {{"DOM\\carol", 9}, {"office", 6}},
                {{"alice", 5}, {"other", 5}},
                {{"alice", 5}, {"ref@localhost", 13}}};
#define N_ACCOUNTS (sizeof(accounts) / sizeof(accounts[0]))

static const enum sspi_digest_algorithm algorithms[] = {SSPI_DIGEST_SHA_512_256,
                                                        SSPI_DIGEST_SHA_256, SSPI_DIGEST_MD5};

static struct hash_suite hashes;
static struct hash_run run;
static struct sspi_users *users;
static alignas(4096) char memory[STORE_STATE_MIN_SIZE];

/* What one input says. */
struct request {
    unsigned int flags;
    struct sspi_view method;
    struct sspi_view uri;
    struct sspi_view realm;
    struct bytes token;
};

/* ---- the world ---- */

static void append_hash(struct bytes *to, enum sspi_digest_algorithm algorithm,
                        const struct bytes *text)
{
    uint8_t digest[HASH_MAX];
    FUZZ_REQUIRE(!text->failed && hash_once(&hashes, algorithm, bytes_as_view(text), digest));
    bytes_append_hex(to, digest, hash_len(algorithm));
}

/* Each user's password is "secret-" and the name. */
static void append_a1(struct bytes *to, enum sspi_digest_algorithm algorithm, size_t account)
{
    BYTES_CLEANUP struct bytes a1 = {0};
    bytes_append_view(&a1, accounts[account].user);
    bytes_append_char(&a1, ':');
    bytes_append_view(&a1, accounts[account].realm);
    bytes_append_text(&a1, ":secret-");
    bytes_append_view(&a1, accounts[account].user);
    append_hash(to, algorithm, &a1);
}

static void make_users(void)
{
    BYTES_CLEANUP struct bytes file = {0};
    char path[] = "/tmp/fuzz_digest_accept.XXXXXX";
    char error[512];
    for (size_t i = 0; i < N_ACCOUNTS; i++)
        for (size_t k = 0; k < 3; k++) {
            bytes_append_view(&file, accounts[i].user);
            bytes_append_char(&file, ':');
            bytes_append_view(&file, accounts[i].realm);
            bytes_append_format(&file, ":%s:", hash_name(algorithms[k]));
            append_a1(&file, algorithms[k], i);
            bytes_append_char(&file, '\n');
        }
    int fd = mkstemp(path);
    FUZZ_REQUIRE(fd >= 0 && write(fd, file.data, file.len) == (ssize_t)file.len);
    (void)close(fd);
    users = store_users_open(path, error, sizeof(error));
    (void)unlink(path);
    FUZZ_REQUIRE(users != NULL);
}

static uint64_t start_ms(void *self)
{
    (void)self;
    return START_MS;
}

static bool same_octets(void *self, void *out, size_t len)
{
    (void)self;
    memset(out, 'k', len);
    return true;
}

/* The same secrets and an empty table for each input. The steady clock is the machine's, which the
 * credential goes on with. */
static struct sspi_state *make_state(void)
{
    struct sspi_clock clock = *clock_machine();
    clock.now_ms = start_ms;
    clock.random = same_octets;
    struct sspi_state *state = store_state_format(memory, sizeof(memory), &clock);
    FUZZ_REQUIRE(state != NULL);
    return state;
}

static CredHandle acquire(struct sspi_state *state, bool keep_contexts)
{
    CredHandle credential;
    SSPI_ACCEPTOR_DATA data = {
        .Version = SSPI_ACCEPTOR_DATA_VERSION,
        .Flags = keep_contexts ? 0 : SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS,
        .Users = users,
        .State = state,
        .DefaultRealm = "office",
        .Algorithms = {SSPI_DIGEST_SHA_512_256, SSPI_DIGEST_SHA_256, SSPI_DIGEST_MD5},
        /* However slow a run is, a nonce does not become old in it. */
        .NonceLifetimeSeconds = 86400,
    };
    FUZZ_REQUIRE(AcquireCredentialsHandleA(NULL, "WDigest", SECPKG_CRED_INBOUND, NULL, &data, NULL,
                                           NULL, &credential, NULL) == SEC_E_OK);
    return credential;
}

/* ---- the client ---- */

/* The account a response is of, N_ACCOUNTS for none; a literal backslash counts as well. */
static size_t account_of(const struct digest_response *response, struct sspi_view realm)
{
    size_t i = 0;
    while (i < N_ACCOUNTS && !(bytes_equal(accounts[i].realm, realm) &&
                               (bytes_equal(accounts[i].user, response->username) ||
                                bytes_equal(accounts[i].user, response->raw_username))))
        i++;
    return i;
}

/* RFC 7616 3.4.1, from its text alone. */
static void append_right(struct bytes *to, const struct digest_response *response, size_t account,
                         struct sspi_view method)
{
    BYTES_CLEANUP struct bytes text = {0};
    BYTES_CLEANUP struct bytes a2 = {0};
    append_a1(&text, response->algorithm, account);
    const struct sspi_view parts[] = {response->nonce, response->nc, response->cnonce,
                                      response->qop};
    for (size_t i = 0; i < 4; i++) {
        bytes_append_char(&text, ':');
        bytes_append_view(&text, parts[i]);
    }
    bytes_append_view(&a2, method);
    bytes_append_char(&a2, ':');
    bytes_append_view(&a2, response->uri);
    bytes_append_char(&text, ':');
    append_hash(&text, response->algorithm, &a2);
    append_hash(to, response->algorithm, &text);
}

/* Puts `value` between the quotes of a parameter, when there is one. */
static void replace(struct bytes *token, const char *name, struct sspi_view value)
{
    struct digest_params params;
    struct sspi_report report;
    if (digest_params_parse(bytes_as_view(token), &params, &report) != SSPI_REASON_NONE)
        return;
    const struct digest_param *param = digest_params_find(&params, name);
    if (param != NULL) {
        struct bytes changed = {0};
        size_t before = (size_t)(param->raw.data - token->data);
        size_t behind = before + param->raw.len;
        bytes_append(&changed, token->data, before);
        bytes_append_view(&changed, value);
        bytes_append(&changed, token->data + behind, token->len - behind);
        bytes_free(token);
        *token = changed;
    }
    digest_params_free(&params);
}

static void put_right_response(struct request *request)
{
    BYTES_CLEANUP struct bytes digits = {0};
    struct digest_response response;
    struct sspi_report report;
    if (digest_parse_response(bytes_as_view(&request->token), &response, &report) !=
        SSPI_REASON_NONE)
        return;
    size_t account = account_of(&response, request->realm);
    if (account < N_ACCOUNTS)
        append_right(&digits, &response, account, request->method);
    digest_parse_free(&response);
    if (digits.len > 0)
        replace(&request->token, "response", bytes_as_view(&digits));
}

static void prepare(struct request *request, struct sspi_state *state)
{
    static const uint8_t random[DIGEST_NONCE_RANDOM_SIZE] = "the client";
    char nonce[DIGEST_NONCE_LEN + 1];
    FUZZ_REQUIRE(digest_nonce_make(&run, store_state_nonce_key(state), START_MS + 1, random,
                                   request->realm, nonce));
    if ((request->flags & OUR_NONCE) != 0)
        replace(&request->token, "nonce", bytes_view(nonce));
    if ((request->flags & RIGHT_RESPONSE) != 0)
        put_right_response(request);
}

/* The same with the next count. False: this was the last. */
static bool prepare_next(struct request *request)
{
    struct digest_response response;
    struct sspi_report report;
    char digits[9];
    FUZZ_REQUIRE(digest_parse_response(bytes_as_view(&request->token), &response, &report) ==
                 SSPI_REASON_NONE);
    uint32_t count = response.count;
    digest_parse_free(&response);
    if (count == UINT32_MAX)
        return false;
    (void)snprintf(digits, sizeof(digits), "%08" PRIx32, count + 1);
    replace(&request->token, "nc", bytes_view(digits));
    put_right_response(request);
    return true;
}

/* ---- what must hold ---- */

/* Whether all that makes a login is right, computed without the package. */
static bool is_right(const struct request *request, const struct sspi_state *state,
                     size_t *ret_account)
{
    BYTES_CLEANUP struct bytes right = {0};
    BYTES_CLEANUP struct bytes sent = {0};
    struct digest_response response;
    struct sspi_report report;
    uint64_t issued_ms;
    if (digest_parse_response(bytes_as_view(&request->token), &response, &report) !=
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
    digest_parse_free(&response);
    return known && ours && bytes_equal(bytes_as_view(&right), bytes_as_view(&sent));
}

static bool uri_is_same(const struct request *request)
{
    struct digest_response response;
    struct sspi_report report;
    FUZZ_REQUIRE(digest_parse_response(bytes_as_view(&request->token), &response, &report) ==
                 SSPI_REASON_NONE);
    bool same = bytes_equal(response.uri, request->uri);
    digest_parse_free(&response);
    return same;
}

static void check_challenge(const SecBuffer *buffer, const struct request *request,
                            const struct sspi_state *state, bool stale)
{
    struct digest_params params;
    struct sspi_report report;
    uint64_t issued_ms;
    struct sspi_view text = {buffer->pvBuffer, buffer->cbBuffer};
    FUZZ_REQUIRE(digest_params_parse(text, &params, &report) == SSPI_REASON_NONE);
    const struct digest_param *realm = digest_params_find(&params, "realm");
    const struct digest_param *nonce = digest_params_find(&params, "nonce");
    FUZZ_REQUIRE(realm != NULL && bytes_equal(realm->value, request->realm));
    FUZZ_REQUIRE(digest_params_find(&params, "qop") != NULL);
    FUZZ_REQUIRE(digest_params_find(&params, "algorithm") != NULL);
    FUZZ_REQUIRE((digest_params_find(&params, "stale") != NULL) == stale);
    FUZZ_REQUIRE(nonce != NULL &&
                 digest_nonce_check(&run, store_state_nonce_key(state), UINT64_MAX, nonce->value,
                                    request->realm, &issued_ms) == DIGEST_NONCE_GOOD);
    digest_params_free(&params);
}

static void check_refusal(SECURITY_STATUS status, const struct sspi_report *report)
{
    fuzz_check_report(report, report->reason);
    FUZZ_REQUIRE(status == SEC_E_INVALID_TOKEN || status == SEC_E_LOGON_DENIED ||
                 status == SEC_E_OUT_OF_SEQUENCE || status == SEC_E_BAD_BINDINGS ||
                 status == SEC_E_SECURITY_QOS_FAILED);
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

/* The input buffers, each in a block of its own. */
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

/* What SEC_I_COMPLETE_NEEDED leaves open. */
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
    struct sspi_report report = {0};
    SecBuffer out[3] = {{0, SECBUFFER_TOKEN, NULL},
                        {sizeof(report), SECBUFFER_SSPI_REPORT, &report},
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
        bool stale = report.reason == SSPI_REASON_STALE_NONCE;
        FUZZ_REQUIRE(stale == (request->token.len > 0) && out[0].cbBuffer > 0);
        for (size_t i = 0; i < 3; i += 2)
            check_challenge(&out[i], request, state, stale);
    } else {
        FUZZ_REQUIRE(out[0].cbBuffer == 0 && out[2].cbBuffer == 0);
    }
    if (status == SEC_I_COMPLETE_NEEDED) {
        FUZZ_REQUIRE((request->flags & KEEP_CONTEXTS) != 0);
        status = complete(&context, &input);
    } else if (status < 0) {
        check_refusal(status, &report);
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
    if (plain && request->method.len > 0 && is_right(request, state, &account) &&
        uri_is_same(request))
        FUZZ_REQUIRE(status == SEC_E_OK);
    if (status == SEC_E_OK) {
        FUZZ_REQUIRE(login(&credential, request, state) == SEC_E_OUT_OF_SEQUENCE);
        if (prepare_next(request))
            FUZZ_REQUIRE(login(&credential, request, state) == SEC_E_OK);
        FUZZ_REQUIRE(login(&credential, request, state) == SEC_E_OUT_OF_SEQUENCE);
    }
    FUZZ_REQUIRE(FreeCredentialsHandle(&credential) == SEC_E_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view input = fuzz_view(data, size);
    struct request request = {.flags = fuzz_octet(&input)};
    if (users == NULL) {
        FUZZ_REQUIRE(hash_suite_open(&hashes) && hash_run_open(&run, &hashes));
        make_users();
    }
    request.method = fuzz_until(&input, '\0');
    request.uri = fuzz_until(&input, '\0');
    request.realm = fuzz_until(&input, '\0');
    if (request.realm.len == 0)
        request.realm = SSPI_VIEW("office"); /* the credential's own */
    bytes_append_view(&request.token, input);
    check_request(&request);
    bytes_free(&request.token);
    return 0;
}
