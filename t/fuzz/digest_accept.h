/* SPDX-License-Identifier: Apache-2.0 */
/* The fixture of digest_accept.c: users, state, a credential, and a client with all passwords. */
#ifndef DIGEST_ACCEPT_H
#define DIGEST_ACCEPT_H

#include <inttypes.h>
#include <stdalign.h>
#include <unistd.h>

#include "digest_nonce.h"
#include "digest_params.h"
#include "digest_parse.h"
#include "fuzz.h"
#include "sspi.h"
#include "package.h"
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

/* The parts of one input. */
struct request {
    unsigned int flags;
    struct sspi_view method;
    struct sspi_view uri;
    struct sspi_view realm;
    struct bytes token;
};

/* ---- the fixture ---- */

static inline void append_hash(struct bytes *to, enum sspi_digest_algorithm algorithm,
                               const struct bytes *text)
{
    uint8_t digest[HASH_MAX];
    FUZZ_REQUIRE(!text->failed && hash_once(&hashes, algorithm, bytes_as_view(text), digest));
    bytes_append_hex(to, digest, hash_len(algorithm));
}

/* Each user's password is "secret-" and the name. */
static inline void append_a1(struct bytes *to, enum sspi_digest_algorithm algorithm, size_t account)
{
    BYTES_CLEANUP struct bytes a1 = {0};
    bytes_append_view(&a1, accounts[account].user);
    bytes_append_char(&a1, ':');
    bytes_append_view(&a1, accounts[account].realm);
    bytes_append_text(&a1, ":secret-");
    bytes_append_view(&a1, accounts[account].user);
    append_hash(to, algorithm, &a1);
}

static inline void make_users(void)
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

static inline uint64_t start_ms(void *self)
{
    (void)self;
    return START_MS;
}

static inline bool same_octets(void *self, void *out, size_t len)
{
    (void)self;
    memset(out, 'k', len);
    return true;
}

/* Each input has the same secrets and an empty table. The steady clock is the machine's, because
 * the credential uses that one. */
static inline struct sspi_state *make_state(void)
{
    struct clock clock = *clock_machine();
    clock.now_ms = start_ms;
    clock.random = same_octets;
    struct sspi_state *state = store_state_format(memory, sizeof(memory), &clock);
    FUZZ_REQUIRE(state != NULL);
    return state;
}

static inline CredHandle acquire(struct sspi_state *state, bool keep_contexts)
{
    CredHandle credential;
    SSPI_ACCEPTOR_DATA data = {
        .Version = SSPI_ACCEPTOR_DATA_VERSION,
        .Flags = keep_contexts ? 0 : SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS,
        .Users = users,
        .State = state,
        .DefaultRealm = "office",
        .Algorithms = {SSPI_DIGEST_SHA_512_256, SSPI_DIGEST_SHA_256, SSPI_DIGEST_MD5},
        /* The lifetime is so long that no nonce becomes stale, even in a slow run. */
        .NonceLifetimeSeconds = 86400,
    };
    FUZZ_REQUIRE(AcquireCredentialsHandleA(NULL, "WDigest", SECPKG_CRED_INBOUND, NULL, &data, NULL,
                                           NULL, &credential, NULL) == SEC_E_OK);
    return credential;
}

/* ---- the client ---- */

/* Returns the account of a response, or N_ACCOUNTS. A literal backslash in a name is accepted,
 * too. */
static inline size_t account_of(const struct digest_response *response, struct sspi_view realm)
{
    size_t i = 0;
    while (i < N_ACCOUNTS && !(bytes_equal(accounts[i].realm, realm) &&
                               (bytes_equal(accounts[i].user, response->username) ||
                                bytes_equal(accounts[i].user, response->raw_username))))
        i++;
    return i;
}

/* RFC 7616 3.4.1, written only from the RFC's text. */
static inline void append_right(struct bytes *to, const struct digest_response *response,
                                size_t account, struct sspi_view method)
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

/* Puts `value` between the quotes of a parameter, if the token has the parameter. */
static inline void replace(struct bytes *token, const char *name, struct sspi_view value)
{
    struct digest_params params;
    struct sspi_error_info error_info;
    if (digest_params_parse(bytes_as_view(token), &params, &error_info) != SSPI_REASON_NONE)
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
    digest_params_clear(&params);
}

static inline void put_right_response(struct request *request)
{
    BYTES_CLEANUP struct bytes digits = {0};
    struct digest_response response;
    struct sspi_error_info error_info;
    if (digest_parse_response(bytes_as_view(&request->token), &response, &error_info) !=
        SSPI_REASON_NONE)
        return;
    size_t account = account_of(&response, request->realm);
    if (account < N_ACCOUNTS)
        append_right(&digits, &response, account, request->method);
    digest_response_clear(&response);
    if (digits.len > 0)
        replace(&request->token, "response", bytes_as_view(&digits));
}

static inline void prepare(struct request *request, struct sspi_state *state)
{
    static const uint8_t random[DIGEST_NONCE_RANDOM_SIZE + 1] = "the client";
    char nonce[DIGEST_NONCE_LEN + 1];
    FUZZ_REQUIRE(digest_nonce_make(&run, store_state_nonce_key(state), START_MS + 1, random,
                                   request->realm, nonce));
    if ((request->flags & OUR_NONCE) != 0)
        replace(&request->token, "nonce", bytes_view(nonce));
    if ((request->flags & RIGHT_RESPONSE) != 0)
        put_right_response(request);
}

/* Increments the count of the token. False: the count was the last one. */
static inline bool prepare_next(struct request *request)
{
    struct digest_response response;
    struct sspi_error_info error_info;
    char digits[9];
    FUZZ_REQUIRE(digest_parse_response(bytes_as_view(&request->token), &response, &error_info) ==
                 SSPI_REASON_NONE);
    uint32_t count = response.count;
    digest_response_clear(&response);
    if (count == UINT32_MAX)
        return false;
    (void)snprintf(digits, sizeof(digits), "%08" PRIx32, count + 1);
    replace(&request->token, "nc", bytes_view(digits));
    put_right_response(request);
    return true;
}

#endif
