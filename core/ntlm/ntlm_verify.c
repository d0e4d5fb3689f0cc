/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_verify.h"

#include <inttypes.h>
#include <string.h>

#include "binding_check.h"
#include "ntlm_challenge.h"
#include "ntlm_text.h"
#include "error_info.h"
#include "utf8.h"

#define FILETIME_PER_MINUTE UINT64_C(600000000)

/* One message while it is checked. */
struct attempt {
    const struct ntlm_credential *credential;
    const struct ntlm_verify_exchange *exchange;
    const struct package_input *in;
    struct sspi_error_info *error_info;
    struct hash_run run;
    struct ntlm_authenticate message;
    struct ntlm_response response;
    struct ntlm_proof *proof;
};

static SECURITY_STATUS malformed(const struct attempt *a, const char *what, const char *problem)
{
    return error_info_refuse(a->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                             "malformed %s of %zu octets: %s", what, a->in->token.len, problem);
}

static SECURITY_STATUS read_message(struct attempt *a)
{
    const char *problem;
    if (!ntlm_message_read_authenticate(a->in->token, &a->message, &problem))
        return malformed(a, "NTLM AUTHENTICATE message", problem);
    a->proof->flags = a->message.flags & a->exchange->flags;
    return SEC_E_OK;
}

/* MS-NLMP 2.2.2.5: UNICODE has precedence over OEM. A client may send Unicode even if CHALLENGE
 * granted OEM, if it sets UNICODE. No client may send OEM that was not granted. */
static SECURITY_STATUS find_encoding(struct attempt *a)
{
    bool unicode = (a->message.flags & NTLM_FLAG_UNICODE) != 0;
    if (!unicode && (a->exchange->flags & NTLM_FLAG_OEM) == 0)
        return error_info_refuse(
            a->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_UNSUPPORTED,
            "the server granted Unicode, but the client sent its names in OEM");
    a->message.oem = !unicode;
    return SEC_E_OK;
}

/* Anonymous logins, LM and NTLMv1 are always refused, whatever the rules allow. */
static SECURITY_STATUS check_kind(struct attempt *a)
{
    size_t len = a->message.nt_response.len;
    if (a->message.user.len == 0 || (a->message.flags & NTLM_FLAG_ANONYMOUS) != 0)
        return error_info_refuse(a->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS,
                                 "an NTLM login without a user is refused");
    if (len == 0)
        return error_info_refuse(
            a->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_UNSUPPORTED,
            "the client sent only an LM response; this server accepts only NTLMv2");
    if (len == NTLM_RESPONSE_V1_LEN)
        return error_info_refuse(
            a->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_UNSUPPORTED,
            "the client sent an NTLMv1 response; this server accepts only NTLMv2 (on Windows: "
            "LmCompatibilityLevel 3 or higher)");
    return SEC_E_OK;
}

static SECURITY_STATUS read_response(struct attempt *a)
{
    const char *problem;
    if (!ntlm_response_read(a->message.nt_response, &a->response, &problem))
        return malformed(a, "NTLMv2 response in a message", problem);
    return SEC_E_OK;
}

static SECURITY_STATUS find_exported_key(struct attempt *a)
{
    struct ntlm_proof *proof = a->proof;
    if ((proof->flags & NTLM_FLAG_KEY_EXCHANGE) == 0) {
        memcpy(proof->exported_key, proof->login.base_key, NTLM_KEY_LEN);
        return SEC_E_OK;
    }
    if (a->message.session_key.len != NTLM_KEY_LEN)
        return malformed(a, "NTLM AUTHENTICATE message", "its session key does not have 16 octets");
    if (!ntlm_keys_exported(&a->credential->crypto, proof->login.base_key,
                            (const uint8_t *)a->message.session_key.data, proof->exported_key))
        return error_info_library_failed(a->error_info, "an NTLM key");
    return SEC_E_OK;
}

/* MS-NLMP 3.2.5.1.2: the flag that says there is a MIC is protected by the client's proof. So an
 * attacker cannot remove the MIC. */
static SECURITY_STATUS check_mic(struct attempt *a)
{
    uint8_t mic[NTLM_KEY_LEN];
    bool demanded = (a->in->requirements & ASC_REQ_INTEGRITY) != 0;
    if ((a->response.flags & NTLM_PAIR_FLAG_MIC) == 0) {
        if (!demanded)
            return SEC_E_OK;
        return error_info_refuse(
            a->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_UNSUPPORTED,
            "the client sent no MIC over its messages, but the caller requires integrity");
    }
    if (a->message.mic.data == NULL)
        return error_info_refuse(a->error_info, SEC_E_MESSAGE_ALTERED, SSPI_REASON_ALTERED,
                                 "the client states that it sent a MIC, but the message has none: "
                                 "an attacker between client and server removed it");
    if (!ntlm_keys_mic(&a->run, a->proof->exported_key, a->exchange->negotiate,
                       a->exchange->challenge, a->in->token, mic))
        return error_info_library_failed(a->error_info, "an NTLM key");
    if (bytes_equal_secret((struct sspi_view){(const char *)mic, sizeof(mic)}, a->message.mic))
        return SEC_E_OK;
    return error_info_refuse(
        a->error_info, SEC_E_MESSAGE_ALTERED, SSPI_REASON_ALTERED,
        "the client's MIC is wrong: an attacker between client and server changed an NTLM message");
}

