/* SPDX-License-Identifier: Apache-2.0 */
/* Alice of Corp, whose password is "Password". This file has a user file with her line. Its
 * functions put the values that need her password into the fuzzer's AUTHENTICATE message. */
#ifndef NTLM_ALICE_H
#define NTLM_ALICE_H

#include <unistd.h>

#include "fuzz.h"
#include "ntlm_challenge.h"
#include "ntlm_text.h"
#include "ntlm_verify.h"

#define ALICE_START_MS UINT64_C(1700000000000)

/* Offsets of the proven part of a response, and of its time. */
#define ALICE_TEMP_AT NTLM_KEY_LEN
#define ALICE_TIME_AT (ALICE_TEMP_AT + 8)

static const uint8_t alice_hash[NTLM_KEY_LEN] = {0xa4, 0xf4, 0x9c, 0x40, 0x65, 0x10, 0xbd, 0xca,
                                                 0xb6, 0x82, 0x4e, 0xe7, 0xc3, 0x0f, 0xd8, 0x52};

/* The only clock of the test. Its time does not change. */
static inline uint64_t alice_now_ms(void *self)
{
    return ALICE_START_MS;
}

static inline struct sspi_users *alice_users(void)
{
    static const char text[] = "Alice:Corp:NT:a4f49c406510bdcab6824ee7c30fd852\n";
    char path[] = "/tmp/fuzz_ntlm_alice.XXXXXX";
    char error[512];
    int file = mkstemp(path);
    FUZZ_REQUIRE(file >= 0 && write(file, text, sizeof text - 1) == (ssize_t)sizeof text - 1);
    FUZZ_REQUIRE(close(file) == 0);
    struct sspi_users *users = store_users_open(path, error, sizeof error);
    FUZZ_REQUIRE(users != NULL && unlink(path) == 0);
    return users;
}

enum alice_flag { ALICE_PROOF = 1, ALICE_TIME = 2, ALICE_MIC = 4 };

/* The parts of the message that were made right. */
struct alice_made {
    bool proof;
    bool mic;
    bool key_exchange;
    uint8_t exported[NTLM_KEY_LEN]; /* the session's key, if the proof was made */
};

/* Reads the session's key from the message. False: the message announces a key and has no key. */
static inline bool alice_export(const struct ntlm_crypto *crypto,
                                const struct ntlm_authenticate *message, uint32_t granted,
                                struct alice_made *made)
{
    uint8_t encrypted[NTLM_KEY_LEN];
    made->key_exchange = (message->flags & granted & NTLM_FLAG_KEY_EXCHANGE) != 0;
    if (!made->key_exchange)
        return true;
    if (message->session_key.len != NTLM_KEY_LEN)
        return false;
    memcpy(encrypted, message->session_key.data, sizeof encrypted);
    FUZZ_REQUIRE(ntlm_keys_exported(crypto, made->exported, encrypted, made->exported));
    return true;
}

/* Reads a name as ntlm_verify_authenticate() does, but with separate code. */
static inline bool alice_name(struct ntlm_authenticate *message, uint32_t granted,
                              struct sspi_view name, struct bytes *to)
{
    struct sspi_error_info error_info = {.reason = SSPI_REASON_NONE};
    bool unicode = (message->flags & NTLM_FLAG_UNICODE) != 0;
    message->oem = !unicode && (granted & NTLM_FLAG_OEM) != 0;
    return ntlm_text_read_name(message, name, to, &error_info) == SEC_E_OK;
}

/* Changes the message in place, as a user with Alice's password would make it. `run` uses the
 * hashes of `crypto`. */
static inline struct alice_made alice_repair(const struct ntlm_crypto *crypto, struct hash_run *run,
                                             const struct ntlm_verify_exchange *exchange,
                                             char *token, size_t len, unsigned flags)
{
    struct sspi_view view = {token, len};
    struct ntlm_authenticate message;
    struct alice_made made = {.proof = false};
    const char *problem;
    BYTES_CLEANUP struct bytes user = {0}, upper = {0}, domain = {0}, wire_domain = {0};
    uint8_t key[NTLM_KEY_LEN], proof[NTLM_KEY_LEN], mic[NTLM_KEY_LEN];
    if ((flags & ALICE_PROOF) == 0 || !ntlm_message_read_authenticate(view, &message, &problem) ||
        message.nt_response.len < ALICE_TIME_AT + 8 ||
        !alice_name(&message, exchange->flags, message.user, &user) ||
        !alice_name(&message, exchange->flags, message.domain, &domain) ||
        !ntlm_text_encode_upper(&upper, bytes_as_view(&user)) ||
        !ntlm_text_encode(&wire_domain, bytes_as_view(&domain)))
        return made;
    char *response = token + (message.nt_response.data - token);
    uint64_t time = ntlm_challenge_filetime(ALICE_START_MS);
    for (size_t i = 0; (flags & ALICE_TIME) != 0 && i < 8; i++, time >>= 8)
        response[ALICE_TIME_AT + i] = (char)(time & 0xFF);
    struct sspi_view temp = {response + ALICE_TEMP_AT, message.nt_response.len - ALICE_TEMP_AT};
    FUZZ_REQUIRE(ntlm_keys_response(run, alice_hash, bytes_as_view(&upper),
                                    bytes_as_view(&wire_domain), key) &&
                 ntlm_keys_proof(run, key, exchange->server_challenge, temp, proof) &&
                 ntlm_keys_base(run, key, proof, made.exported));
    memcpy(response, proof, sizeof proof);
    made.proof = true;
    if (!alice_export(crypto, &message, exchange->flags, &made) || (flags & ALICE_MIC) == 0 ||
        message.mic.data == NULL)
        return made;
    FUZZ_REQUIRE(
        ntlm_keys_mic(run, made.exported, exchange->negotiate, exchange->challenge, view, mic));
    memcpy(token + NTLM_MIC_START, mic, sizeof mic);
    made.mic = true;
    return made;
}

#endif
