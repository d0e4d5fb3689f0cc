/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_verify.h"

#include <stdlib.h>
#include <string.h>

#include "kerberos_gss.h"
#include "error_info.h"
#include "service_name.h"

static void result_clear(struct kerberos_gss_result *result)
{
    OM_uint32 minor;
    gss_delete_sec_context(&minor, &result->gss, GSS_C_NO_BUFFER);
    gss_release_name(&minor, &result->client);
    gss_release_cred(&minor, &result->delegated);
    gss_release_buffer(&minor, &result->token);
    *result = (struct kerberos_gss_result){0};
}

void kerberos_exchange_clear(struct kerberos_exchange *exchange)
{
    result_clear(&exchange->result);
    free(exchange->service);
}

static void call_gss_accept(struct kerberos_gss_result *result, gss_cred_id_t gss,
                            const struct package_input *in,
                            const struct package_channel_binding *binding)
{
    struct gss_channel_bindings_struct bindings = {0};
    if (binding != NULL) {
        bindings.initiator_addrtype = binding->initiator_type;
        bindings.initiator_address = kerberos_gss_buffer(binding->initiator);
        bindings.acceptor_addrtype = binding->acceptor_type;
        bindings.acceptor_address = kerberos_gss_buffer(binding->acceptor);
        bindings.application_data = kerberos_gss_buffer(binding->application);
    }
    gss_buffer_desc input = kerberos_gss_buffer(in->token);
    result_clear(result);
    /* Without ASC_REQ_DELEGATE, the caller gets no delegated credentials, even if the client sends
     * some. */
    bool delegate = (in->requirements & ASC_REQ_DELEGATE) != 0;
    result->major = gss_accept_sec_context(
        &result->minor, &result->gss, gss, &input,
        binding != NULL ? &bindings : GSS_C_NO_CHANNEL_BINDINGS, &result->client, NULL,
        &result->token, &result->flags, &result->lifetime_s, delegate ? &result->delegated : NULL);
}

static const struct package_channel_binding *binding_at(const struct kerberos_exchange *exchange,
                                                        size_t i)
{
    return i != KERBEROS_VERIFY_NO_BINDING ? &exchange->bindings[i] : NULL;
}

/* If all keys are for one principal, and one of them decrypted the ticket, copies that
 * principal. */
static SECURITY_STATUS copy_only_service(struct kerberos_exchange *exchange, const char *only)
{
    if (only == NULL || exchange->result.major != GSS_S_COMPLETE || exchange->service != NULL)
        return SEC_E_OK;
    exchange->service = strdup(only);
    return exchange->service != NULL ? SEC_E_OK : error_info_no_memory(exchange->error_info);
}

/* Gives the token to MIT with one binding. exchange->result holds MIT's answer. The returned status
 * is only about the call. */
static SECURITY_STATUS try_binding(struct kerberos_exchange *exchange,
                                   enum kerberos_replay_cache cache, size_t i)
{
    struct kerberos_acceptor *acceptor = NULL;
    SECURITY_STATUS status = kerberos_credential_acquire(
        exchange->credential, cache, exchange->now_ms, &acceptor, exchange->error_info);
    if (status != SEC_E_OK)
        return status;
    exchange->binding = i;
    call_gss_accept(&exchange->result, acceptor->gss, exchange->in, binding_at(exchange, i));
    status = copy_only_service(exchange, kerberos_credential_only_service(acceptor));
    kerberos_credential_release(exchange->credential, acceptor);
    return status;
}

static bool is_bad_binding(const struct kerberos_exchange *exchange)
{
    return GSS_ROUTINE_ERROR(exchange->result.major) == GSS_S_BAD_BINDINGS;
}

/* Tries the bindings one after the other, until MIT no longer refuses the token for its binding. */
static SECURITY_STATUS try_bindings(struct kerberos_exchange *exchange)
{
    if (exchange->n_bindings == 0)
        return try_binding(exchange, KERBEROS_REPLAY_CACHE_NONE, KERBEROS_VERIFY_NO_BINDING);
    SECURITY_STATUS status = SEC_E_OK;
    for (size_t i = 0; i < exchange->n_bindings && status == SEC_E_OK; i++) {
        status = try_binding(exchange, KERBEROS_REPLAY_CACHE_NONE, i);
        if (status == SEC_E_OK && !is_bad_binding(exchange))
            break;
    }
    return status;
}

/* The credential has keys only for its own services. If no key decrypts the ticket, and the ticket
 * names another service, the reason is the service. */
static SECURITY_STATUS explain_key(const struct kerberos_exchange *exchange, SECURITY_STATUS status)
{
    const struct binding_facts facts = {.service = bytes_view(exchange->ap_req.principal),
                                        .service_proven = true};
    enum sspi_reason reason = exchange->error_info->reason;
    if ((reason != SSPI_REASON_NO_KEY && reason != SSPI_REASON_BAD_KEY) ||
        service_name_accepts_principal(facts.service, exchange->rules.services,
                                       exchange->rules.n_services))
        return status;
    return binding_check_refuse_service(&exchange->rules, &facts, exchange->error_info);
}

/* Translates MIT's status if it is not about bindings. */
static SECURITY_STATUS check_result(struct kerberos_exchange *exchange)
{
    const struct kerberos_gss_result *result = &exchange->result;
    if (result->major == GSS_S_COMPLETE)
        return SEC_E_OK;
    if (result->major == GSS_S_CONTINUE_NEEDED)
        return error_info_refuse(
            exchange->error_info, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
            "the client wants the three legs of DCE RPC; only one leg is supported");
    SECURITY_STATUS status = kerberos_gss_accept_status(
        result->major, result->minor, &exchange->ap_req,
        kerberos_credential_keytab(exchange->credential), exchange->error_info);
    return explain_key(exchange, status);
}

