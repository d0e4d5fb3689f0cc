/* SPDX-License-Identifier: Apache-2.0 */
/* The vtables of the WDigest package: HTTP Digest (RFC 7616) and the SASL mechanism DIGEST-MD5 (RFC
 * 2831), as the page AcceptSecurityContext (Digest) describes them. */
#include <string.h>

#include "digest_accept.h"
#include "digest_challenge.h"
#include "digest_parse.h"
#include "digest_protect.h"
#include "digest_request.h"
#include "digest_sasl.h"
#include "escape.h"
#include "error_info.h"
#include "store_source.h"
#include "store_users.h"

#define IDENTITY_CLEANUP __attribute__((cleanup(digest_identity_clear)))

/* A challenge with the longest realm, all of it escaped, and the longest domain is shorter than
 * 1800 octets. */
#define MAX_TOKEN 4096
/* Authentication-Info with the longest cnonce, all of it escaped, is shorter than 800 octets. */
#define MAX_SIGNATURE 1024
/* RPC_C_AUTHN_DIGEST */
#define RPC_ID 21

PACKAGE_CREDENTIAL(struct digest_credential, digest_credential_acquire, digest_credential_release)

static void package_destroy(void *context)
{
    digest_context_free(context);
}

static const struct package_info *package_info(const void *context)
{
    const struct digest_context *c = context;

    return c->state == DIGEST_CONTEXT_ESTABLISHED ? &c->info : NULL;
}

/* Only for users that this package opened. A caller that passed its own users refreshes them
 * itself. */
static void refresh_users(struct digest_credential *credential, struct sspi_error_info *error_info)
{
    if (credential->own_users != NULL &&
        store_source_refresh(store_users_source(credential->own_users),
                             credential->clock->steady_ms(credential->clock->self),
                             error_info->text, sizeof(error_info->text)) != STORE_SOURCE_UNREADABLE)
        error_info->text[0] = '\0';
}

/* Refuses requirements that HTTP Digest cannot meet. */
static SECURITY_STATUS check_demands(const struct package_input *in,
                                     struct sspi_error_info *error_info)
{
    /* Digest page: "The Digest SSP supports this flag for SASL only." */
    if ((in->requirements & ASC_REQ_CONFIDENTIALITY) != 0) {
        error_info_set(error_info, SSPI_REASON_UNSUPPORTED, "HTTP Digest cannot encrypt");
        return SEC_E_SECURITY_QOS_FAILED;
    }
    return SEC_E_OK;
}

static SECURITY_STATUS choose_realm(const struct digest_credential *credential,
                                    const struct package_input *in, struct sspi_view *ret_realm,
                                    struct sspi_error_info *error_info)
{
    char shown[ESCAPE_VALUE_SIZE];
    struct sspi_view realm = in->realm.len > 0 ? in->realm : bytes_view(credential->default_realm);

    if (realm.len == 0) {
        error_info_set(error_info, SSPI_REASON_CONFIGURATION,
                       "the caller passed no realm, and the credential has no default realm");
        return SEC_E_INVALID_TOKEN;
    }
    if (!digest_challenge_realm_fits(realm)) {
        error_info_set(error_info, SSPI_REASON_CONFIGURATION,
                       "realm \"%s\" must have at most %d octets and no control characters",
                       escape_text(shown, sizeof(shown), realm), DIGEST_CHALLENGE_REALM_LIMIT);
        return SEC_E_INVALID_TOKEN;
    }
    *ret_realm = realm;
    return SEC_E_OK;
}

