/* SPDX-License-Identifier: Apache-2.0 */
/* Drives the whole Negotiate package, leg after leg, with SPNEGO and bare tokens. They contain NTLM
 * with a right password, or Kerberos with a key that no client has.
 *
 * Input: an octet of flags (enum flag). For each leg follow an octet of flags (enum leg_flag), two
 * octets of its length, the low one first, and its token. By the flags of a leg, the target first
 * makes the AUTHENTICATE message and the mechListMIC right, as Alice of Corp would have made them.
 *  - Only Corp\Alice is accepted, by NTLM, if NTLM is allowed and the target made her proof.
 *  - If the client or the server prefers another mechanism, the target made the mechListMIC. The
 *    one exception is a list that has only NTLM, in a session without integrity.
 *  - A wrong mechListMIC is refused.
 *  - A refusal has a reason, is never an internal error, and is final.
 *  - An answer to SPNEGO is SPNEGO, and an answer to NTLM is NTLM. The answer of a refusal is a
 *    reject, and only if the flags ask for it. There are at most eight legs. */
#include "der.h"
#include "negotiate_spnego.h"
#include "negotiate_token.h"
#include "ntlm_alice.h"
#include "ntlm_context.h"

#define LEGS_LIMIT 8

enum flag {
    ALLOW_KERBEROS = 1,
    ALLOW_NTLM = 2,
    EXTENDED_ERROR = 4,
    INTEGRITY = 8,
};

/* The flags of enum alice_flag, and: */
enum leg_flag {
    RIGHT_LIST_MIC = 8,
};

static uint64_t steady_ms(void *self)
{
    return 1000;
}

static bool no_random(void *self, void *out, size_t len)
{
    memset(out, 0x5A, len);
    return true;
}

static const struct clock clock = {alice_now_ms, steady_ms, no_random, NULL};

/* A file of keys (MIT's format 0x0502) with one that is all zeros: HTTP/localhost@SSPI.TEST. */
static const char keytab[] = "\x05\x02\x00\x00\x00\x4b\x00\x02\x00\x09SSPI.TEST\x00\x04HTTP\x00\x09"
                             "localhost\x00\x00\x00\x01\x00\x00\x00\x00\x01\x00\x12\x00\x20"
                             "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

static struct sspi_users *users;
/* The index has a bit for each allowed mechanism. */
static struct negotiate_credential *credentials[4];
static struct hash_run run;

static struct ntlm_credential *ntlm_of(const struct negotiate_credential *credential)
{
    return credential->mechanisms[1];
}

static void make_credential(uint32_t mechanisms, const char *keytab_path)
{
    struct sspi_error_info error_info = {.reason = SSPI_REASON_NONE};
    void *made = NULL;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION,
                               .Mechanisms = mechanisms,
                               .KeytabName = keytab_path,
                               .Users = users};
    if (negotiate_package.acquire(&data, &made, &error_info) != SEC_E_OK) {
        fprintf(stderr, "%s\n", error_info.text);
        abort();
    }
    credentials[mechanisms] = made;
    struct ntlm_credential *ntlm = ntlm_of(made);
    if (ntlm == NULL)
        return;
    ntlm->clock = &clock;
    /* The messages are the same on every machine. */
    memcpy(ntlm->nb_computer, "FUZZER", 7);
    memcpy(ntlm->dns_computer, "fuzzer.example", 15);
}

static void make_fixture(void)
{
    char path[] = "/tmp/fuzz_negotiate_accept.XXXXXX";
    if (users != NULL)
        return;
    users = alice_users();
    int file = mkstemp(path);
    FUZZ_REQUIRE(file >= 0 && write(file, keytab, sizeof keytab) == (ssize_t)sizeof keytab);
    FUZZ_REQUIRE(close(file) == 0);
    for (uint32_t mechanisms = ALLOW_KERBEROS; mechanisms < 4; mechanisms++)
        make_credential(mechanisms, path);
    FUZZ_REQUIRE(unlink(path) == 0);
    FUZZ_REQUIRE(hash_run_init(&run, &ntlm_of(credentials[ALLOW_NTLM])->crypto.hashes));
}

