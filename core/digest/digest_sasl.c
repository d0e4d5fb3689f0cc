/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_sasl.h"

#include <string.h>

#include "digest_accept.h"
#include "digest_binding.h"
#include "digest_sasl_parse.h"
#include "digest_verify.h"
#include "error_info.h"
#include "store_state.h"

#define IDENTITY_CLEANUP __attribute__((cleanup(digest_identity_clear)))

/* ---- the challenge ---- */

/* ASC_REQ_* are offers. The context's attributes say what the client chose. If the caller asks for
 * confidentiality and this machine has no cipher, it is not offered. */
static SECURITY_STATUS offer(struct digest_credential *credential, struct digest_sasl *sasl,
                             ULONG requirements, struct sspi_error_info *error_info)
{
    sasl->offers_integrity = (requirements & PACKAGE_ASKS_INTEGRITY) != 0;
    if (!hash_available(&credential->hashes, SSPI_DIGEST_MD5))
        return error_info_refuse(error_info, SEC_E_NO_CREDENTIALS, SSPI_REASON_CONFIGURATION,
                                 "this machine's OpenSSL does not allow MD5, and DIGEST-MD5 has no "
                                 "other algorithm");
    if ((requirements & ASC_REQ_CONFIDENTIALITY) == 0)
        return SEC_E_OK;
    const struct digest_ciphers *ciphers = digest_credential_ciphers(credential);
    if (ciphers == NULL)
        return error_info_no_memory(error_info);
    sasl->ciphers = digest_ciphers_available(ciphers, credential->offers_weak_ciphers);
    return SEC_E_OK;
}

SECURITY_STATUS digest_sasl_challenge(struct digest_credential *credential,
                                      struct digest_context **context,
                                      const struct package_input *in, struct sspi_view realm,
                                      struct package_output *out)
{
    *context = digest_context_new(credential, true);
    if (*context == NULL)
        return error_info_no_memory(out->error_info);
    struct digest_sasl *sasl = (*context)->sasl;
    memcpy(sasl->realm, realm.data, realm.len);
    SECURITY_STATUS status =
        digest_accept_make_nonce(credential, realm, sasl->nonce, out->error_info);
    if (status == SEC_E_OK)
        status = offer(credential, sasl, in->requirements, out->error_info);
    if (status != SEC_E_OK)
        return status;
    digest_challenge_append_sasl(&out->tokens[0], realm, bytes_view(sasl->nonce),
                                 sasl->offers_integrity, sasl->ciphers);
    if (out->tokens[0].failed)
        return error_info_no_memory(out->error_info);
    out->n_tokens = 1;
    return SEC_I_CONTINUE_NEEDED;
}

/* ---- the response ---- */

struct attempt {
    struct digest_credential *credential;
    struct digest_context *context;
    struct digest_sasl *sasl;
    const struct package_input *in;
    const struct digest_response *response;
    struct hash_run *run;
    struct sspi_error_info *error_info;
};

static SECURITY_STATUS parse(const struct package_input *in, struct digest_response *ret_response,
                             struct sspi_error_info *error_info)
{
    switch (digest_sasl_parse_response(in->token, ret_response, error_info)) {
    case SSPI_REASON_NONE:
        return SEC_E_OK;
    case SSPI_REASON_INTERNAL:
        return SEC_E_INSUFFICIENT_MEMORY;
    case SSPI_REASON_NOT_OFFERED:
        return SEC_E_QOP_NOT_SUPPORTED;
    default:
        return SEC_E_INVALID_TOKEN;
    }
}

static SECURITY_STATUS check_offered(const struct attempt *a)
{
    enum digest_cipher cipher = a->response->cipher;

    if (cipher != DIGEST_CIPHER_NONE && (a->sasl->ciphers & 1u << cipher) == 0)
        return error_info_refuse(a->error_info, SEC_E_QOP_NOT_SUPPORTED, SSPI_REASON_NOT_OFFERED,
                                 "auth-conf with cipher %s was not offered",
                                 digest_cipher_name(cipher));
    if (cipher == DIGEST_CIPHER_NONE && a->response->integrity && !a->sasl->offers_integrity)
        return error_info_refuse(a->error_info, SEC_E_QOP_NOT_SUPPORTED, SSPI_REASON_NOT_OFFERED,
                                 "qop auth-int was not offered");
    return SEC_E_OK;
}

/* RFC 2831 2.1.2: "The server-specified data string received in the most recent digest-challenge".
 * With another nonce, the client answered another challenge. */
static SECURITY_STATUS check_nonce(const struct attempt *a)
{
    if (bytes_equal(a->response->nonce, bytes_view(a->sasl->nonce)))
        return SEC_E_OK;
    return error_info_refuse(
        a->error_info, SEC_E_OUT_OF_SEQUENCE, SSPI_REASON_REPLAY,
        "the nonce is not from this context's challenge: the client answered another "
        "challenge");
}

