/* SPDX-License-Identifier: Apache-2.0 */
#include "request_digest_call.h"

#include <assert.h>
#include <string.h>

#include "escape.h"
#include "error_info.h"
#include "store_users.h"

/* Digest page, buffer 4: the realm "must be representable in US ASCII". */
static bool is_ascii(struct sspi_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] >= 0x80 || text.data[i] == '\0')
            return false;
    return true;
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
                                       struct acceptor_source **ret_source)
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
        domain.failed
            ? error_info_no_memory(&error_info)
            : acceptor_credentials_acquire(&exchange->acceptor->credentials, &digest_package, &data,
                                           ret_credential, &error_info);
    if (status != SEC_E_OK)
        return request_exchange_refuse(exchange, status, &error_info);
    *ret_source = source;
    return SSPI_REASON_NONE;
}

/* RFC 3986 3.2: the octets /, ? and # end an authority. nginx accepts "Host: host?x". With that,
 * the request's own path would become a part of the query. */
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

/* Returns the body's hash; absent: it is not known yet. */
static struct sspi_view entity_hash(const struct request_entity *entity)
{
    if (entity->state != REQUEST_ENTITY_DONE)
        return (struct sspi_view){NULL, 0};
    return (struct sspi_view){(const char *)entity->hash, hash_len(entity->algorithm)};
}

/* Returns the hash that the server found for the user; empty: the server knows no such user;
 * absent: the server was not asked. */
static struct sspi_view hash_a1(const struct request_lookup *lookup)
{
    switch (lookup->state) {
    case REQUEST_LOOKUP_FOUND:
        return (struct sspi_view){(const char *)lookup->hash_a1, REQUEST_HASH_A1_LEN};
    case REQUEST_LOOKUP_UNKNOWN:
        return (struct sspi_view){"", 0};
    default:
        return (struct sspi_view){NULL, 0};
    }
}

static void accept_request(struct sspi_exchange *exchange, ULONG requirements,
                           struct request_digest_call *call)
{
    const struct package_input in = {
        .token = call->directives,
        .http = true,
        .method = exchange->request.method,
        .uri = bytes_as_view(&call->target),
        .entity_hash = entity_hash(&exchange->entity),
        .hash_a1 = hash_a1(&exchange->lookup),
        .realm = exchange->realm,
        .rules = request_bindings_rules(&call->bindings),
        .reads_client_binding = true,
        /* ASC_REQ_EXTENDED_ERROR: a nonce count that was used before also makes a challenge. */
        .requirements = ASC_REQ_EXTENDED_ERROR | requirements,
        .n_tokens = PACKAGE_CHALLENGES_LIMIT,
    };
    call->out.error_info = &call->error_info;
    call->status = package_context_accept(&call->context, &in, &call->out);
}

enum sspi_reason request_digest_call(struct sspi_exchange *exchange,
                                     const struct sspi_policy *policy,
                                     struct request_digest_call *call)
{
    if (!put_target_uri(&exchange->request, &call->target))
        return request_exchange_out_of_memory(exchange);
    if (!is_ascii(exchange->realm)) {
        char shown[ESCAPE_VALUE_SIZE];
        return request_exchange_log(exchange, SSPI_REASON_CONFIGURATION, SEC_E_OK,
                                    "the realm \"%s\" cannot be used for Digest: only ASCII can",
                                    escape_text(shown, sizeof(shown), exchange->realm));
    }
    struct acceptor_credential *credential = NULL;
    enum sspi_reason reason = get_credential(exchange, policy, &credential, &call->source);
    if (reason != SSPI_REASON_NONE)
        return reason;
    if (call->source != NULL)
        call->users_generation = store_users_generation(call->source->users);
    ULONG requirements = policy->digest_qop.offers[SSPI_QOP_AUTH] ? 0 : ASC_REQ_INTEGRITY;
    package_context_init(&call->context, acceptor_credentials_of_package(credential));
    accept_request(exchange, requirements, call);
    acceptor_credentials_release(&exchange->acceptor->credentials, credential);
    return SSPI_REASON_NONE;
}

void request_digest_call_clear(struct request_digest_call *call)
{
    package_output_clear(&call->out);
    bytes_free(&call->target);
    package_context_clear(&call->context);
}
