/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_request.h"

#include <inttypes.h>

#include "digest_accept.h"
#include "digest_binding.h"
#include "digest_info.h"
#include "digest_parse.h"
#include "digest_uri.h"
#include "digest_verify.h"
#include "escape.h"
#include "error_info.h"
#include "store_state.h"

static SECURITY_STATUS check_context(const struct digest_context *context,
                                     struct sspi_error_info *error_info)
{
    if (context->state != DIGEST_CONTEXT_ESTABLISHED)
        return error_info_refuse(error_info, SEC_E_INVALID_HANDLE, SSPI_REASON_INTERNAL,
                                 "the context is not established");
    if (context->sasl != NULL)
        return error_info_refuse(error_info, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                                 "the context has SASL's form, which has no requests");
    if (context->credential == NULL)
        return error_info_refuse(error_info, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                                 "the credential keeps no contexts");
    if (atomic_load(&context->credential->released))
        return error_info_refuse(error_info, SEC_E_INVALID_HANDLE, SSPI_REASON_INTERNAL,
                                 "the context's credential was released");
    return SEC_E_OK;
}

static bool is_too_old(const struct digest_context *context)
{
    const struct digest_credential *credential = context->credential;
    uint64_t now_ms = store_state_time_ms(credential->state, credential->clock);

    return now_ms > context->session.issued_ms &&
           now_ms - context->session.issued_ms > credential->nonce_lifetime_ms;
}

static SECURITY_STATUS parse(const struct package_input *in, struct digest_response *ret_response,
                             struct sspi_error_info *error_info)
{
    enum sspi_reason reason = digest_parse_response(in->token, ret_response, error_info);

    if (reason == SSPI_REASON_NONE)
        return SEC_E_OK;
    return reason == SSPI_REASON_INTERNAL ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_INVALID_TOKEN;
}

/* Checks the values that must not change between the requests of one context. */
static SECURITY_STATUS check_same(const struct digest_context *context,
                                  const struct digest_response *response,
                                  struct sspi_error_info *error_info)
{
    const struct digest_response *last = &context->session.last;
    struct sspi_view opaque = store_state_opaque(context->credential->state);
    const char *what = NULL;

    if (!bytes_equal(response->nonce, last->nonce))
        what = "nonce";
    else if (!bytes_equal(response->username, last->username))
        what = "username";
    else if (!bytes_equal(response->realm, last->realm))
        what = "realm";
    else if (response->algorithm != last->algorithm)
        what = "algorithm";
    else if (response->userhash != last->userhash)
        what = "userhash";
    else if (response->opaque.data != NULL && !bytes_equal(response->opaque, opaque))
        what = "opaque";
    if (what == NULL)
        return SEC_E_OK;
    return error_info_refuse(error_info, SEC_E_MESSAGE_ALTERED, SSPI_REASON_ALTERED,
                             "%s differs from that of this context", what);
}

static SECURITY_STATUS wrong_count(uint32_t last, const struct digest_response *response,
                                   struct sspi_error_info *error_info)
{
    char shown[ESCAPE_VALUE_SIZE];

    return error_info_refuse(error_info, SEC_E_OUT_OF_SEQUENCE, SSPI_REASON_REPLAY,
                             "nonce count %08" PRIx32 " of user \"%s\" does not follow %08" PRIx32,
                             response->count, escape_text(shown, sizeof(shown), response->username),
                             last);
}

/* Checks everything that needs no hash. */
static SECURITY_STATUS check_without_hash(const struct digest_context *context,
                                          const struct package_input *in,
                                          const struct digest_response *response,
                                          struct sspi_error_info *error_info)
{
    SECURITY_STATUS status = check_same(context, response, error_info);

    if (status == SEC_E_OK)
        status = digest_accept_check_request(context->credential, in,
                                             bytes_view(context->info.realm), response, error_info);
    if (status != SEC_E_OK)
        return status;
    uint32_t last = digest_active_nonces_last_count(&context->credential->active_nonces,
                                                    &context->active_nonce);
    return last == UINT32_MAX || response->count != last + 1
               ? wrong_count(last, response, error_info)
               : SEC_E_OK;
}

static SECURITY_STATUS check_response(const struct digest_context *context, struct hash_run *run,
                                      const struct package_input *in,
                                      const struct digest_response *response,
                                      struct sspi_error_info *error_info)
{
    uint8_t entity_hash[HASH_MAX] = {0};
    SECURITY_STATUS status = SEC_E_OK;

    if (response->integrity && in->entity_hash.data == NULL)
        return error_info_refuse(error_info, SEC_E_INCOMPLETE_MESSAGE, SSPI_REASON_ENTITY_WANTED,
                                 "qop auth-int needs the hash of the body");
    if (response->integrity)
        status = digest_accept_read_entity(in->entity_hash, response->algorithm, entity_hash,
                                           error_info);
    if (status != SEC_E_OK)
        return status;
    switch (
        digest_verify_response(run, response, in->method, entity_hash, context->session.hash_a1)) {
    case DIGEST_VERIFY_RIGHT:
        return SEC_E_OK;
    case DIGEST_VERIFY_WRONG:
        return error_info_refuse(
            error_info, SEC_E_MESSAGE_ALTERED, SSPI_REASON_ALTERED,
            "this context's client did not compute the response for this request%s",
            response->integrity ? " and body" : "");
    case DIGEST_VERIFY_FAILED:
    default:
        return error_info_library_failed(error_info, "a digest");
    }
}

/* The four buffers of the page have no place for a channel binding. Then the client must name the
 * same channel as at its login. If the caller passes a binding, it is compared. */
static SECURITY_STATUS check_binding(const struct digest_context *context, struct hash_run *run,
                                     const struct package_input *in,
                                     const struct digest_response *response,
                                     struct sspi_error_info *error_info)
{
    const struct digest_response *last = &context->session.last;
    struct digest_binding binding;
    enum package_bound bound;