SECURITY_STATUS kerberos_verify_read_authenticator(struct kerberos_exchange *exchange)
{
    struct kerberos_acceptor *acceptor = NULL;
    if (exchange->has_authenticator)
        return SEC_E_OK;
    SECURITY_STATUS status =
        kerberos_credential_acquire(exchange->credential, KERBEROS_REPLAY_CACHE_NONE,
                                    exchange->now_ms, &acceptor, exchange->error_info);
    if (status != SEC_E_OK)
        return status;
    exchange->has_authenticator = kerberos_credential_authenticator(
        acceptor, exchange->ap_req.message, &exchange->authenticator);
    kerberos_credential_release(exchange->credential, acceptor);
    if (exchange->has_authenticator)
        return SEC_E_OK;
    return error_info_refuse(exchange->error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                             "the ticket's authenticator cannot be read");
}

SECURITY_STATUS kerberos_verify_pac(struct kerberos_exchange *exchange)
{
    struct kerberos_acceptor *acceptor = NULL;
    SECURITY_STATUS status =
        kerberos_credential_acquire(exchange->credential, KERBEROS_REPLAY_CACHE_NONE,
                                    exchange->now_ms, &acceptor, exchange->error_info);
    if (status != SEC_E_OK)
        return status;
    exchange->has_signed_pac = kerberos_credential_signed_pac(acceptor, exchange->ap_req.ticket);
    kerberos_credential_release(exchange->credential, acceptor);
    return SEC_E_OK;
}

static SECURITY_STATUS read_channel(struct kerberos_exchange *exchange)
{
    SECURITY_STATUS status = kerberos_verify_read_authenticator(exchange);
    if (status == SEC_E_OK)
        exchange->channel = exchange->authenticator.channel;
    return status;
}

/* MIT accepted the token with a binding, so the client named that binding, or no binding. */
static SECURITY_STATUS set_channel(struct kerberos_exchange *exchange)
{
    uint8_t hash[PACKAGE_CHANNEL_HASH_LEN];
    exchange->channel.client = PACKAGE_CLIENT_BINDING_ABSENT;
    if ((exchange->result.flags & GSS_C_CHANNEL_BOUND_FLAG) == 0)
        return SEC_E_OK;
    if (!binding_channel_hash(binding_at(exchange, exchange->binding),
                              kerberos_credential_hashes(exchange->credential), hash))
        return binding_check_no_md5(exchange->error_info);
    exchange->channel = binding_channel_from_hash(hash);
    return SEC_E_OK;
}

/* MIT gives the same status for a client of another channel and for a client that says "no TLS".
 * The rules may accept either of them, so MIT gets the token again without a binding. */
static SECURITY_STATUS read_refused_channel(struct kerberos_exchange *exchange)
{
    SECURITY_STATUS status = read_channel(exchange);
    if (status != SEC_E_OK)
        return status;
    if (exchange->channel.client == PACKAGE_CLIENT_BINDING_ABSENT)
        return error_info_refuse(
            exchange->error_info, SEC_E_BAD_BINDINGS, SSPI_REASON_BAD_BINDING,
            "MIT Kerberos refuses a channel binding, but the client names no channel");
    return try_binding(exchange, KERBEROS_REPLAY_CACHE_NONE, KERBEROS_VERIFY_NO_BINDING);
}

/* Finds what the client said about its channel. */
static SECURITY_STATUS find_channel(struct kerberos_exchange *exchange)
{
    SECURITY_STATUS status = try_bindings(exchange);
    if (status != SEC_E_OK)
        return status;
    if (is_bad_binding(exchange)) {
        status = read_refused_channel(exchange);
        return status == SEC_E_OK ? check_result(exchange) : status;
    }
    status = check_result(exchange);
    if (status != SEC_E_OK)
        return status;
    if (exchange->n_bindings > 0)
        return set_channel(exchange);
    return exchange->in->reads_client_binding || exchange->rules.end == BINDING_END_UNKNOWN
               ? read_channel(exchange)
               : SEC_E_OK;
}

/* If there is no candidate, MIT compares with this placeholder. MIT accepts a client that says
 * nothing about its channel, and refuses any other client. A client that names the placeholder
 * gains nothing, because the placeholder is not a candidate. */
static const struct package_channel_binding placeholder = {.application = {"sspi-probe:", 11}};

static void choose_bindings(struct kerberos_exchange *exchange)
{
    const struct binding_rules *rules = &exchange->rules;
    if (rules->mode == BINDING_MODE_NONE || rules->end != BINDING_END_KNOWN)
        return;
    exchange->bindings = rules->n_bindings > 0 ? rules->bindings : &placeholder;
    exchange->n_bindings = rules->n_bindings > 0 ? rules->n_bindings : 1;
}

/* MIT's own cache records the token before MIT compares bindings. So this is the last call, and it
 * uses the binding that matches. */
SECURITY_STATUS kerberos_verify_record(struct kerberos_exchange *exchange)
{
    SECURITY_STATUS status = try_binding(exchange, KERBEROS_REPLAY_CACHE_MIT, exchange->binding);
    return status == SEC_E_OK ? check_result(exchange) : status;
}

SECURITY_STATUS kerberos_verify_client(struct kerberos_exchange *exchange)
{
    choose_bindings(exchange);
    return find_channel(exchange);
}
