/* SPDX-License-Identifier: Apache-2.0 */
#include "request_digest_call.h"

#include <assert.h>
#include <string.h>

#include "escape.h"
#include "error_info.h"
#include "secur_accept.h"

/* Token, method, uri, HEntity, realm, hash of the user. */
#define INPUTS_LIMIT 6

/* Digest's realm buffer is "Unicode that must be representable in US ASCII" (AcceptSecurityContext
 * (Digest), buffer 4): UTF-16LE. False: the realm is not ASCII, or no memory. */
static bool widen_realm(struct sspi_view realm, struct bytes *ret_wide)
{
    for (size_t i = 0; i < realm.len; i++) {
        if ((unsigned char)realm.data[i] >= 0x80 || realm.data[i] == '\0')
            return false;
        bytes_append_char(ret_wide, realm.data[i]);
        bytes_append_char(ret_wide, '\0');
    }
    return !ret_wide->failed;
}

static uint32_t credential_flags(const struct sspi_policy *policy)
{
    uint32_t flags = SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS;
    if (policy->digest_qop.offers[SSPI_QOP_AUTH_INT])
        flags |= SSPI_ACCEPTOR_OFFER_INTEGRITY;
    if (policy->digest_userhash)
        flags |= SSPI_ACCEPTOR_OFFER_USERHASH;
    return policy->digest_providers.n > 0 ? flags | SSPI_ACCEPTOR_CALLER_HASHES : flags;
}

/* Writes the words of the domain option with a blank between two. */
static void join_domain(const struct sspi_policy *policy, struct bytes *to)
{
    const struct sspi_view *words = policy->digest_domain.words;
    size_t n_words = policy->digest_domain.n;
    for (size_t i = 0; i < n_words; i++) {
        if (i > 0)
            bytes_append_char(to, ' ');
        bytes_append_view(to, words[i]);
    }
    if (n_words > 0)
        bytes_append_char(to, '\0');
}

static enum sspi_reason get_credential(struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy,
                                       struct acceptor_credential **ret_credential,
                                       struct acceptor_source **ret_resource)
{
    struct acceptor_source *source = NULL;
    if (policy->digest_providers.n == 0) {
        source = request_exchange_source(exchange, policy, SSPI_OPTION_DIGEST_USER_FILE);
        if (source == NULL)
            return SSPI_REASON_CONFIGURATION;
    }
    struct bytes domain BYTES_CLEANUP = {0};
    join_domain(policy, &domain);
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION,
                               .Flags = credential_flags(policy),
                               .Users = source == NULL ? NULL : source->users,
                               .State = exchange->acceptor->state,
                               .NonceLifetimeSeconds = (uint32_t)policy->digest_nonce_lifetime_s,
                               .Domain = domain.data};
    static_assert(sizeof(data.Algorithms) > sizeof(policy->digest_algorithms.order) &&
                      (int)SSPI_ALGORITHM_MD5 == (int)SSPI_DIGEST_MD5 &&
                      (int)SSPI_ALGORITHM_SHA_512_256_SESS == (int)SSPI_DIGEST_SHA_512_256_SESS,
                  "the option's list is the credential's list");
    memcpy(data.Algorithms, policy->digest_algorithms.order,
           sizeof(policy->digest_algorithms.order));

    struct sspi_error_info error_info = {0};
    SECURITY_STATUS status =
        domain.failed ? error_info_no_memory(&error_info)
                      : acceptor_credentials_acquire(&exchange->acceptor->credentials, "WDigest",
                                                     &data, ret_credential, &error_info);
    if (status != SEC_E_OK)
        return request_exchange_refuse(exchange, status, &error_info);
    *ret_resource = source;
    return SSPI_REASON_NONE;
}

static SecBuffer param(struct sspi_view value)
{
    return (SecBuffer){(ULONG)value.len, SECBUFFER_PKG_PARAMS, (void *)(uintptr_t)value.data};
}

/* RFC 3986 3.2: these octets end an authority. The client writes Host, and nginx accepts "host?x":
 * the request's own path would then be a part of a query. */
static bool is_authority(struct sspi_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (memchr("/?#", text.data[i], 3) != NULL)
            return false;
    return text.len > 0;
}

/* Writes the target URI (RFC 9110 7.1), as far as the request has its parts. False: no memory. */
static bool put_target_uri(const struct sspi_request *request, struct bytes *to)
{
    bool is_path = request->target.len > 0 && request->target.data[0] == '/';
    if (is_path && is_authority(request->authority)) {
        bytes_append_text(to, request->tls ? "https://" : "http://");
        bytes_append_view(to, request->authority);
    }
    bytes_append_view(to, request->target);
    return !to->failed;
}

