/* SPDX-License-Identifier: Apache-2.0 */
#include "request_exchange.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "escape.h"
#include "request_accept.h"
#include "request_count.h"
#include "policy.h"
#include "error_info.h"
#include "secur_query.h"

struct sspi_exchange *sspi_exchange_new(struct sspi_acceptor *acceptor,
                                        const struct sspi_request *request)
{
    struct sspi_exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL)
        return NULL;
    exchange->acceptor = acceptor;
    exchange->request = *request;
    return exchange;
}

void sspi_exchange_free(struct sspi_exchange *exchange)
{
    if (exchange == NULL)
        return;
    acceptor_identity_free(&exchange->identity);
    if (exchange->waiting != NULL)
        sspi_job_unref(&exchange->waiting->job);
    acceptor_credentials_put(&exchange->acceptor->credentials, exchange->begun.credential);
    free(exchange->user);
    free(exchange->lookup.user);
    bytes_wipe(&exchange->lookup, sizeof(exchange->lookup));
    request_entity_free(&exchange->entity);
    sspi_job_unref(exchange->job);
    bytes_free(&exchange->answer_token);
    bytes_free(&exchange->authentication_info);
    bytes_free(&exchange->lookup_realm);
    for (size_t i = 0; i < PACKAGE_CHALLENGES_LIMIT; i++)
        bytes_free(&exchange->stale[i]);
    bytes_free(&exchange->stale_realm);
    for (size_t i = 0; i < SSPI_HEADERS_LIMIT; i++)
        bytes_free(&exchange->header_text[i]);
    free(exchange);
}

struct sspi_log_entry *request_exchange_log_entry(struct sspi_exchange *exchange)
{
    struct sspi_result *result = &exchange->result;
    if (result->n_records == SSPI_LOG_ENTRIES_LIMIT)
        return &result->records[SSPI_LOG_ENTRIES_LIMIT - 1];
    return &result->records[result->n_records++];
}

bool request_exchange_logs(const struct sspi_exchange *exchange, enum acceptor_message message)
{
    return acceptor_log_severity(message) >= exchange->request.log_from;
}

bool request_exchange_has_credentials(const struct sspi_exchange *exchange)
{
    return exchange->request.authorization.data != NULL || exchange->request.several_authorizations;
}

/* A fault of the client is 401, because another attempt or another scheme may succeed. It is 400 if
 * the header breaks its grammar (RFC 9110 11.4, RFC 7616 3.4), or if the RFC demands 400. A fault
 * of the server is 500. docs/refusals.md lists all of them. */
static enum request_outcome outcome_of(SECURITY_STATUS status, enum sspi_reason reason)
{
    switch (reason) {
    case SSPI_REASON_CONFIGURATION:
    case SSPI_REASON_INTERNAL:
        return REQUEST_OUTCOME_ERROR;
    case SSPI_REASON_UNREACHABLE:
        return REQUEST_OUTCOME_UNAVAILABLE;
    case SSPI_REASON_MALFORMED:
    case SSPI_REASON_TOO_LARGE:
    case SSPI_REASON_WRONG_URI: /* RFC 7616 3.4.6: a uri of another resource is answered 400 */
        return status == SEC_E_INVALID_TOKEN ? REQUEST_OUTCOME_BAD_REQUEST
                                             : REQUEST_OUTCOME_REFUSED;
    default:
        break;
    }
    switch (status) {
    case SEC_E_INSUFFICIENT_MEMORY:
    case SEC_E_INTERNAL_ERROR:
    case SEC_E_INVALID_HANDLE:
    case SEC_E_NO_CREDENTIALS:
        return REQUEST_OUTCOME_ERROR;
    default:
        return REQUEST_OUTCOME_REFUSED;
    }
}

enum request_outcome request_exchange_refuse(struct sspi_exchange *exchange, SECURITY_STATUS status,
                                             const struct sspi_error_info *error_info)
{
    enum request_outcome outcome = outcome_of(status, error_info->reason);
    request_count_reason(exchange, error_info->reason);
    enum acceptor_message message =
        error_info->reason == SSPI_REASON_NONE && outcome != REQUEST_OUTCOME_ERROR
            ? ACCEPTOR_MESSAGE_MALFORMED
            : acceptor_log_message(error_info->reason);
    acceptor_log_write(request_exchange_log_entry(exchange), message, status, "%s",
                       error_info->text[0] == '\0' ? "no further detail" : error_info->text);
    return outcome;
}