/* As in HTTP, the nonce is checked before the caller queries a database. */
static SECURITY_STATUS take_missing(const struct attempt *a)
{
    if (!a->credential->caller_hashes || a->in->hash_a1.data != NULL)
        return SEC_E_OK;
    SECURITY_STATUS status = check_nonce(a);
    return status != SEC_E_OK
               ? status
               : error_info_refuse(a->error_info, SEC_E_INCOMPLETE_MESSAGE, SSPI_REASON_HASH_WANTED,
                                   "the caller must look up the user's hash");
}

/* Called only after the response is verified. If a client names no service for its binding, the
 * service of digest-uri counts, which the response covers as well. */
static SECURITY_STATUS check_binding(const struct attempt *a, struct digest_identity *identity)
{
    SECURITY_STATUS status = digest_binding_check(a->run, a->response, a->in, &identity->binding,
                                                  &identity->bound, a->error_info);

    if (identity->binding.channel.client == PACKAGE_CLIENT_BINDING_ABSENT)
        identity->binding.service = a->response->uri;
    return status;
}

static SECURITY_STATUS protect(const struct attempt *a, const struct digest_identity *identity)
{
    struct digest_sasl *sasl = a->sasl;
    const struct digest_ciphers *ciphers = NULL;

    if (!digest_verify_session(a->run, a->response, identity->login.hash_a1, sasl->session))
        return error_info_library_failed(a->error_info, "a digest");
    sasl->protects = a->response->integrity;
    if (!sasl->protects)
        return SEC_E_OK;
    if (a->response->cipher != DIGEST_CIPHER_NONE &&
        (ciphers = digest_credential_ciphers(a->credential)) == NULL)
        return error_info_no_memory(a->error_info);
    digest_layer_clear(&sasl->layer); /* of an earlier call that ran out of memory */
    return digest_layer_init(&sasl->layer, &a->credential->hashes, ciphers, a->response->cipher,
                             sasl->session)
               ? SEC_E_OK
               : error_info_library_failed(a->error_info, "a digest");
}

/* RFC 2831 2.1.3 */
static SECURITY_STATUS answer(const struct attempt *a, const struct digest_identity *identity,
                              struct bytes *token)
{
    uint8_t rspauth[HASH_MAX];

    if (!digest_verify_rspauth(a->run, a->response, NULL, identity->login.hash_a1, rspauth))
        return error_info_library_failed(a->error_info, "a digest");
    bytes_append_text(token, "rspauth=");
    bytes_append_hex(token, rspauth, hash_len(a->response->algorithm));
    return token->failed ? error_info_no_memory(a->error_info) : SEC_E_OK;
}

/* The order matters: a client that does not know the password learns nothing about nonce and
 * binding. */
static SECURITY_STATUS check_all(const struct attempt *a, struct digest_identity *identity,
                                 struct package_output *out)
{
    struct sspi_view realm = a->response->realm.len == 0 ? SSPI_VIEW("") : identity->realm;
    SECURITY_STATUS status = take_missing(a);

    if (status == SEC_E_OK)
        status = digest_password_check(a->credential, a->run, a->in, realm, a->response, NULL,
                                       &identity->login, a->error_info);
    if (status == SEC_E_OK)
        status = check_nonce(a);
    if (status == SEC_E_OK)
        status = check_binding(a, identity);
    if (status == SEC_E_OK)
        status = protect(a, identity);
    if (status == SEC_E_OK)
        status = answer(a, identity, &out->tokens[0]);
    if (status == SEC_E_OK && !digest_context_establish(a->context, identity, a->in->requirements))
        status = error_info_no_memory(a->error_info);
    if (status == SEC_E_OK)
        out->n_tokens = 1;
    else
        bytes_free(&out->tokens[0]);
    return status;
}

SECURITY_STATUS digest_sasl_respond(struct digest_credential *credential,
                                    struct digest_context *context, const struct package_input *in,
                                    struct package_output *out)
{
    DIGEST_RESPONSE_CLEANUP struct digest_response response = {0};
    IDENTITY_CLEANUP struct digest_identity identity = {
        .realm = bytes_view(context->sasl->realm),
        .response = &response,
        .at_ms = store_state_time_ms(credential->state, credential->clock),
    };
    HASH_RUN_CLEANUP struct hash_run run = {0};
    const struct attempt attempt = {
        .credential = credential,
        .context = context,
        .sasl = context->sasl,
        .in = in,
        .response = &response,
        .run = &run,
        .error_info = out->error_info,
    };
    SECURITY_STATUS status = parse(in, &response, out->error_info);

    if (status == SEC_E_OK)
        status = digest_accept_check_realm(&response, identity.realm, out->error_info);
    if (status == SEC_E_OK)
        status = check_offered(&attempt);
    if (status != SEC_E_OK)
        return status;
    if (!hash_run_init(&run, &credential->hashes))
        return error_info_no_memory(out->error_info);
    return check_all(&attempt, &identity, out);
}