static SECURITY_STATUS check_time(struct attempt *a)
{
    const struct clock *clock = a->credential->clock;
    uint64_t now = ntlm_challenge_filetime(clock->now_ms(clock->self));
    bool ahead = a->response.time > now;
    uint64_t apart = ahead ? a->response.time - now : now - a->response.time;
    if (apart <= (uint64_t)NTLM_VERIFY_WINDOW_MS * 10000)
        return SEC_E_OK;
    return error_info_refuse(a->error_info, SEC_E_TIME_SKEW, SSPI_REASON_CLOCK_SKEW,
                             "the client's clock is %" PRIu64
                             " minutes %s the server's; 30 are allowed",
                             apart / FILETIME_PER_MINUTE, ahead ? "ahead of" : "behind");
}

static void read_channel(struct attempt *a)
{
    struct sspi_view channel = a->response.channel; /* of PACKAGE_CHANNEL_HASH_LEN octets */
    if (channel.data == NULL)
        a->proof->channel.client = PACKAGE_CLIENT_BINDING_ABSENT;
    else
        a->proof->channel = binding_channel_from_hash((const uint8_t *)channel.data);
}

static SECURITY_STATUS read_target(struct attempt *a)
{
    struct bytes *target = &a->proof->target;
    /* A name that the client marks as untrusted is treated as absent. */
    if (a->response.target.data == NULL || (a->response.flags & NTLM_PAIR_FLAG_UNTRUSTED_NAME) != 0)
        return SEC_E_OK;
    bool decoded = ntlm_text_decode(target, a->response.target);
    if (target->failed)
        return error_info_no_memory(a->error_info);
    if (!decoded || !utf8_is_name(bytes_as_view(target)))
        return malformed(a, "NTLMv2 response in a message",
                         "its MsvAvTargetName is not a valid name");
    return SEC_E_OK;
}

static SECURITY_STATUS check_binding(struct attempt *a)
{
    const struct package_input *in = a->in;
    const struct binding_rules rules = binding_rules_of(in);
    const struct binding_facts facts = {.channel = a->proof->channel,
                                        .service = bytes_as_view(&a->proof->target)};
    return binding_check(&rules, &facts, &a->credential->crypto.hashes, &a->proof->bound,
                         a->error_info);
}

static SECURITY_STATUS run(struct attempt *a)
{
    SECURITY_STATUS status = read_message(a);
    if (status == SEC_E_OK)
        status = find_encoding(a);
    if (status == SEC_E_OK)
        status = check_kind(a);
    if (status == SEC_E_OK)
        status = read_response(a);
    if (status == SEC_E_OK)
        status = ntlm_password_check(a->credential, &a->run, a->exchange->server_challenge,
                                     &a->message, &a->response, &a->proof->login, a->error_info);
    if (status == SEC_E_OK)
        status = find_exported_key(a);
    if (status == SEC_E_OK)
        status = check_mic(a);
    if (status == SEC_E_OK)
        status = check_time(a);
    if (status != SEC_E_OK)
        return status;
    read_channel(a);
    status = read_target(a);
    if (status == SEC_E_OK)
        status = check_binding(a);
    return status;
}

SECURITY_STATUS ntlm_verify_authenticate(const struct ntlm_credential *credential,
                                         const struct ntlm_verify_exchange *exchange,
                                         const struct package_input *in,
                                         struct ntlm_proof *ret_proof,
                                         struct sspi_error_info *error_info)
{
    struct ntlm_proof proof = {0};
    struct attempt attempt = {.credential = credential,
                              .exchange = exchange,
                              .in = in,
                              .error_info = error_info,
                              .proof = &proof};
    if (!hash_run_init(&attempt.run, &credential->crypto.hashes))
        return error_info_no_memory(error_info);
    SECURITY_STATUS status = run(&attempt);
    hash_run_clear(&attempt.run);
    if (status == SEC_E_OK)
        *ret_proof = proof;
    else
        ntlm_verify_clear(&proof);
    return status;
}

void ntlm_verify_clear(struct ntlm_proof *proof)
{
    ntlm_winbind_answer_clear(&proof->login);
    bytes_free(&proof->target);
    bytes_wipe(proof, sizeof(*proof));
}
