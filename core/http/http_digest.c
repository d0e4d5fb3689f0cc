/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "escape.h"
#include "hash.h"
#include "http_options.h"
#include "http_schemes.h"
#include "report.h"
#include "store_users.h"

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

static bool get_credential(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           struct http_credential **ret_credential,
                           struct http_resource **ret_resource)
{
    struct http_resource *resource =
        http_exchange_resource(exchange, policy, SSPI_OPTION_DIGEST_USER_FILE);
    if (resource == NULL)
        return false;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION,
                               .Flags = SSPI_ACCEPTOR_NO_DIGEST_CONTEXTS,
                               .Users = resource->users,
                               .State = exchange->acceptor->state,
                               .NonceLifetimeSeconds = (uint32_t)sspi_policy_number(
                                   policy, SSPI_OPTION_DIGEST_NONCE_LIFETIME)};
    static_assert(sizeof(data.Algorithms) == SSPI_OPTION_LIST_LIMIT && SSPI_DIGEST_MD5 == 1 &&
                      SSPI_DIGEST_SHA_512_256 == 3,
                  "the option's list is the credential's list");
    if (http_options_is_set(policy, SSPI_OPTION_DIGEST_ALGORITHM))
        memcpy(data.Algorithms, policy->value[SSPI_OPTION_DIGEST_ALGORITHM].list,
               sizeof(data.Algorithms));

    struct sspi_report report = {0};
    SECURITY_STATUS status = http_credentials_get(&exchange->acceptor->credentials, "WDigest",
                                                  &data, ret_credential, &report);
    if (status != SEC_E_OK) {
        (void)http_exchange_refuse(exchange, status, &report);
        return false;
    }
    *ret_resource = resource;
    return true;
}

/* One AcceptSecurityContext call in Digest's HTTP form. `tokens` receive the challenges. */
static SECURITY_STATUS call_accept(struct sspi_exchange *exchange,
                                   struct http_credential *credential, struct sspi_view directives,
                                   struct sspi_view wide_realm, PCtxtHandle context,
                                   struct bytes tokens[SSPI_CHALLENGES_LIMIT], size_t *ret_n_tokens,
                                   struct sspi_report *report)
{
    const struct sspi_request *request = &exchange->request;
    SecBuffer in[] = {
        {(ULONG)directives.len, SECBUFFER_TOKEN, (void *)(uintptr_t)directives.data},
        {(ULONG)request->method.len, SECBUFFER_PKG_PARAMS, (void *)(uintptr_t)request->method.data},
        {(ULONG)request->target.len, SECBUFFER_PKG_PARAMS, (void *)(uintptr_t)request->target.data},
        {0, SECBUFFER_PKG_PARAMS, NULL},
        {(ULONG)wide_realm.len, SECBUFFER_PKG_PARAMS, (void *)(uintptr_t)wide_realm.data},
    };
    SecBufferDesc input = {SECBUFFER_VERSION, sizeof(in) / sizeof(in[0]), in};
    SecBuffer out[SSPI_CHALLENGES_LIMIT + 1];
    for (size_t i = 0; i < SSPI_CHALLENGES_LIMIT; i++)
        out[i] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    out[SSPI_CHALLENGES_LIMIT] = (SecBuffer){sizeof(*report), SECBUFFER_SSPI_REPORT, report};
    SecBufferDesc output = {SECBUFFER_VERSION, SSPI_CHALLENGES_LIMIT + 1, out};

    ULONG attributes = 0;
    /* Never ASC_REQ_HTTP: its bit is ASC_REQ_ALLOW_MISSING_BINDINGS too (sspi.h); the PKG_PARAMS
     * buffers say that this is HTTP. */
    SECURITY_STATUS status = AcceptSecurityContext(
        http_credentials_handle(credential), NULL, &input, ASC_REQ_ALLOCATE_MEMORY,
        SECURITY_NETWORK_DREP, context, &output, &attributes, NULL);
    *ret_n_tokens = 0;
    for (size_t i = 0; i < SSPI_CHALLENGES_LIMIT; i++) {
        if (out[i].pvBuffer == NULL)
            continue;
        if (out[i].cbBuffer > 0 && status == SEC_I_CONTINUE_NEEDED)
            bytes_append(&tokens[(*ret_n_tokens)++], out[i].pvBuffer, out[i].cbBuffer);
        FreeContextBuffer(out[i].pvBuffer);
    }
    return status;
}

/* Gets a credential and the realm ready, calls AcceptSecurityContext, and gives the rest back.
 * False: our own fault, told in a record. */
