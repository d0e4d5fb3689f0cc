/* SPDX-License-Identifier: Apache-2.0 */
/* Drives ntlm_verify_authenticate, also with a right password.
 *
 * Input: an octet of flags (enum flag), then an AUTHENTICATE message. By the flags, the target
 * first makes its proof, its time and its MIC right, as Alice of Corp would have made them.
 *  - An accepted client is a user of the file with the name in the message, and the target made its
 *    proof.
 *  - A message is refused if the target did not make its proof, or did not make a MIC that the
 *    message announces.
 *  - A wrong or missing binding is refused if a binding is required.
 *  - A refusal has a reason and is never an internal error. */
#include "ntlm_verify.h"

#include "fold.h"
#include "ntlm_alice.h"

enum flag {
    RIGHT_PROOF = ALICE_PROOF,
    RIGHT_TIME = ALICE_TIME,
    RIGHT_MIC = ALICE_MIC,
    BINDING = 8,
    ALLOW_MISSING = 16,
    PROXY = 32,
    INTEGRITY = 64,
    ALL_GRANTED = 128 /* else only the flags that a server grants to curl */
};

static struct ntlm_credential credential;
static struct hash_run run;

static const struct clock clock = {.now_ms = alice_now_ms};

static void make_fixture(void)
{
    if (credential.users != NULL)
        return;
    credential.users = alice_users();
    credential.clock = &clock;
    FUZZ_REQUIRE(ntlm_crypto_init(&credential.crypto));
    FUZZ_REQUIRE(hash_run_init(&run, &credential.crypto.hashes));
}

static const struct ntlm_verify_exchange exchange_of_windows = {
    .negotiate = {"NEGOTIATE", 9},
    .challenge = {"CHALLENGE", 9},
    .server_challenge = {1, 2, 3, 4, 5, 6, 7, 8},
    .flags = 0xE2898235};

static struct ntlm_verify_exchange exchange_for(unsigned flags)
{
    struct ntlm_verify_exchange exchange = exchange_of_windows;
    if ((flags & ALL_GRANTED) == 0)
        exchange.flags = ntlm_challenge_flags(0x00088206);
    return exchange;
}

static void check_granted(struct sspi_view token, const struct ntlm_proof *proof,
                          struct alice_made made, unsigned flags)
{
    struct ntlm_authenticate message;
    struct ntlm_response response;
    const char *problem;
    BYTES_CLEANUP struct bytes user = {0}, upper = {0};
    FUZZ_REQUIRE(made.proof);
    FUZZ_REQUIRE(ntlm_message_read_authenticate(token, &message, &problem));
    FUZZ_REQUIRE(ntlm_response_read(message.nt_response, &response, &problem));
    FUZZ_REQUIRE(made.mic || (response.flags & NTLM_PAIR_FLAG_MIC) == 0);
    FUZZ_REQUIRE(made.mic || (flags & INTEGRITY) == 0);
    FUZZ_REQUIRE(strcmp(proof->login.user, "Alice") == 0);
    FUZZ_REQUIRE(strcmp(proof->login.domain, "Corp") == 0);
    FUZZ_REQUIRE(alice_name(&message, exchange_for(flags).flags, message.user, &user) &&
                 fold_upper(&upper, bytes_as_view(&user)));
    FUZZ_REQUIRE(bytes_equal(bytes_as_view(&upper), SSPI_VIEW("ALICE")));
    FUZZ_REQUIRE((proof->flags & ~message.flags) == 0);
    FUZZ_REQUIRE((proof->flags & ~exchange_for(flags).flags) == 0);
    /* No channel is known whose hash is the one that the fuzzer chose. */
    FUZZ_REQUIRE(proof->bound != PACKAGE_BOUND_MATCHED || response.channel.data != NULL);
    if ((flags & BINDING) != 0)
        FUZZ_REQUIRE(proof->bound == PACKAGE_BOUND_MATCHED || proof->bound == PACKAGE_BOUND_ABSENT);
    if (proof->bound == PACKAGE_BOUND_ABSENT)
        FUZZ_REQUIRE((flags & ALLOW_MISSING) != 0 && response.channel.data == NULL);
    if (proof->bound == PACKAGE_BOUND_PROXY)
        FUZZ_REQUIRE((flags & PROXY) != 0 && response.channel.data != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct package_channel_binding binding = {.application = {"tls-unique:x", 12}};
    struct sspi_view rest = fuzz_view(data, size);
    unsigned flags = fuzz_octet(&rest);
    struct sspi_error_info error_info = {.reason = SSPI_REASON_NONE};
    struct ntlm_proof proof = {0};
    make_fixture();
    struct ntlm_verify_exchange exchange = exchange_for(flags);
    char *token = fuzz_copy(rest);
    struct alice_made made =
        alice_repair(&credential.crypto, &run, &exchange, token, rest.len, flags);
    struct package_input in = {
        .token = {token == NULL ? "" : token, rest.len},
        .bindings = &binding,
        .n_bindings = (flags & BINDING) != 0 ? 1 : 0,
        .requirements = ((flags & ALLOW_MISSING) != 0 ? ASC_REQ_ALLOW_MISSING_BINDINGS : 0) |
                        ((flags & PROXY) != 0 ? ASC_REQ_PROXY_BINDINGS : 0) |
                        ((flags & INTEGRITY) != 0 ? ASC_REQ_INTEGRITY : 0)};
    SECURITY_STATUS st = ntlm_verify_authenticate(&credential, &exchange, &in, &proof, &error_info);
    if (st == SEC_E_OK) {
        check_granted(in.token, &proof, made, flags);
    } else {
        FUZZ_REQUIRE(st < 0 && st != SEC_E_INTERNAL_ERROR && st != SEC_E_INSUFFICIENT_MEMORY);
        fuzz_check_error_info(&error_info, error_info.reason);
    }
    ntlm_verify_clear(&proof);
    free(token);
    return 0;
}
