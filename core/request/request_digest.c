/* SPDX-License-Identifier: Apache-2.0 */
#include "request_digest.h"

#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "request_digest_call.h"
#include "error_info.h"

#define CALL_CLEANUP __attribute__((cleanup(request_digest_call_clear)))

/* Moves the challenges out of a call. */
static void take_challenges(struct request_digest_call *call,
                            struct bytes challenges[PACKAGE_CHALLENGES_LIMIT], size_t *ret_n)
{
    *ret_n = 0;
    for (size_t i = 0; i < call->out.n_tokens; i++) {
        if (call->out.tokens[i].len == 0)
            continue;
        challenges[(*ret_n)++] = call->out.tokens[i];
        call->out.tokens[i] = (struct bytes){0};
    }
}

bool request_digest_challenge(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                              struct bytes challenges[PACKAGE_CHALLENGES_LIMIT], size_t *ret_n)
{
    CALL_CLEANUP struct request_digest_call call = {.directives = {"", 0}};
    /* The offer depends on whether the policy requires a binding. If the server has no candidate,
     * request_bindings_collect() refuses the credentials that answer the challenge. */
    if (!request_bindings_find(exchange, policy, &call.bindings))
        return false;
    if (request_digest_call(exchange, policy, &call) != SSPI_REASON_NONE)
        return false;
    if (call.status == SEC_I_CONTINUE_NEEDED && call.out.n_tokens > 0) {
        take_challenges(&call, challenges, ret_n);
        return true;
    }
    (void)request_exchange_refuse(
        exchange, call.status == SEC_E_OK ? SEC_E_INTERNAL_ERROR : call.status, &call.error_info);
    return false;
}

/* Refuses a name that could be mistaken for a name of another offered scheme. */
static enum sspi_reason check_user_name(struct sspi_exchange *exchange,
                                        const struct sspi_policy *policy)
{
    struct sspi_view name = bytes_view(exchange->identity.name);
    char shown[ESCAPE_NAME_SIZE];
    if (!policy_identity_is_ambiguous(&exchange->identity, policy))
        return SSPI_REASON_GRANTED;
    return request_exchange_log(
        exchange, SSPI_REASON_AMBIGUOUS_USER, SEC_E_LOGON_DENIED,
        "Digest user \"%s\" holds @ or a backslash, which could be mistaken for "
        "another scheme's name; rename the user, or offer only Digest",
        escape_text(shown, sizeof(shown), name));
}

/* The check needs the hash of the body. A body that is empty or too long is not read. */
static enum sspi_reason need_entity(struct sspi_exchange *exchange,
                                    const struct sspi_policy *policy,
                                    const struct package_need *need)
{
    uint64_t limit = policy->digest_entity_limit;
    uint64_t len = exchange->request.entity_length;
    if (len != SSPI_ENTITY_UNKNOWN && len > limit)
        return request_exchange_refuse_entity(exchange, limit);
    request_entity_begin(&exchange->entity, need->algorithm, limit);
    if (len == 0)
        request_entity_end(&exchange->entity);
    exchange->need = SSPI_NEED_ENTITY;
    return SSPI_REASON_NONE;
}

/* The check needs the hash of this user, which the server looks up. */
static enum sspi_reason need_hash(struct sspi_exchange *exchange, struct package_need *need)
{
    struct request_lookup *lookup = &exchange->lookup;
    free(lookup->user);
    lookup->user = bytes_steal(&need->user, NULL);
    if (lookup->user == NULL)
        return request_exchange_out_of_memory(exchange);
    lookup->state = REQUEST_LOOKUP_ASKED;
    exchange->need = SSPI_NEED_HASH;
    return SSPI_REASON_NONE;
}

/* Handles SEC_E_INCOMPLETE_MESSAGE: the evaluation calls again when the server has passed the
 * missing hash. If the call asks twice for one hash, that is our own fault. */
static enum sspi_reason need_more(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                                  struct request_digest_call *call)
{
    struct package_need *need = &call->out.need;
    if (call->error_info.reason == SSPI_REASON_ENTITY_WANTED &&
        exchange->entity.state == REQUEST_ENTITY_UNWANTED)
        return need_entity(exchange, policy, need);
    if (call->error_info.reason == SSPI_REASON_HASH_WANTED &&
        exchange->lookup.state == REQUEST_LOOKUP_NONE)
        return need_hash(exchange, need);
    return request_exchange_refuse(exchange, SEC_E_INTERNAL_ERROR, &call->error_info);
}

/* The response is verified: makes its user the identity of the exchange. */
static enum sspi_reason finish_login(struct sspi_exchange *exchange,
                                     const struct sspi_policy *policy,
                                     struct request_digest_call *call)
{
    struct request_lookup *lookup = &exchange->lookup;
    enum sspi_reason reason =
        request_exchange_take_identity(exchange, &call->context, SSPI_SCHEME_DIGEST);
    if (reason != SSPI_REASON_NONE)
        return reason;
    exchange->identity.source = call->source;
    exchange->users_generation = call->users_generation;
    if (policy->digest_providers.n > 0) {
        memcpy(lookup->verified_hash, lookup->hash_a1, sizeof(lookup->verified_hash));
        lookup->has_verified_hash = true;
    }
    if (call->out.n_tokens > 0)
        bytes_append_view(&exchange->authentication_info, bytes_as_view(&call->out.tokens[0]));
    return check_user_name(exchange, policy);
}

enum sspi_reason request_digest_evaluate(struct sspi_exchange *exchange,
                                         const struct sspi_policy *policy,
                                         struct sspi_view directives)
{
    CALL_CLEANUP struct request_digest_call call = {.directives = directives};
    if (directives.len == 0) {
        error_info_set(&call.error_info, SSPI_REASON_UNSUPPORTED,
                       "the Digest credentials have no directive");
        return request_exchange_refuse(exchange, SEC_E_INVALID_TOKEN, &call.error_info);
    }
    enum sspi_reason reason = request_bindings_collect(exchange, policy, &call.bindings);
    if (reason == SSPI_REASON_NONE)
        reason = request_digest_call(exchange, policy, &call);
    if (reason != SSPI_REASON_NONE)
        return reason;
    if (call.status == SEC_E_OK)
        return finish_login(exchange, policy, &call);
    if (call.status == SEC_E_INCOMPLETE_MESSAGE)
        return need_more(exchange, policy, &call);
    if (call.error_info.reason == SSPI_REASON_WRONG_PASSWORD &&
        request_exchange_start_reload(exchange, call.source))
        return SSPI_REASON_NONE;
    /* If the nonce is too old or its count was used, the challenge says stale=true. */
    if (call.status == SEC_I_CONTINUE_NEEDED || call.status == SEC_E_OUT_OF_SEQUENCE) {
        take_challenges(&call, exchange->stale, &exchange->n_stale);
        bytes_append_view(&exchange->stale_realm, exchange->realm);
    }
    return request_exchange_refuse(exchange, call.status, &call.error_info);
}