static SECURITY_STATUS parse(const struct package_input *in, struct digest_response *ret_response,
                             struct sspi_error_info *error_info)
{
    switch (digest_parse_response(in->token, ret_response, error_info)) {
    case SSPI_REASON_NONE:
        return SEC_E_OK;
    case SSPI_REASON_INTERNAL:
        return SEC_E_INSUFFICIENT_MEMORY;
    case SSPI_REASON_NOT_OFFERED:
        /* A new challenge offers other algorithms. The status is that of a known algorithm that was
         * not offered. */
    case SSPI_REASON_WRONG_PASSWORD:
        /* The same answer as for any unknown user. */
        return SEC_E_LOGON_DENIED;
    default:
        return SEC_E_INVALID_TOKEN;
    }
}

/* Makes *context if it is NULL. */
static SECURITY_STATUS need_context(struct digest_credential *credential,
                                    struct digest_context **context,
                                    struct sspi_error_info *error_info)
{
    if (*context == NULL && (*context = digest_context_new(credential, false)) == NULL)
        return error_info_no_memory(error_info);
    return SEC_E_OK;
}

static SECURITY_STATUS challenge(struct digest_credential *credential,
                                 struct digest_context **context, const struct package_input *in,
                                 struct sspi_view realm, bool stale, struct package_output *out)
{
    SECURITY_STATUS status = need_context(credential, context, out->error_info);

    if (status != SEC_E_OK)
        return status;
    (*context)->state = DIGEST_CONTEXT_PARTIAL;
    return digest_accept_challenge(credential, in, realm, stale, out);
}

/* For a nonce that an existing context uses: CompleteAuthToken must verify the request. */
static SECURITY_STATUS defer(struct digest_credential *credential, struct digest_context **context,
                             struct sspi_view realm, struct sspi_error_info *error_info)
{
    SECURITY_STATUS status = need_context(credential, context, error_info);

    if (status == SEC_E_OK && !digest_context_set_pending(*context, realm))
        return error_info_no_memory(error_info);
    return status == SEC_E_OK ? SEC_I_COMPLETE_NEEDED : status;
}

static SECURITY_STATUS verify(struct digest_credential *credential, struct digest_context **context,
                              const struct package_input *in, struct sspi_view realm,
                              const struct digest_response *response, struct package_output *out)
{
    IDENTITY_CLEANUP struct digest_identity identity = {0};
    SECURITY_STATUS status = digest_accept_verify(credential, in, realm, response, &identity, out);

    if (status == SEC_E_OK)
        status = need_context(credential, context, out->error_info);
    if (status == SEC_E_OK && !digest_context_establish(*context, &identity, in->requirements))
        return error_info_no_memory(out->error_info);
    return status;
}

static SECURITY_STATUS accept_token(struct digest_credential *credential,
                                    struct digest_context **context, const struct package_input *in,
                                    struct sspi_view realm, struct package_output *out)
{
    DIGEST_RESPONSE_CLEANUP struct digest_response response = {0};
    SECURITY_STATUS status = parse(in, &response, out->error_info);

    if (status != SEC_E_OK)
        return status;
    if (credential->keeps_contexts &&
        digest_active_nonces_has(&credential->active_nonces, response.nonce, response.username,
                                 response.raw_username))
        return defer(credential, context, realm, out->error_info);
    status = verify(credential, context, in, realm, &response, out);
    return status == SEC_I_CONTINUE_NEEDED ? challenge(credential, context, in, realm, true, out)
                                           : status;
}

/* ASC_REQ_EXTENDED_ERROR: "When errors occur, the remote party will be notified." In HTTP a new
 * challenge notifies the client: the server sends it with the 401. error_info keeps the reason of
 * the failure.
 *
 * A used nonce count gets stale=true (RFC 7616 3.3). If a proxy or a lost connection repeated the
 * request of an honest client, that client continues without a prompt. An attacker gains nothing:
 *  - The replay is refused as before. The count stays used, and the log line is the same.
 *  - The client must answer a new nonce. An attacker that repeats a request cannot compute that
 *    response.
 *  - This status follows the check of the password (check_all() in digest_accept.c), so a wrong
 *    guess gets stale=false. The attacker only learns that a response was right, and it saw that
 * the request was granted.
 *  - If the body or the user's hash is still needed, this status comes before that check, for right
 *    and wrong responses. Then it only says that the count was used. */