    if (in->n_bindings > 0)
        return digest_binding_check(run, response, in, &binding, &bound, error_info);
    enum digest_binding_status read = digest_binding_read(run, response, &binding);
    if (read != DIGEST_BINDING_READ)
        return digest_binding_refuse(read, error_info);
    if (bytes_equal(response->channel_binding, last->channel_binding) &&
        bytes_equal(response->service_name, last->service_name))
        return SEC_E_OK;
    return error_info_refuse(error_info, SEC_E_BAD_BINDINGS, SSPI_REASON_BAD_BINDING,
                             "the client names another channel or service than at its login");
}

/* The last step: it uses up the count. */
static SECURITY_STATUS commit(struct digest_context *context,
                              const struct digest_response *response,
                              struct sspi_error_info *error_info)
{
    struct digest_credential *credential = context->credential;
    struct digest_response copy;

    if (!digest_response_copy(response, &copy))
        return error_info_no_memory(error_info);
    SECURITY_STATUS status = SEC_E_OK;
    if (!digest_active_nonces_advance(&credential->active_nonces, &context->active_nonce,
                                      response->count))
        status = wrong_count(
            digest_active_nonces_last_count(&credential->active_nonces, &context->active_nonce),
            response, error_info);
    if (status == SEC_E_OK)
        status = digest_accept_use_count(credential, bytes_view(context->info.name),
                                         bytes_view(context->info.realm), response,
                                         context->session.issued_ms, error_info);
    if (status != SEC_E_OK) {
        digest_response_clear(&copy);
        /* This call cannot give a challenge. */
        return status == SEC_I_CONTINUE_NEEDED ? SEC_E_OUT_OF_SEQUENCE : status;
    }
    digest_response_clear(&context->session.last);
    context->session.last = copy;
    return SEC_E_OK;
}

SECURITY_STATUS digest_request_verify(struct digest_context *context,
                                      const struct package_input *in,
                                      struct sspi_error_info *error_info)
{
    DIGEST_RESPONSE_CLEANUP struct digest_response response = {0};
    HASH_RUN_CLEANUP struct hash_run run = {0};
    SECURITY_STATUS status = check_context(context, error_info);

    if (status == SEC_E_OK)
        status = parse(in, &response, error_info);
    if (status == SEC_E_OK)
        status = check_without_hash(context, in, &response, error_info);
    if (status != SEC_E_OK)
        return status;
    if (!hash_run_init(&run, &context->credential->hashes))
        return error_info_no_memory(error_info);
    status = check_response(context, &run, in, &response, error_info);
    /* A client that does not know the password learns nothing about the nonce. */
    if (status == SEC_E_OK && is_too_old(context))
        status = error_info_refuse(error_info, SEC_E_OUT_OF_SEQUENCE, SSPI_REASON_STALE_NONCE,
                                   "the nonce is older than its lifetime");
    if (status == SEC_E_OK)
        status = check_binding(context, &run, in, &response, error_info);
    if (status == SEC_E_OK)
        status = commit(context, &response, error_info);
    return status;
}

SECURITY_STATUS digest_request_sign(struct digest_context *context, const struct package_input *in,
                                    struct package_output *out)
{
    const struct digest_response *last = &context->session.last;
    const struct sspi_view none = {NULL, 0};
    uint8_t entity_hash[HASH_MAX];
    bool has_entity = in->entity_hash.data != NULL;
    HASH_RUN_CLEANUP struct hash_run run = {0};
    SECURITY_STATUS status = check_context(context, out->error_info);

    if (status == SEC_E_OK && is_too_old(context))
        status = error_info_refuse(out->error_info, SEC_E_NO_AUTHENTICATING_AUTHORITY,
                                   SSPI_REASON_STALE_NONCE, "the nonce is older than its lifetime");
    if (status == SEC_E_OK && in->uri.len > 0 && !digest_uri_names(last->uri, in->uri))
        status = error_info_refuse(out->error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_WRONG_URI,
                                   "the uri is not that of the request that was verified last");
    if (status == SEC_E_OK && has_entity)
        status = digest_accept_read_entity(in->entity_hash, last->algorithm, entity_hash,
                                           out->error_info);
    if (status != SEC_E_OK)
        return status;
    if (!hash_run_init(&run, &context->credential->hashes))
        return error_info_no_memory(out->error_info);
    if (!digest_info_append(&out->tokens[0], &run, last, in->method,
                            has_entity ? entity_hash : NULL, context->session.hash_a1, none))
        return error_info_library_failed(out->error_info, "a digest");
    if (out->tokens[0].failed)
        return error_info_no_memory(out->error_info);
    out->n_tokens = 1;
    return SEC_E_OK;
}

SECURITY_STATUS digest_request_session_key(struct digest_context *context, struct bytes *ret_key)
{
    const struct digest_response *last = &context->session.last;
    struct sspi_error_info ignored;
    uint8_t key[HASH_MAX];
    HASH_RUN_CLEANUP struct hash_run run = {0};
    SECURITY_STATUS status = check_context(context, &ignored);

    if (status != SEC_E_OK)
        return status;
    if (hash_base(last->algorithm) == last->algorithm)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!hash_run_init(&run, &context->credential->hashes))
        return SEC_E_INSUFFICIENT_MEMORY;
    if (!digest_verify_session(&run, last, context->session.hash_a1, key))
        return SEC_E_INTERNAL_ERROR;
    bytes_append(ret_key, key, hash_len(last->algorithm));
    bytes_wipe(key, sizeof(key));
    return ret_key->failed ? SEC_E_INSUFFICIENT_MEMORY : SEC_E_OK;
}