/* One negotiation. */
struct talk {
    unsigned flags;
    struct negotiate_credential *credential;
    struct negotiate_context *context;
    struct alice_made made; /* of the last AUTHENTICATE */
    bool ntlm_first;        /* NTLM is the first mechanism of the client's list */
    bool ntlm_only;         /* ... and the only one */
    bool list_mic_made;
    bool list_mic_other; /* the client sent one that the target did not make */
    size_t n_legs;
};

/* Finds the mechanism's token: a part of a SPNEGO token, or the whole of a bare token. */
static struct sspi_view inner(const struct talk *talk, struct sspi_view token,
                              struct negotiate_token_response *ret_response)
{
    *ret_response = (struct negotiate_token_response){.state = NEGOTIATE_TOKEN_STATE_NONE};
    if (talk->context->bare)
        return token;
    if (!negotiate_token_parse_response(token, ret_response))
        return (struct sspi_view){NULL, 0};
    return ret_response->token;
}

static void repair_list_mic(struct talk *talk, char *mic)
{
    struct ntlm_sign sign;
    uint8_t signature[NTLM_SIGN_LEN];
    FUZZ_REQUIRE(ntlm_sign_init(&sign, &ntlm_of(talk->credential)->crypto, talk->made.exported,
                                talk->made.key_exchange));
    FUZZ_REQUIRE(
        ntlm_sign_make(&sign, &sign.client, bytes_as_view(&talk->context->mech_list), signature));
    memcpy(mic, signature, sizeof signature);
    ntlm_sign_clear(&sign);
    talk->list_mic_made = true;
}

static void repair(struct talk *talk, char *token, size_t len, unsigned flags)
{
    struct negotiate_token_response response;
    struct ntlm_context *ntlm;
    if (talk->context == NULL || talk->context->mechanism == NULL ||
        talk->context->chosen->package != &ntlm_package)
        return;
    ntlm = talk->context->mechanism;
    struct sspi_view message = inner(talk, (struct sspi_view){token, len}, &response);
    if (message.data != NULL && ntlm->state == NTLM_CONTEXT_CHALLENGED) {
        struct ntlm_verify_exchange exchange = {.negotiate = bytes_as_view(&ntlm->negotiate),
                                                .challenge = bytes_as_view(&ntlm->challenge),
                                                .flags = ntlm->flags};
        memcpy(exchange.server_challenge, ntlm->server_challenge, NTLM_CHALLENGE_LEN);
        talk->made = alice_repair(&ntlm_of(talk->credential)->crypto, &run, &exchange,
                                  token + (message.data - token), message.len, flags);
    }
    if (response.mic.data == NULL)
        return;
    if ((flags & RIGHT_LIST_MIC) != 0 && talk->made.proof && response.mic.len == NTLM_SIGN_LEN)
        repair_list_mic(talk, token + (response.mic.data - token));
    else
        talk->list_mic_other = true;
}

static void check_granted(const struct talk *talk)
{
    const struct package_info *info = negotiate_package.info(talk->context);
    FUZZ_REQUIRE(info != NULL && info->mechanism == &ntlm_package);
    FUZZ_REQUIRE((talk->flags & ALLOW_NTLM) != 0 && talk->made.proof);
    FUZZ_REQUIRE(strcmp(info->name, "Corp\\Alice") == 0);
    FUZZ_REQUIRE((talk->flags & INTEGRITY) == 0 || talk->made.mic);
    FUZZ_REQUIRE(!talk->list_mic_other);
    if (talk->context->bare || talk->list_mic_made)
        return;
    bool weak = (info->attributes & ASC_RET_INTEGRITY) == 0;
    FUZZ_REQUIRE((talk->ntlm_first && (talk->flags & ALLOW_KERBEROS) == 0) ||
                 (talk->ntlm_only && weak));
}

