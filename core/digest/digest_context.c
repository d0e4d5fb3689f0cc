/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_context.h"

#include <stdlib.h>
#include <string.h>

struct digest_context *digest_context_new(struct digest_credential *credential)
{
    struct digest_context *context = calloc(1, sizeof(*context));

    if (context != NULL && credential->keeps_contexts)
        context->credential = digest_credential_reference(credential);
    return context;
}

void digest_context_free(struct digest_context *context)
{
    if (context->credential != NULL) {
        digest_live_remove(&context->credential->live, &context->live);
        digest_credential_unreference(context->credential);
    }
    digest_session_end(&context->session);
    free(context->pending_realm);
    free(context->info.name);
    free(context->info.realm);
    free(context->info.target);
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

void digest_context_end_proof(struct digest_proof *proof)
{
    digest_password_free(&proof->login);
}

/* Nonce counts detect replays whether asked or not. What comes out of sequence is told by
 * VerifySignature, which needs a context that is kept. The body is vouched for by auth-int. */
static ULONG attributes_of(const struct digest_proof *proof, ULONG requirements, bool keeps)
{
    ULONG attributes = requirements & (ASC_RET_REPLAY_DETECT | ASC_RET_EXTENDED_ERROR);

    if (keeps)
        attributes |= requirements & ASC_RET_SEQUENCE_DETECT;
    if (proof->response->integrity)
        attributes |= ASC_RET_INTEGRITY;
    return attributes;
}

bool digest_context_establish(struct digest_context *context, const struct digest_proof *proof,
                              ULONG requirements)
{
    bool has_service = proof->service.data != NULL;
    char *name = strndup(proof->login.user.data, proof->login.user.len);
    char *realm = strndup(proof->realm.data, proof->realm.len);
    char *target = has_service ? strndup(proof->service.data, proof->service.len) : NULL;

    bool keeps = context->credential != NULL;

    if (name == NULL || realm == NULL || (has_service && target == NULL) ||
        (keeps && !digest_session_begin(&context->session, proof->response, proof->login.hash_a1,
                                        proof->issued_ms))) {
        free(name);
        free(realm);
        free(target);
        return false;
    }
    context->state = DIGEST_CONTEXT_ESTABLISHED;
    context->info = (struct sspi_context_info){
        .name = name,
        .realm = realm,
        .target = target,
        .mechanism = &digest_package,
        .algorithm = hash_name(proof->response->algorithm),
        .attributes = attributes_of(proof, requirements, keeps),
        .start_ms = proof->at_ms,
        /* Digest page, ptsTimeStamp: "a constant maximum time". */
        .expiry_ms = UINT64_MAX,
        .bound = proof->bound,
    };
    if (keeps) {
        digest_live_add(&context->credential->live, &context->live, proof->response->nonce,
                        bytes_view(context->info.name), proof->response->count);
    }
    return true;
}
