/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_accept.h"

#include <string.h>

#include "clock.h"
#include "error_info.h"
#include "escape.h"
#include "kerberos_verify.h"
#include "kerberos_delegation.h"
#include "kerberos_keys.h"
#include "kerberos_name.h"
#include "kerberos_replay.h"

/* Finds the keytab entry whose key decrypted the ticket. The service name in the ticket is clear
 * text, which an attacker can change. This call of MIT costs a third of an accept. */
static SECURITY_STATUS find_service(struct kerberos_exchange *exchange)
{
    OM_uint32 minor;
    gss_name_t target = GSS_C_NO_NAME;
    gss_buffer_desc name = GSS_C_EMPTY_BUFFER;
    if (exchange->service != NULL)
        return SEC_E_OK;
    bool found = gss_inquire_context(&minor, exchange->result.gss, NULL, &target, NULL, NULL, NULL,
                                     NULL, NULL) == GSS_S_COMPLETE &&
                 gss_display_name(&minor, target, &name, NULL) == GSS_S_COMPLETE &&
                 memchr(name.value, '\0', name.length) == NULL;
    if (found)
        exchange->service = strndup(name.value, name.length);
    gss_release_buffer(&minor, &name);
    gss_release_name(&minor, &target);
    if (!found)
        return error_info_refuse(exchange->error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                                 "the service whose key decrypted the ticket cannot be determined");
    if (exchange->service == NULL)
        return error_info_no_memory(exchange->error_info);
    return SEC_E_OK;
}

/* Checks channel and service. The service is proven, because its key decrypted the ticket. */
static SECURITY_STATUS decide(struct kerberos_exchange *exchange)
{
    const struct binding_facts facts = {
        .channel = exchange->channel,
        .service = bytes_view(exchange->service),
        .service_proven = true,
    };
    return binding_check(&exchange->rules, &facts, kerberos_credential_hashes(exchange->credential),
                         &exchange->bound, exchange->error_info);
}

static bool is_anonymous(const struct package_info *info)
{
    static const char prefix[] = "WELLKNOWN/ANONYMOUS@";
    return (info->attributes & ASC_RET_NULL_SESSION) != 0 ||
           strncmp(info->name, prefix, sizeof(prefix) - 1) == 0;
}

static ULONG attributes_from_flags(OM_uint32 flags)
{
    /* ASC_RET_DELEGATE is set later, when the delegated credentials are stored. */
    static const struct {
        OM_uint32 gss;
        ULONG sspi;
    } map[] = {
        {GSS_C_MUTUAL_FLAG, ASC_RET_MUTUAL_AUTH},
        {GSS_C_REPLAY_FLAG, ASC_RET_REPLAY_DETECT},
        {GSS_C_SEQUENCE_FLAG, ASC_RET_SEQUENCE_DETECT},
        {GSS_C_CONF_FLAG, ASC_RET_CONFIDENTIALITY},
        {GSS_C_INTEG_FLAG, ASC_RET_INTEGRITY},
        {GSS_C_ANON_FLAG, ASC_RET_NULL_SESSION},
        {GSS_C_IDENTIFY_FLAG, ASC_RET_IDENTIFY},
        {GSS_C_EXTENDED_ERROR_FLAG, ASC_RET_EXTENDED_ERROR},
    };
    ULONG attributes = 0;
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if ((flags & map[i].gss) != 0)
            attributes |= map[i].sspi;
    }
    return attributes;
}

/* `whose` begins the error text: it says which name is refused. */
static SECURITY_STATUS refuse_name(const char *whose, struct sspi_view name,
                                   struct sspi_error_info *error_info)
{
    char shown[ESCAPE_NAME_SIZE];
    return error_info_refuse(error_info, SEC_E_LOGON_DENIED, SSPI_REASON_BAD_NAME,
                             "%s is %s, which holds a control character or is not UTF-8", whose,
                             escape_text(shown, sizeof(shown), name));
}

static SECURITY_STATUS set_name(struct kerberos_exchange *exchange, struct package_info *info)
{
    OM_uint32 minor;
    gss_buffer_desc name = GSS_C_EMPTY_BUFFER;
    bool found = gss_display_name(&minor, exchange->result.client, &name, NULL) == GSS_S_COMPLETE &&
                 name.length > 0 && memchr(name.value, '\0', name.length) == NULL;
    if (found)
        info->name = strndup(name.value, name.length);
    gss_release_buffer(&minor, &name);
    if (!found)
        return error_info_refuse(exchange->error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                                 "the client's name cannot be determined");
    if (info->name != NULL && !kerberos_name_is_clean(bytes_view(info->name)))
        return refuse_name("the client's principal", bytes_view(info->name), exchange->error_info);
    if (info->name != NULL) {
        info->realm = strdup(kerberos_name_realm(info->name));
        info->target = exchange->service;
        info->target_proven = true;
        exchange->service = NULL;
    }
    if (info->name == NULL || info->realm == NULL)
        return error_info_no_memory(exchange->error_info);
    return SEC_E_OK;
}

/* MIT adds the clock skew to the rest of the ticket's lifetime, and counts from whole seconds. The
 * clock was read before MIT read it, so the result is the end of the ticket or one second before
 * that. MIT reads a changed clockskew at once, but this package reads it with the keytab. */
static uint64_t end_of_ticket_ms(const struct kerberos_exchange *exchange)
{
    struct sspi_keytab *keytab = kerberos_credential_keytab(exchange->credential);
    uint64_t skewed_end_s = exchange->now_ms / 1000 + exchange->result.lifetime_s;
    return (skewed_end_s - kerberos_keys_clockskew_s(kerberos_keytab_keys(keytab))) * 1000;
}