static void check_answer(const struct talk *talk, SECURITY_STATUS st,
                         const struct package_output *out)
{
    struct negotiate_token_response response;
    struct negotiate_token_init hint;
    struct sspi_view answer = bytes_as_view(&out->tokens[0]);
    FUZZ_REQUIRE(out->n_tokens == (answer.len > 0 ? 1 : 0));
    for (size_t i = 1; i < PACKAGE_CHALLENGES_LIMIT; i++)
        FUZZ_REQUIRE(out->tokens[i].len == 0);
    if (answer.len == 0) {
        FUZZ_REQUIRE(st != SEC_I_CONTINUE_NEEDED);
        return;
    }
    if (talk->context->bare) {
        FUZZ_REQUIRE(st == SEC_I_CONTINUE_NEEDED || (talk->flags & EXTENDED_ERROR) != 0);
        FUZZ_REQUIRE(st != SEC_I_CONTINUE_NEEDED ||
                     ntlm_message_type(answer) == NTLM_MESSAGE_CHALLENGE);
        return;
    }
    if (talk->context->hint_sent && talk->n_legs == 1) {
        FUZZ_REQUIRE(st == SEC_I_CONTINUE_NEEDED && negotiate_token_parse_init(answer, &hint));
        return;
    }
    FUZZ_REQUIRE(negotiate_token_parse_response(answer, &response));
    FUZZ_REQUIRE((response.state == NEGOTIATE_TOKEN_ACCEPT_COMPLETED) == (st == SEC_E_OK));
    FUZZ_REQUIRE((response.state == NEGOTIATE_TOKEN_REJECT) == (st < 0));
    FUZZ_REQUIRE(st >= 0 || (talk->flags & EXTENDED_ERROR) != 0);
}

static void read_list(struct talk *talk, struct sspi_view token)
{
    static const struct sspi_view ntlm = {"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a", 10};
    struct negotiate_token_init init;
    if ((talk->context != NULL && talk->context->phase != NEGOTIATE_START) ||
        !negotiate_token_parse_init(token, &init))
        return;
    talk->ntlm_first = bytes_equal(init.mechanisms[0], ntlm);
    talk->ntlm_only = talk->ntlm_first && init.n_mechanisms == 1;
}

static SECURITY_STATUS leg(struct talk *talk, struct sspi_view token, unsigned flags)
{
    struct sspi_error_info error_info = {.reason = SSPI_REASON_NONE};
    struct package_output out = {.error_info = &error_info};
    void *context = talk->context;
    char *copy = fuzz_copy(token);
    read_list(talk, token);
    repair(talk, copy, token.len, flags);
    struct package_input in = {
        .token = {copy == NULL ? "" : copy, token.len},
        .n_tokens = 1,
        .requirements = ((talk->flags & EXTENDED_ERROR) != 0 ? ASC_REQ_EXTENDED_ERROR : 0) |
                        ((talk->flags & INTEGRITY) != 0 ? ASC_REQ_INTEGRITY : 0)};
    bool failed = talk->context != NULL && talk->context->phase == NEGOTIATE_FAILED;
    bool done = talk->context != NULL && talk->context->phase == NEGOTIATE_DONE;
    SECURITY_STATUS st = negotiate_package.accept(talk->credential, &context, &in, &out);
    FUZZ_REQUIRE(context != NULL);
    talk->context = context;
    talk->n_legs++;
    FUZZ_REQUIRE(!failed || st < 0);
    FUZZ_REQUIRE(!done || st < 0);
    FUZZ_REQUIRE(talk->n_legs <= LEGS_LIMIT || st < 0);
    FUZZ_REQUIRE((negotiate_package.info(talk->context) != NULL) == (st == SEC_E_OK));
    if (st == SEC_E_OK)
        check_granted(talk);
    if (st < 0) {
        FUZZ_REQUIRE(st != SEC_E_INTERNAL_ERROR && st != SEC_E_INSUFFICIENT_MEMORY);
        fuzz_check_error_info(&error_info, error_info.reason);
    }
    check_answer(talk, st, &out);
    for (size_t i = 0; i < PACKAGE_CHALLENGES_LIMIT; i++)
        bytes_free(&out.tokens[i]);
    free(copy);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sspi_view rest = fuzz_view(data, size);
    struct talk talk = {.flags = fuzz_octet(&rest)};
    uint32_t allowed = talk.flags & (ALLOW_KERBEROS | ALLOW_NTLM);
    make_fixture();
    if (allowed == 0) {
        /* A credential without mechanisms allows Kerberos. */
        allowed = ALLOW_KERBEROS;
        talk.flags |= ALLOW_KERBEROS;
    }
    talk.credential = credentials[allowed];
    do {
        unsigned flags = fuzz_octet(&rest);
        size_t len = fuzz_number(&rest, 2);
        (void)leg(&talk, fuzz_take(&rest, len), flags);
    } while (rest.len > 0 && talk.n_legs < LEGS_LIMIT + 2);
    negotiate_package.destroy(talk.context);
    return 0;
}