static bool run(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                struct sspi_view directives, PCtxtHandle context,
                struct bytes tokens[SSPI_CHALLENGES_LIMIT], size_t *ret_n_tokens,
                struct sspi_report *report, struct http_resource **ret_resource,
                SECURITY_STATUS *ret_status)
{
    struct bytes wide BYTES_CLEANUP = {0};
    if (!widen_realm(exchange->realm, &wide)) {
        char shown[80];
        http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_CONFIGURATION, SEC_E_OK,
                            "the realm \"%s\" cannot be used for Digest: only ASCII can",
                            escape_text(shown, sizeof(shown), exchange->realm));
        return false;
    }
    struct http_credential *credential = NULL;
    if (!get_credential(exchange, policy, &credential, ret_resource))
        return false;
    SecInvalidateHandle(context);
    *ret_status = call_accept(exchange, credential, directives, bytes_as_view(&wide), context,
                              tokens, ret_n_tokens, report);
    http_credentials_put(&exchange->acceptor->credentials, credential);
    return true;
}

bool http_digest_challenge(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           struct bytes challenges[SSPI_CHALLENGES_LIMIT], size_t *ret_n)
{
    struct sspi_report report = {0};
    struct http_resource *resource;
    SECURITY_STATUS status;
    CtxtHandle context;
    if (!run(exchange, policy, (struct sspi_view){"", 0}, &context, challenges, ret_n, &report,
             &resource, &status))
        return false;
    if (SecIsValidHandle(&context))
        DeleteSecurityContext(&context);
    if (status == SEC_I_CONTINUE_NEEDED && *ret_n > 0)
        return true;
    (void)http_exchange_refuse(exchange, status == SEC_E_OK ? SEC_E_INTERNAL_ERROR : status,
                               &report);
    return false;
}

/* Names of different schemes must never meet: alice@REALM and DOMAIN\alice are Kerberos' and
 * NTLM's. */
static bool name_is_ambiguous(const struct sspi_policy *policy, struct sspi_view name)
{
    const uint8_t *offered = http_options_list(policy, SSPI_OPTION_PACKAGES);
    bool digest_alone = offered[0] == HTTP_PACKAGE_DIGEST && offered[1] == 0;
    return !digest_alone &&
           (memchr(name.data, '@', name.len) != NULL || memchr(name.data, '\\', name.len) != NULL);
}

static enum http_outcome judge_user(struct sspi_exchange *exchange,
                                    const struct sspi_policy *policy)
{
    struct sspi_view name = bytes_view(exchange->proof.name);
    if (!name_is_ambiguous(policy, name))
        return HTTP_OUTCOME_PROVEN;
    char shown[128];
    http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_AMBIGUOUS_USER,
                        SEC_E_LOGON_DENIED,
                        "Digest user \"%s\" holds @ or a backslash, which could be mistaken for "
                        "another scheme's name; rename the user or offer Digest alone",
                        escape_text(shown, sizeof(shown), name));
    return HTTP_OUTCOME_REFUSED;
}

enum http_outcome http_digest_evaluate(struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy,
                                       struct sspi_view directives)
{
    struct sspi_report report = {0};
    if (directives.len == 0) {
        report_write(&report, SSPI_REASON_MALFORMED, "Digest without any directive");
        return http_exchange_refuse(exchange, SEC_E_INVALID_TOKEN, &report);
    }
    struct http_resource *resource;
    SECURITY_STATUS status;
    CtxtHandle context;
    if (!run(exchange, policy, directives, &context, exchange->stale, &exchange->n_stale, &report,
             &resource, &status))
        return HTTP_OUTCOME_ERROR;

    bytes_append_view(&exchange->stale_realm, exchange->realm);
    enum http_outcome outcome;
    if (status == SEC_E_OK)
        outcome = http_exchange_take_proof(exchange, &context, HTTP_PACKAGE_DIGEST, resource)
                      ? judge_user(exchange, policy)
                      : HTTP_OUTCOME_ERROR;
    else
        outcome = http_exchange_refuse(exchange, status, &report);
    if (SecIsValidHandle(&context))
        DeleteSecurityContext(&context);
    return outcome;
}

static bool takes_by_default(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                             enum sspi_digest_algorithm algorithm)
{
    struct http_resource *resource =
        http_acceptor_resource(exchange->acceptor, policy, SSPI_OPTION_DIGEST_USER_FILE);
    if (resource == NULL)
        return false;
    enum sspi_digest_algorithm defaults[2];
    size_t n_defaults = store_users_algorithms(resource->users, exchange->realm, defaults);
    for (size_t i = 0; i < n_defaults; i++)
        if (defaults[i] == algorithm)
            return true;
    return false;
}

bool http_digest_takes(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                       const char *mechanism)
{
    enum sspi_digest_algorithm algorithm = hash_from_name(bytes_view(mechanism));
    if (algorithm == SSPI_DIGEST_NONE)
        return false;
    if (!http_options_is_set(policy, SSPI_OPTION_DIGEST_ALGORITHM))
        return takes_by_default(exchange, policy, algorithm);
    return memchr(policy->value[SSPI_OPTION_DIGEST_ALGORITHM].list, (int)algorithm,
                  SSPI_OPTION_LIST_LIMIT) != NULL;
}