static SECURITY_STATUS set_info(struct kerberos_exchange *exchange, struct package_info *info)
{
    const struct kerberos_gss_result *result = &exchange->result;
    SECURITY_STATUS status = set_name(exchange, info);
    if (status != SEC_E_OK)
        return status;
    info->mechanism = &kerberos_package;
    info->attributes = attributes_from_flags(result->flags);
    info->start_ms = exchange->now_ms;
    info->expiry_ms = end_of_ticket_ms(exchange);
    info->channel = exchange->channel;
    info->bound = exchange->bound;
    if (exchange->in->keeps_evidence)
        bytes_append_view(&info->evidence, exchange->ap_req.ticket);
    if (info->evidence.failed)
        return error_info_no_memory(exchange->error_info);
    if (is_anonymous(info) && (exchange->in->requirements & ASC_REQ_ALLOW_NULL_SESSION) == 0)
        return error_info_refuse(exchange->error_info, SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS,
                                 "anonymous Kerberos principals are refused");
    return SEC_E_OK;
}

/* Runs after every check that can refuse the client. */
static SECURITY_STATUS keep_delegated(struct kerberos_exchange *exchange, struct package_info *info)
{
    if (exchange->result.delegated == GSS_C_NO_CREDENTIAL)
        return SEC_E_OK;
    if (!kerberos_delegation_store(exchange->result.delegated, &info->ccache))
        return error_info_refuse(exchange->error_info, SEC_E_INSUFFICIENT_MEMORY,
                                 SSPI_REASON_INTERNAL,
                                 "the client's delegated tickets cannot be stored");
    info->attributes |= ASC_RET_DELEGATE;
    return SEC_E_OK;
}

static SECURITY_STATUS read_token(struct kerberos_exchange *exchange)
{
    struct sspi_error_info *error_info = exchange->error_info;
    struct sspi_view token = exchange->in->token;
    if (token.len > PACKAGE_TOKEN_LIMIT)
        return error_info_refuse(error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_TOO_LARGE,
                                 "the Kerberos token has %zu bytes; at most %d are accepted",
                                 token.len, PACKAGE_TOKEN_LIMIT);
    switch (kerberos_ap_req_parse(token, &exchange->ap_req)) {
    case KERBEROS_AP_REQ_OK:
        break;
    case KERBEROS_AP_REQ_OTHER_MECHANISM:
        return error_info_refuse(error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_NOT_OFFERED,
                                 "the token is not Kerberos");
    case KERBEROS_AP_REQ_BAD_NAME:
        return refuse_name("the ticket's service", bytes_view(exchange->ap_req.principal),
                           error_info);
    case KERBEROS_AP_REQ_MALFORMED:
    default:
        return error_info_refuse(error_info, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                                 "the Kerberos token of %zu bytes is malformed", token.len);
    }
    return SEC_E_OK;
}

/* Runs all checks of a token, in the order of the header. */
static SECURITY_STATUS authenticate(struct kerberos_exchange *exchange, struct package_info *info)
{
    SECURITY_STATUS status = read_token(exchange);
    if (status == SEC_E_OK)
        status = kerberos_verify_client(exchange);
    if (status == SEC_E_OK)
        status = find_service(exchange);
    if (status == SEC_E_OK)
        status = decide(exchange);
    if (status == SEC_E_OK)
        status = set_info(exchange, info);
    if (status == SEC_E_OK)
        status = kerberos_replay_check(exchange);
    if (status == SEC_E_OK)
        status = kerberos_verify_pac(exchange);
    if (status == SEC_E_OK)
        status = keep_delegated(exchange, info);
    return status;
}

static void put_token(struct package_output *out, const gss_buffer_desc *token)
{
    if (token->length == 0)
        return;
    bytes_append(&out->tokens[0], token->value, token->length);
    out->n_tokens = 1;
}

SECURITY_STATUS kerberos_accept_run(struct kerberos_credential *credential,
                                    const struct package_input *in, struct package_output *out,
                                    gss_ctx_id_t *ret_gss, gss_name_t *ret_client,
                                    struct package_info *info)
{
    const struct clock *clock = clock_machine();
    __attribute__((cleanup(kerberos_exchange_clear))) struct kerberos_exchange exchange = {
        .credential = credential,
        .in = in,
        .rules = binding_rules_of(in),
        .error_info = out->error_info,
        .now_ms = clock->now_ms(clock->self),
        .binding = KERBEROS_VERIFY_NO_BINDING,
    };
    exchange.rules.services = kerberos_credential_services(credential, &exchange.rules.n_services);
    SECURITY_STATUS status = authenticate(&exchange, info);
    if (status != SEC_E_OK) {
        /* Sends MIT's KRB-ERROR, but never the AP-REP of a token that was refused later. */
        if (exchange.result.major != GSS_S_COMPLETE &&
            exchange.result.major != GSS_S_CONTINUE_NEEDED &&
            (in->requirements & ASC_REQ_EXTENDED_ERROR) != 0)
            put_token(out, &exchange.result.token);
        return status;
    }
    put_token(out, &exchange.result.token);
    if (out->tokens[0].failed)
        return error_info_no_memory(out->error_info);
    *ret_gss = exchange.result.gss;
    exchange.result.gss = GSS_C_NO_CONTEXT;
    if (exchange.has_signed_pac) {
        *ret_client = exchange.result.client;
        exchange.result.client = GSS_C_NO_NAME;
    } else {
        info->logon_problem = KERBEROS_NO_SIGNED_PAC;
    }
    return SEC_E_OK;
}