/* Writes the input buffers in the order of the Digest page; returns how many. */
static ULONG fill_input(struct sspi_exchange *exchange, struct request_digest_call *call,
                        struct sspi_view wide_realm, SecBuffer in[INPUTS_LIMIT])
{
    const struct request_entity *entity = &exchange->entity;
    struct request_lookup *lookup = &exchange->lookup;
    ULONG n = 0;
    in[n++] = (SecBuffer){(ULONG)call->directives.len, SECBUFFER_TOKEN,
                          (void *)(uintptr_t)call->directives.data};
    in[n++] = param(exchange->request.method);
    in[n++] = param(bytes_as_view(&call->target));
    in[n++] = param(entity->state == REQUEST_ENTITY_DONE
                        ? (struct sspi_view){entity->hex, entity->hex_len}
                        : (struct sspi_view){NULL, 0});
    in[n++] = param(wide_realm);
    if (lookup->state == REQUEST_LOOKUP_FOUND || lookup->state == REQUEST_LOOKUP_UNKNOWN)
        in[n++] = (SecBuffer){lookup->state == REQUEST_LOOKUP_FOUND ? REQUEST_HASH_A1_LEN : 0,
                              SECBUFFER_SSPI_HASH_A1, lookup->hash_a1};
    return n;
}

static void call_accept(struct sspi_exchange *exchange, struct acceptor_credential *credential,
                        ULONG requirements, struct sspi_view wide_realm,
                        struct request_digest_call *call)
{
    SecBuffer in[INPUTS_LIMIT];
    SecBufferDesc input = {SECBUFFER_VERSION, fill_input(exchange, call, wide_realm, in), in};
    SecBuffer out[PACKAGE_CHALLENGES_LIMIT + 1];
    for (size_t i = 0; i < PACKAGE_CHALLENGES_LIMIT; i++)
        out[i] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    out[PACKAGE_CHALLENGES_LIMIT] =
        (SecBuffer){sizeof(call->error_info), SECBUFFER_SSPI_ERROR_INFO, &call->error_info};
    SecBufferDesc output = {SECBUFFER_VERSION, PACKAGE_CHALLENGES_LIMIT + 1, out};
    const struct secur_accept_call accept = {
        .phCredential = acceptor_credentials_handle(credential),
        .pInput = &input,
        .fContextReq = ASC_REQ_ALLOCATE_MEMORY | ASC_REQ_EXTENDED_ERROR | requirements,
        .phNewContext = &call->context,
        .pOutput = &output,
        .rules = request_bindings_rules(&call->bindings),
    };
    /* The PKG_PARAMS buffers mark this as HTTP. With ASC_REQ_EXTENDED_ERROR a used count makes a
     * challenge. */
    call->status = secur_accept(&accept, NULL);
    for (size_t i = 0; i < PACKAGE_CHALLENGES_LIMIT; i++) {
        if (out[i].pvBuffer == NULL)
            continue;
        if (out[i].cbBuffer > 0)
            bytes_append(&call->tokens[call->n_tokens++], out[i].pvBuffer, out[i].cbBuffer);
        FreeContextBuffer(out[i].pvBuffer);
    }
}

enum sspi_reason request_digest_call(struct sspi_exchange *exchange,
                                     const struct sspi_policy *policy,
                                     struct request_digest_call *call)
{
    struct bytes wide BYTES_CLEANUP = {0};
    SecInvalidateHandle(&call->context);
    if (!put_target_uri(&exchange->request, &call->target))
        return request_exchange_out_of_memory(exchange);
    if (!widen_realm(exchange->realm, &wide)) {
        if (wide.failed)
            return request_exchange_out_of_memory(exchange);
        char shown[80];
        return request_exchange_log(exchange, SSPI_REASON_CONFIGURATION, SEC_E_OK,
                                    "the realm \"%s\" cannot be used for Digest: only ASCII can",
                                    escape_text(shown, sizeof(shown), exchange->realm));
    }
    struct acceptor_credential *credential = NULL;
    enum sspi_reason reason = get_credential(exchange, policy, &credential, &call->source);
    if (reason != SSPI_REASON_NONE)
        return reason;
    ULONG requirements = policy->digest_qop.offers[SSPI_QOP_AUTH] ? 0 : ASC_REQ_INTEGRITY;
    call_accept(exchange, credential, requirements, bytes_as_view(&wide), call);
    acceptor_credentials_release(&exchange->acceptor->credentials, credential);
    return SSPI_REASON_NONE;
}

void request_digest_call_end(struct request_digest_call *call)
{
    for (size_t i = 0; i < PACKAGE_CHALLENGES_LIMIT; i++)
        bytes_free(&call->tokens[i]);
    bytes_free(&call->target);
    if (SecIsValidHandle(&call->context))
        DeleteSecurityContext(&call->context);
}
