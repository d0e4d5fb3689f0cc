/* SPDX-License-Identifier: Apache-2.0 */
#include "request_exchange.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hex.h"
#include "request_delegated.h"
#include "request_count.h"
#include "error_info.h"
#include "kerberos_keytab.h"
#include "kerberos_name.h"

/* Entries beyond n_entries are never read. */
static void clear_result(struct sspi_result *result)
{
    memset(result, 0, offsetof(struct sspi_result, entries));
    memset(&result->n_entries, 0, sizeof(*result) - offsetof(struct sspi_result, n_entries));
}

struct sspi_exchange *sspi_exchange_new(struct sspi_acceptor *acceptor,
                                        const struct sspi_request *request)
{
    struct sspi_exchange *exchange = malloc(sizeof(*exchange));
    if (exchange == NULL)
        return NULL;
    memset(exchange, 0, offsetof(struct sspi_exchange, result));
    clear_result(&exchange->result);
    exchange->acceptor = acceptor;
    exchange->request = *request;
    return exchange;
}

/* The memory of the header belongs to the server, which would leave the password there. */
static void wipe_password(struct sspi_exchange *exchange)
{
    const struct sspi_view header = exchange->request.authorization;
    if (exchange->basic.is_read)
        bytes_wipe((void *)(uintptr_t)header.data, header.len);
}

void sspi_exchange_free(struct sspi_exchange *exchange)
{
    if (exchange == NULL)
        return;
    wipe_password(exchange);
    policy_identity_clear(&exchange->identity);
    sspi_job_unref(exchange->waiting_leg.job);
    acceptor_credentials_release(&exchange->acceptor->credentials,
                                 exchange->waiting_leg.credential);
    sspi_job_unref(exchange->onward.job);
    bytes_free(&exchange->onward.value);
    free(exchange->user_name);
    free(exchange->lookup.user);
    bytes_wipe(&exchange->lookup, sizeof(exchange->lookup));
    request_entity_clear(&exchange->entity);
    request_delegation_clear(&exchange->delegation);
    sspi_job_unref(exchange->basic.job);
    sspi_job_unref(exchange->local_groups);
    sspi_job_unref(exchange->reload_job);
    bytes_free(&exchange->answer_token);
    bytes_free(&exchange->authentication_info);
    bytes_free(&exchange->lookup_realm);
    bytes_free(&exchange->full_name);
    bytes_free(&exchange->group_text[0]);
    bytes_free(&exchange->group_text[1]);
    for (size_t i = 0; i < PACKAGE_CHALLENGES_LIMIT; i++)
        bytes_free(&exchange->stale[i]);
    bytes_free(&exchange->stale_realm);
    bytes_free(&exchange->session.line);
    request_opened_cookie_unref(exchange->session.opened);
    request_exchange_drop_headers(exchange);
    free(exchange);
}

void request_exchange_begin_result(struct sspi_exchange *exchange)
{
    request_exchange_drop_headers(exchange);
    clear_result(&exchange->result);
    exchange->result.status = request_count_status(SSPI_REASON_INTERNAL);
}

void request_exchange_drop_headers(struct sspi_exchange *exchange)
{
    for (size_t i = 0; i < exchange->result.n_headers; i++)
        bytes_free(&exchange->header_text[i]);
    exchange->result.n_headers = 0;
}

void request_exchange_need_job(struct sspi_exchange *exchange, struct sspi_job *job)
{
    exchange->result.need = SSPI_NEED_JOB;
    exchange->result.job = sspi_job_ref(job);
}

static struct sspi_log_entry *next_entry(struct sspi_exchange *exchange)
{
    struct sspi_result *result = &exchange->result;
    if (result->n_entries == SSPI_LOG_ENTRIES_LIMIT)
        return &result->entries[SSPI_LOG_ENTRIES_LIMIT - 1];
    return &result->entries[result->n_entries++];
}

void request_exchange_add_entry(struct sspi_exchange *exchange, const struct sspi_log_entry *entry)
{
    *next_entry(exchange) = *entry;
}