static void notify(const struct digest_credential *credential, const struct package_input *in,
                   struct sspi_view realm, SECURITY_STATUS status, struct package_output *out)
{
    struct sspi_error_info ignored = {0};
    struct sspi_error_info *error_info = out->error_info;

    if ((in->requirements & ASC_REQ_EXTENDED_ERROR) == 0)
        return;
    switch (status) {
    case SEC_E_LOGON_DENIED:
    case SEC_E_NO_AUTHENTICATING_AUTHORITY:
    case SEC_E_OUT_OF_SEQUENCE:
    case SEC_E_BAD_BINDINGS:
        break;
    default:
        return; /* 400, or an error of the server: a new challenge would not help */
    }
    out->error_info = &ignored;
    bool stale = status == SEC_E_OUT_OF_SEQUENCE;
    if (digest_accept_challenge(credential, in, realm, stale, out) != SEC_I_CONTINUE_NEEDED)
        out->n_tokens = 0;
    out->error_info = error_info;
}

static SECURITY_STATUS accept_sasl(struct digest_credential *credential,
                                   struct digest_context **context, const struct package_input *in,
                                   struct package_output *out)
{
    struct sspi_view realm;

    if (*context != NULL)
        return digest_sasl_respond(credential, *context, in, out);
    /* Any first token gets a challenge, also that of a client that tries to continue an older login
     * (RFC 2831 2.2). */
    SECURITY_STATUS status = choose_realm(credential, in, &realm, out->error_info);
    return status == SEC_E_OK ? digest_sasl_challenge(credential, context, in, realm, out) : status;
}

static SECURITY_STATUS accept_http(struct digest_credential *credential,
                                   struct digest_context **context, const struct package_input *in,
                                   struct package_output *out)
{
    struct sspi_view realm;
    SECURITY_STATUS status = check_demands(in, out->error_info);

    if (status == SEC_E_OK)
        status = choose_realm(credential, in, &realm, out->error_info);
    if (status != SEC_E_OK)
        return status;
    status = in->token.len == 0 ? challenge(credential, context, in, realm, false, out)
                                : accept_token(credential, context, in, realm, out);
    notify(credential, in, realm, status, out);
    return status;
}

static SECURITY_STATUS package_accept(void *credential, void **context,
                                      const struct package_input *in, struct package_output *out)
{
    struct digest_credential *c = credential;
    struct digest_context *made = *context;

    *out->error_info = (struct sspi_error_info){0};
    if (made != NULL && (made->sasl == NULL) != in->http)
        return error_info_refuse(out->error_info, SEC_E_INVALID_HANDLE, SSPI_REASON_INTERNAL,
                                 "the context began in the other form of Digest, HTTP or SASL");
    refresh_users(c, out->error_info);
    SECURITY_STATUS status =
        in->http ? accept_http(c, &made, in, out) : accept_sasl(c, &made, in, out);
    *context = made;
    return status;
}

static SECURITY_STATUS package_complete(void *context, const struct package_input *in,
                                        struct package_output *out)
{
    struct digest_context *c = context;
    DIGEST_RESPONSE_CLEANUP struct digest_response response = {0};

