/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_context.h"

#include <stdlib.h>
#include <string.h>

struct digest_context *digest_context_new(struct digest_credential *credential, bool sasl)
{
    struct digest_context *context = calloc(1, sizeof(*context));

    if (context == NULL)
        return NULL;
    if (sasl && (context->sasl = calloc(1, sizeof(*context->sasl))) == NULL) {
        free(context);
        return NULL;
    }
    if (sasl || credential->keeps_contexts)
        context->credential = digest_credential_ref(credential);
    return context;
}

static void free_sasl(struct digest_sasl *sasl)
{
    if (sasl == NULL)
        return;
    digest_layer_clear(&sasl->layer);
    bytes_wipe(sasl, sizeof(*sasl));
    free(sasl);
}

static void clear_session(struct digest_session *session)
{
    digest_response_clear(&session->last);
    bytes_wipe(session, sizeof(*session));
}

void digest_context_free(struct digest_context *context)
{
    free_sasl(context->sasl);
    if (context->credential != NULL) {
        digest_active_nonces_remove(&context->credential->active_nonces, &context->active_nonce);
        digest_credential_unref(context->credential);
    }
    clear_session(&context->session);
    free(context->pending_realm);
    package_info_clear(&context->info);
    free(context);
}

bool digest_context_set_pending(struct digest_context *context, struct sspi_view realm)
{
    char *pending_realm = strndup(realm.data, realm.len);

    if (pending_realm == NULL)
        return false;
    free(context->pending_realm);
    context->pending_realm = pending_realm;
    context->state = DIGEST_CONTEXT_PENDING;
    return true;
}

void digest_identity_clear(struct digest_identity *identity)
{
    digest_login_clear(&identity->login);
}

/* RFC 2831 2.3: the numbers of messages detect replays and wrong sequence, even if the caller did
 * not ask for that. */
static ULONG sasl_attributes_of(const struct digest_response *response)
{
    ULONG attributes = 0;

    if (response->integrity)
        attributes |= ASC_RET_INTEGRITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT;
    if (response->cipher != DIGEST_CIPHER_NONE)
        attributes |= ASC_RET_CONFIDENTIALITY;
    return attributes;
}

/* Nonce counts detect replays even if the caller did not ask for that. VerifySignature detects
 * wrong sequence, and it needs a context that is kept. qop auth-int protects the body. */
static ULONG attributes_of(const struct digest_identity *identity, ULONG requirements, bool keeps)
{
    ULONG attributes = requirements & (ASC_RET_REPLAY_DETECT | ASC_RET_EXTENDED_ERROR);

    if (identity->response->sasl)
        return sasl_attributes_of(identity->response);
    if (keeps)
        attributes |= requirements & ASC_RET_SEQUENCE_DETECT;
    if (identity->response->integrity)
        attributes |= ASC_RET_INTEGRITY;
    return attributes;
}

/* The copy of an absent text is NULL. False: no memory. */
static bool copy(struct sspi_view text, char **ret_copy)
{
    *ret_copy = text.data != NULL ? strndup(text.data, text.len) : NULL;
    return text.data == NULL || *ret_copy != NULL;
}

static bool begin_session(struct digest_session *session, const struct digest_response *response,
                          const uint8_t hash_a1[HASH_MAX], uint64_t issued_ms)
{
    if (!digest_response_copy(response, &session->last))
        return false;
    memcpy(session->hash_a1, hash_a1, hash_len(response->algorithm));
    session->issued_ms = issued_ms;
    return true;
}

bool digest_context_establish(struct digest_context *context,
                              const struct digest_identity *identity, ULONG requirements)
{
    const struct digest_response *response = identity->response;
    /* RFC 2831 2.1.2: a client without authzid acts under its own name. */
    struct sspi_view authzid =
        response->authzid.len > 0 ? response->authzid : (struct sspi_view){NULL, 0};
    bool keeps = context->credential != NULL && context->sasl == NULL;
    struct package_info info = {
        .mechanism = context->sasl == NULL ? &digest_package : &digest_sasl_package,
        .algorithm = hash_name(response->algorithm),
        .attributes = attributes_of(identity, requirements, keeps),
        .peer_limit = response->sasl && response->integrity ? response->max_buffer : 0,
        .start_ms = identity->at_ms,
        /* Digest page, ptsTimeStamp: "a constant maximum time". */
        .expiry_ms = UINT64_MAX,
        .channel = identity->binding.channel,
        .bound = identity->bound,
    };

    if (!copy(identity->login.user, &info.name) || !copy(identity->realm, &info.realm) ||
        !copy(identity->binding.service, &info.target) || !copy(authzid, &info.authzid) ||
        (keeps && !begin_session(&context->session, response, identity->login.hash_a1,
                                 identity->issued_ms))) {
        package_info_clear(&info);
        return false;
    }
    context->state = DIGEST_CONTEXT_ESTABLISHED;
    context->info = info;
    if (keeps) {
        digest_active_nonces_add(&context->credential->active_nonces, &context->active_nonce,
                                 response->nonce, bytes_view(context->info.name), response->count);
    }
    return true;
}