bool request_exchange_logs(const struct sspi_exchange *exchange, enum sspi_reason reason)
{
    return acceptor_log_severity(reason) >= exchange->request.log_from;
}

enum sspi_reason request_exchange_log(struct sspi_exchange *exchange, enum sspi_reason reason,
                                      SECURITY_STATUS status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    acceptor_log_write_list(next_entry(exchange), reason, status, format, arguments);
    va_end(arguments);
    if (request_count_status(reason) != 0)
        exchange->last_refusal = (struct request_refusal){reason, status};
    return reason;
}

bool request_exchange_has_credentials(const struct sspi_exchange *exchange)
{
    return exchange->request.authorization.data != NULL || exchange->request.several_authorizations;
}

/* Returns the reason for which the request ends. A status that is an error of the server always
 * leads to 500 or more, whatever reason the package set. If it set no reason, the token is
 * malformed. */
static enum sspi_reason find_reason(SECURITY_STATUS status, enum sspi_reason reason)
{
    switch (status) {
    case SEC_E_INSUFFICIENT_MEMORY:
    case SEC_E_INTERNAL_ERROR:
    case SEC_E_INVALID_HANDLE:
    case SEC_E_NO_CREDENTIALS:
        return request_count_status(reason) >= 500 ? reason : SSPI_REASON_INTERNAL;
    default:
        break;
    }
    if (reason == SSPI_REASON_NONE)
        return SSPI_REASON_MALFORMED_TOKEN;
    /* A package must never choose a reason that lets the request pass. */
    return request_count_status(reason) != 0 ? reason : SSPI_REASON_INTERNAL;
}

static enum sspi_reason refuse(struct sspi_exchange *exchange, enum sspi_reason reason,
                               SECURITY_STATUS status, const char *text)
{
    request_count_refusal(exchange->acceptor->state, reason);
    return request_exchange_log(exchange, reason, status, "%s",
                                *text == '\0' ? "no further detail" : text);
}

enum sspi_reason request_exchange_refuse(struct sspi_exchange *exchange, SECURITY_STATUS status,
                                         const struct sspi_error_info *error_info)
{
    return refuse(exchange, find_reason(status, error_info->reason), status, error_info->text);
}

/* A fault of the client is 401, because another attempt or another scheme may succeed. It is 400
 * only if the header breaks its grammar (RFC 9110 11.4, RFC 7616 3.4) or has the uri of another
 * resource (7616 3.4.6). The complete list is in docs/refusals.md. */
enum sspi_reason request_exchange_refuse_token(struct sspi_exchange *exchange,
                                               SECURITY_STATUS status,
                                               const struct sspi_error_info *error_info)
{
    enum sspi_reason reason = find_reason(status, error_info->reason);
    if (reason == SSPI_REASON_MALFORMED)
        reason = SSPI_REASON_MALFORMED_TOKEN;
    if (reason == SSPI_REASON_TOO_LARGE)
        reason = SSPI_REASON_TOO_LARGE_TOKEN;
    return refuse(exchange, reason, status, error_info->text);
}

bool request_exchange_start_reload(struct sspi_exchange *exchange, struct acceptor_source *source)
{
    if (exchange->reload_started || source == NULL)
        return false;
    exchange->reload_job = acceptor_source_check_changed_now(source, clock_machine_steady_ms());
    exchange->reload_started = exchange->reload_job != NULL;
    if (exchange->reload_started)
        exchange->need = SSPI_NEED_JOB;
    return exchange->reload_started;
}

enum sspi_reason request_exchange_out_of_memory(struct sspi_exchange *exchange)
{
    struct sspi_error_info error_info;
    return request_exchange_refuse(exchange, error_info_no_memory(&error_info), &error_info);
}

enum sspi_reason request_exchange_refuse_entity(struct sspi_exchange *exchange, uint64_t limit)
{
    const char *option =
        sspi_option_info(SSPI_OPTION_DIGEST_ENTITY_LIMIT)->name[exchange->acceptor->config.server];
    return request_exchange_log(exchange, SSPI_REASON_ENTITY_TOO_LARGE, SEC_E_OK,
                                "the body of an auth-int request has more than the %" PRIu64
                                " octets of %s",
                                limit, option);
}