enum request_outcome request_exchange_refuse_token(struct sspi_exchange *exchange,
                                                   SECURITY_STATUS status,
                                                   const struct sspi_error_info *error_info)
{
    enum request_outcome outcome = request_exchange_refuse(exchange, status, error_info);
    return outcome == REQUEST_OUTCOME_BAD_REQUEST ? REQUEST_OUTCOME_REFUSED : outcome;
}

bool request_exchange_rereads(struct sspi_exchange *exchange, struct acceptor_source *source)
{
    const struct clock *clock = clock_machine();
    if (exchange->rereads || source == NULL)
        return false;
    exchange->job = acceptor_source_check_changed_now(source, clock->steady_ms(clock->self));
    exchange->rereads = exchange->job != NULL;
    return exchange->rereads;
}

enum request_outcome request_exchange_out_of_memory(struct sspi_exchange *exchange)
{
    acceptor_log_write(request_exchange_log_entry(exchange), ACCEPTOR_MESSAGE_INTERNAL,
                       SEC_E_INSUFFICIENT_MEMORY, "out of memory");
    return REQUEST_OUTCOME_ERROR;
}

enum request_outcome request_exchange_refuse_entity(struct sspi_exchange *exchange, uint64_t limit)
{
    const char *option =
        sspi_option_info(SSPI_OPTION_DIGEST_ENTITY_LIMIT)->name[exchange->acceptor->config.server];
    acceptor_log_write(request_exchange_log_entry(exchange), ACCEPTOR_MESSAGE_ENTITY_TOO_LARGE,
                       SEC_E_OK,
                       "the body of an auth-int request has more than the %" PRIu64 " octets of %s",
                       limit, option);
    return REQUEST_OUTCOME_TOO_LARGE;
}

struct acceptor_source *request_exchange_source(struct sspi_exchange *exchange,
                                                const struct sspi_policy *policy,
                                                enum sspi_option option)
{
    struct acceptor_source *source =
        acceptor_source_find(exchange->acceptor->sources, policy, option);
    if (source == NULL) {
        const char *directive = sspi_option_info(option)->name[exchange->acceptor->config.server];
        acceptor_log_write(request_exchange_log_entry(exchange), ACCEPTOR_MESSAGE_CONFIGURATION,
                           SEC_E_OK,
                           "no file was opened for %s at start: set %s where this request's policy "
                           "holds, or in an outer scope",
                           directive, directive);
    }
    return source;
}

static uint8_t mechanism_of(const struct package_info *info)
{
    if (info->mechanism == &kerberos_package)
        return POLICY_MECHANISM_KERBEROS;
    return info->mechanism == &ntlm_package ? POLICY_MECHANISM_NTLM : 0;
}

bool request_exchange_take_identity(struct sspi_exchange *exchange, const CtxtHandle *context,
                                    uint8_t package)
{
    const struct package_info *info = package_info(context);
    struct acceptor_identity identity = {.package = package};
    if (info != NULL) {
        identity.runs = mechanism_of(info);
        identity.name = info->name;
        identity.realm = info->realm;
        identity.target = info->target;
        identity.mechanism =
            info->algorithm != NULL ? info->algorithm : info->mechanism->about.Name;
        identity.target_proven = info->target_proven;
        identity.channel = info->channel;
        identity.integrity =
            package == POLICY_SCHEME_DIGEST && (info->attributes & ASC_RET_INTEGRITY) != 0;
        identity.expiry_ms = info->expiry_ms;
        exchange->users_generation = info->users_generation;
    }
    if (identity.name != NULL && acceptor_identity_copy(&identity, &exchange->identity))
        return true;
    struct sspi_error_info error_info;
    error_info_set(&error_info, SSPI_REASON_INTERNAL, "an established context could not be read");
    (void)request_exchange_refuse(exchange, SEC_E_INTERNAL_ERROR, &error_info);
    return false;
}