    *out->error_info = (struct sspi_error_info){0};
    if (c->state != DIGEST_CONTEXT_PENDING || atomic_load(&c->credential->released)) {
        error_info_set(
            out->error_info, SSPI_REASON_INTERNAL,
            "the context does not wait for CompleteAuthToken, or its credential was released");
        return SEC_E_INVALID_HANDLE;
    }
    if (!in->http)
        return error_info_refuse(out->error_info, SEC_E_UNSUPPORTED_FUNCTION,
                                 SSPI_REASON_UNSUPPORTED,
                                 "the context has HTTP's form: pass SECBUFFER_PKG_PARAMS buffers");
    SECURITY_STATUS status = check_demands(in, out->error_info);
    if (status == SEC_E_OK)
        status = parse(in, &response, out->error_info);
    if (status == SEC_E_OK) {
        /* The realm of the first call, because callers now pass the output token in the realm's
         * buffer. */
        status = verify(c->credential, &c, in, bytes_view(c->pending_realm), &response, out);
    }
    /* This call cannot give a challenge. Callers that only look at the sign would not treat
     * SEC_I_CONTINUE_NEEDED as an error. */
    return status == SEC_I_CONTINUE_NEEDED ? SEC_E_OUT_OF_SEQUENCE : status;
}

static SECURITY_STATUS package_verify_request(void *context, const struct package_input *in,
                                              struct package_output *out)
{
    *out->error_info = (struct sspi_error_info){0};
    return digest_request_verify(context, in, out->error_info);
}

static SECURITY_STATUS package_sign_answer(void *context, const struct package_input *in,
                                           struct package_output *out)
{
    *out->error_info = (struct sspi_error_info){0};
    return digest_request_sign(context, in, out);
}

static SECURITY_STATUS package_sizes(void *context, SecPkgContext_Sizes *ret_sizes)
{
    (void)context;
    *ret_sizes = (SecPkgContext_Sizes){.cbMaxToken = MAX_TOKEN, .cbMaxSignature = MAX_SIGNATURE};
    return SEC_E_OK;
}

static SECURITY_STATUS package_session_key(void *context, struct bytes *ret_key)
{
    return digest_request_session_key(context, ret_key);
}

/* Windows' numbers of the hash functions (ALG_ID). HTTP Digest does not encrypt. */
static ULONG algorithm_number(enum sspi_digest_algorithm base)
{
    switch (base) {
    case SSPI_DIGEST_MD5:
        return 0x8003; /* CALG_MD5 */
    case SSPI_DIGEST_SHA_256:
        return 0x800C; /* CALG_SHA_256 */
    default:
        return 0; /* Windows has no number for it */
    }
}

static SECURITY_STATUS package_key_info(void *context, struct package_key_info *ret_info)
{
    const struct digest_context *c = context;
    enum sspi_digest_algorithm algorithm = hash_from_name(bytes_view(c->info.algorithm));

    *ret_info = (struct package_key_info){
        .key_bits = (ULONG)(8 * hash_len(algorithm)),
        .signature_number = algorithm_number(hash_base(algorithm)),
    };
    strcpy(ret_info->signature, hash_name(algorithm)); /* at most "SHA-512-256-sess" */
    return SEC_E_OK;
}

/* HTTP's form only signs requests and answers, no other messages. */
static const struct package_messages digest_messages = {
    .sizes = package_sizes,
    .session_key = package_session_key,
    .key_info = package_key_info,
};

#define ABOUT                                                                                      \
    {                                                                                              \
        .fCapabilities = SECPKG_FLAG_ASCII_BUFFERS, .wVersion = 1, .wRPCID = RPC_ID,               \
        .cbMaxToken = MAX_TOKEN, .Name = (char[]){WDIGEST_SP_NAME_A},                              \
        .Comment = (char[]){"Digest authentication (RFC 7616, RFC 2831)"},                         \
    }

const struct package digest_package = {
    .about = ABOUT,
    .alias = "Digest",
    .acquire = acquire,
    .release = release,
    .accept = package_accept,
    .complete = package_complete,
    .verify_request = package_verify_request,
    .sign_answer = package_sign_answer,
    .messages = &digest_messages,
    .info = package_info,
    .destroy = package_destroy,
};

/* The package that info() names for a context in SASL's form. No caller acquires it. */
const struct package digest_sasl_package = {
    .about = ABOUT,
    .messages = &digest_protect_messages,
    .info = package_info,
    .destroy = package_destroy,
};