struct acceptor_source *request_exchange_source(struct sspi_exchange *exchange,
                                                const struct sspi_policy *policy,
                                                enum sspi_option option)
{
    struct acceptor_source *source =
        acceptor_source_find(exchange->acceptor->sources, policy, option);
    if (source == NULL) {
        const char *directive = sspi_option_info(option)->name[exchange->acceptor->config.server];
        (void)request_exchange_log(
            exchange, SSPI_REASON_CONFIGURATION, SEC_E_OK,
            "no file was opened for %s at start: set %s where this request's policy "
            "holds, or in an outer scope",
            directive, directive);
    }
    return source;
}

static uint8_t mechanism_of(const struct package_info *info)
{
    if (info->mechanism == &kerberos_package)
        return SSPI_MECH_KERBEROS;
    return info->mechanism == &ntlm_package ? SSPI_MECH_NTLM : SSPI_MECH_NONE;
}

static bool is_foreign(const struct package_info *info)
{
    return info->mechanism == &kerberos_package &&
           strcmp(kerberos_name_realm(info->name), kerberos_name_realm(info->target)) != 0;
}

struct policy_identity request_exchange_borrow_identity(const struct package_info *info,
                                                        uint8_t scheme)
{
    return (struct policy_identity){
        .scheme = scheme,
        .mech = mechanism_of(info),
        .name = info->name,
        .realm = info->realm,
        .target = info->target,
        .mechanism = info->algorithm != NULL ? info->algorithm : info->mechanism->about.Name,
        .target_proven = info->target_proven,
        .channel = info->channel,
        .integrity = scheme == SSPI_SCHEME_DIGEST && (info->attributes & ASC_RET_INTEGRITY) != 0,
        .expiry_ms = info->expiry_ms,
        .user_sid = info->user_sid,
        .groups = info->groups.data,
        .groups_len = info->groups.len,
        .sam_name = info->sam_name,
        .upn = info->upn,
        .is_foreign = is_foreign(info),
    };
}

enum sspi_reason request_exchange_take_identity(struct sspi_exchange *exchange,
                                                struct package_context *context, uint8_t scheme)
{
    SECURITY_STATUS status = package_context_read_logon(context);
    const struct package_info *info = package_context_info(context);
    if (status == SEC_E_OK && info->name != NULL) {
        struct policy_identity identity = request_exchange_borrow_identity(info, scheme);
        exchange->users_generation = info->users_generation;
        exchange->logon_problem = info->logon_problem;
        request_delegated_unref(exchange->delegation.login);
        status = request_delegated_take(context, &exchange->delegation.login);
        if (status == SEC_E_OK && policy_identity_copy(&identity, &exchange->identity))
            return SSPI_REASON_NONE;
    }
    return request_exchange_log(exchange, SSPI_REASON_INTERNAL, SEC_E_INTERNAL_ERROR,
                                "an established context could not be read");
}

bool request_exchange_is_of_foreign_service(const struct sspi_exchange *exchange,
                                            const struct acceptor_source *keytab)
{
    const char *realm = kerberos_name_realm(exchange->identity.target);
    const char *ours = exchange->acceptor->default_realm;
    bool is_default = ours != NULL && strcmp(realm, ours) == 0;
    return !is_default && kerberos_keytab_has_other_realm(keytab->keytab, realm);
}

void sspi_exchange_end_entity(struct sspi_exchange *exchange)
{
    request_entity_end(&exchange->entity);
}

bool sspi_exchange_update_entity(struct sspi_exchange *exchange, const void *data, size_t len)
{
    return request_entity_update(&exchange->entity, data, len);
}

void sspi_exchange_set_hash(struct sspi_exchange *exchange, struct sspi_view hex)
{
    struct request_lookup *lookup = &exchange->lookup;
    if (lookup->state != REQUEST_LOOKUP_ASKED)
        return;
    lookup->state = hex.data != NULL && hex_decode(hex, lookup->hash_a1, sizeof(lookup->hash_a1))
                        ? REQUEST_LOOKUP_FOUND
                        : REQUEST_LOOKUP_UNKNOWN;
}
