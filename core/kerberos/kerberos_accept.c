/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_accept.h"

#include <gssapi/gssapi_ext.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "escape.h"
#include "kerberos_age.h"
#include "kerberos_ap_req.h"
#include "kerberos_delegation.h"
#include "kerberos_keys.h"
#include "kerberos_status.h"
#include "store_state.h"

#define SHOWN_SIZE 160

gss_buffer_desc kerberos_accept_buffer(struct sspi_view view)
{
    union {
        const char *in;
        void *out;
    } data = {.in = view.data};
    return (gss_buffer_desc){view.len, view.len > 0 ? data.out : NULL};
}

/* One gss_accept_sec_context() and what it gave. */
struct attempt {
    gss_ctx_id_t gss;
    gss_name_t client;
    gss_cred_id_t delegated; /* GSS_C_NO_CREDENTIAL: none, or not asked for */
    gss_buffer_desc token;
    OM_uint32 flags;
    OM_uint32 lifetime_s;
    OM_uint32 major;
    OM_uint32 minor;
};

static void attempt_clear(struct attempt *attempt)
{
    OM_uint32 minor;
    gss_delete_sec_context(&minor, &attempt->gss, GSS_C_NO_BUFFER);
    gss_release_name(&minor, &attempt->client);
    gss_release_cred(&minor, &attempt->delegated);
    gss_release_buffer(&minor, &attempt->token);
    *attempt = (struct attempt){0};
}

/* Everything one accept call works with. */
struct exchange {
    struct kerberos_credential *credential;
    const struct sspi_accept_input *in;
    struct sspi_report *report;
    uint64_t now_ms;
    struct kerberos_ap_req ap_req;
    struct attempt attempt;
    size_t binding; /* index of the alternative that the attempt was made with */
    enum sspi_bound bound;
};

static void exchange_clear(struct exchange *exchange)
{
    attempt_clear(&exchange->attempt);
}

static void attempt_run(struct attempt *attempt, gss_cred_id_t gss,
                        const struct sspi_accept_input *in,
                        const struct sspi_channel_binding *binding)
{
    struct gss_channel_bindings_struct bindings = {0};
    if (binding != NULL) {
        bindings.initiator_addrtype = binding->initiator_type;
        bindings.initiator_address = kerberos_accept_buffer(binding->initiator);
        bindings.acceptor_addrtype = binding->acceptor_type;
        bindings.acceptor_address = kerberos_accept_buffer(binding->acceptor);
        bindings.application_data = kerberos_accept_buffer(binding->application);
    }
    gss_buffer_desc input = kerberos_accept_buffer(in->token);
    attempt_clear(attempt);
    /* Who does not ask for delegated credentials gets none, whatever the client sends. */
    bool delegate = (in->requirements & ASC_REQ_DELEGATE) != 0;
    attempt->major =
        gss_accept_sec_context(&attempt->minor, &attempt->gss, gss, &input,
                               binding != NULL ? &bindings : GSS_C_NO_CHANNEL_BINDINGS,
                               &attempt->client, NULL, &attempt->token, &attempt->flags,
                               &attempt->lifetime_s, delegate ? &attempt->delegated : NULL);
}

/* Tries alternatives first … end - 1 until one is not refused for its binding; without bindings
 * once. Sets exchange->attempt; the status is about the credential only. */
static SECURITY_STATUS try_bindings(struct exchange *exchange, enum kerberos_replay_cache cache,
                                    size_t first, size_t end)
{
    struct kerberos_acceptor *acceptor = NULL;
    SECURITY_STATUS st = kerberos_credential_lend(exchange->credential, cache, exchange->now_ms,
                                                  &acceptor, exchange->report);
    if (st != SEC_E_OK)
        return st;
    const struct sspi_accept_input *in = exchange->in;
    size_t i = first;
    do {
        exchange->binding = i;
        attempt_run(&exchange->attempt, acceptor->gss, in, i < end ? &in->bindings[i] : NULL);
        i++;
    } while (i < end && GSS_ROUTINE_ERROR(exchange->attempt.major) == GSS_S_BAD_BINDINGS);
    kerberos_credential_return(exchange->credential, acceptor);
    return SEC_E_OK;
}

/* What the client said stands in the authenticator, which costs as much again as half an accept to
 * read. */
static SECURITY_STATUS read_claim(struct exchange *exchange, enum binding_claim *ret_claim)
{
    struct kerberos_acceptor *acceptor = NULL;
    SECURITY_STATUS st = kerberos_credential_lend(exchange->credential, KERBEROS_REPLAY_CACHE_NONE,
                                                  exchange->now_ms, &acceptor, exchange->report);
    if (st != SEC_E_OK)
        return st;
    bool read = kerberos_credential_claim(acceptor, exchange->ap_req.message, ret_claim);
    kerberos_credential_return(exchange->credential, acceptor);
    if (read)
        return SEC_E_OK;
    return report_refuse(exchange->report, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                         "the channel that the ticket's authenticator names cannot be read");
}

/* No alternative fits: MIT says the same to a client of another channel and to one that says it has
 * none. */
static SECURITY_STATUS refuse_binding(struct exchange *exchange)
{
    enum binding_claim claim;
    SECURITY_STATUS st = read_claim(exchange, &claim);
    return st == SEC_E_OK ? binding_policy_refuse(claim, exchange->report) : st;
}

static SECURITY_STATUS judge_attempt(struct exchange *exchange)
{
    const struct attempt *attempt = &exchange->attempt;
    if (attempt->major == GSS_S_COMPLETE)
        return SEC_E_OK;
    if (attempt->major == GSS_S_CONTINUE_NEEDED)
        return report_refuse(exchange->report, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                             "the client wants DCE's three legs; only one is supported");
    if (GSS_ROUTINE_ERROR(attempt->major) == GSS_S_BAD_BINDINGS)
        return refuse_binding(exchange);
    return kerberos_status_from_accept(attempt->major, attempt->minor, &exchange->ap_req,
                                       kerberos_credential_keytab(exchange->credential),
                                       exchange->report);
}

/* Nothing was compared. */
static SECURITY_STATUS judge_claim(struct exchange *exchange)
{
    const struct sspi_accept_input *in = exchange->in;
    enum binding_claim claim;
    if ((in->requirements & ASC_REQ_PROXY_BINDINGS) == 0 && !in->tells_binding)
        return SEC_E_OK;
    SECURITY_STATUS st = read_claim(exchange, &claim);
    if (st != SEC_E_OK)
        return st;
    return binding_policy_judge(NULL, claim, NULL, in, &exchange->bound, exchange->report);
}

/* A client that speaks through our channel but did not say so is refused, unless that is allowed.
 */
static SECURITY_STATUS check_bound(struct exchange *exchange)
{
    const struct sspi_accept_input *in = exchange->in;
    if (in->n_bindings == 0)
        return judge_claim(exchange);
    bool bound = (exchange->attempt.flags & GSS_C_CHANNEL_BOUND_FLAG) != 0;
    exchange->bound = bound ? SSPI_BOUND_MATCHED : SSPI_BOUND_ABSENT;
    if (bound || (in->requirements & ASC_REQ_ALLOW_MISSING_BINDINGS) != 0)
        return SEC_E_OK;
    return binding_policy_refuse(BINDING_CLAIM_SILENT, exchange->report);
}

static bool is_anonymous(const struct sspi_context_info *info)
{
    static const char prefix[] = "WELLKNOWN/ANONYMOUS@";
    return (info->attributes & ASC_RET_NULL_SESSION) != 0 ||
           strncmp(info->name, prefix, sizeof prefix - 1) == 0;
}

/* Refuses a token that was granted before. Comes last, so that what is recorded is a token that
 * would have been let in. */
static SECURITY_STATUS check_replay(struct exchange *exchange)
{
    struct sspi_state *state = kerberos_credential_state(exchange->credential);
    if (state == NULL)
        return SEC_E_OK;
    const struct sspi_keytab *keytab = kerberos_credential_keytab(exchange->credential);
    /* RFC 4120 3.2.3: an authenticator is good from clockskew before to clockskew after its time.
     */
    uint64_t lifetime_ms = (uint64_t)kerberos_keys_clockskew_s(keytab) * 2 * 1000;
    const struct sspi_clock *clock = clock_machine();
    switch (store_replay_check(state, exchange->ap_req.cipher, store_state_time_ms(state, clock),
                               lifetime_ms)) {
    case STORE_REPLAY_FRESH:
        return SEC_E_OK;
    case STORE_REPLAY_FULL: {
        SECURITY_STATUS st = try_bindings(exchange, KERBEROS_REPLAY_CACHE_MIT, exchange->binding,
                                          exchange->in->n_bindings > 0 ? exchange->binding + 1 : 0);
        if (st == SEC_E_OK)
            st = judge_attempt(exchange);
        if (st == SEC_E_OK)
            st = check_bound(exchange);
        return st;
    }
    case STORE_REPLAY_SEEN:
    default:
        return report_refuse(exchange->report, SEC_E_LOGON_DENIED, SSPI_REASON_REPLAY,
                             "replay: this token was used before");
    }
}

static ULONG attributes_from_flags(OM_uint32 flags)
{
    /* Delegation comes when the credentials are kept. */
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
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++) {
        if ((flags & map[i].gss) != 0)
            attributes |= map[i].sspi;
    }
    return attributes;
}

/* What follows the last '@': a realm has none, and one within a name has a backslash before it but
 * comes earlier. */
static const char *realm_of(const char *name)
{
    const char *at = strrchr(name, '@');
    return at != NULL ? at + 1 : "";
}

static SECURITY_STATUS set_name(struct exchange *exchange, struct sspi_context_info *info)
{
    OM_uint32 minor;
    gss_buffer_desc name = GSS_C_EMPTY_BUFFER;
    bool told = gss_display_name(&minor, exchange->attempt.client, &name, NULL) == GSS_S_COMPLETE &&
                name.length > 0 && memchr(name.value, '\0', name.length) == NULL;
    if (told)
        info->name = strndup(name.value, name.length);
    gss_release_buffer(&minor, &name);
    if (!told)
        return report_refuse(exchange->report, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                             "the client's name cannot be told");
    if (info->name != NULL) {
        info->realm = strdup(realm_of(info->name));
        info->target = strdup(exchange->ap_req.principal);
    }
    if (info->name == NULL || info->realm == NULL || info->target == NULL)
        return report_refuse(exchange->report, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_INTERNAL,
                             "no memory");
    return SEC_E_OK;
}

static SECURITY_STATUS set_info(struct exchange *exchange, struct sspi_context_info *info)
{
    const struct attempt *attempt = &exchange->attempt;
    const struct sspi_keytab *keytab = kerberos_credential_keytab(exchange->credential);
    SECURITY_STATUS st = set_name(exchange, info);
    if (st != SEC_E_OK)
        return st;
    info->mechanism = &kerberos_package;
    info->attributes = attributes_from_flags(attempt->flags);
    info->start_ms = exchange->now_ms;
    /* MIT adds the clock skew to what is left of the ticket. */
    uint64_t skewed_end_ms = exchange->now_ms + (uint64_t)attempt->lifetime_s * 1000;
    info->expiry_ms = skewed_end_ms - (uint64_t)kerberos_keys_clockskew_s(keytab) * 1000;
    info->bound = exchange->bound;
    if (is_anonymous(info) && (exchange->in->requirements & ASC_REQ_ALLOW_NULL_SESSION) == 0)
        return report_refuse(exchange->report, SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS,
                             "anonymous Kerberos principals are refused");
    return SEC_E_OK;
}

/* Behind everything that can refuse the client. */
static SECURITY_STATUS keep_delegated(struct exchange *exchange, struct sspi_context_info *info)
{
    if (exchange->attempt.delegated == GSS_C_NO_CREDENTIAL)
        return SEC_E_OK;
    if (!kerberos_delegation_keep(exchange->attempt.delegated, &info->ccache))
        return report_refuse(exchange->report, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_INTERNAL,
                             "the client's delegated tickets cannot be kept");
    info->attributes |= ASC_RET_DELEGATE;
    return SEC_E_OK;
}

static SECURITY_STATUS read_token(struct exchange *exchange)
{
    struct sspi_report *report = exchange->report;
    struct sspi_view token = exchange->in->token;
    if (token.len > SSPI_TOKEN_LIMIT)
        return report_refuse(report, SEC_E_INVALID_TOKEN, SSPI_REASON_TOO_LARGE,
                             "a Kerberos token of %zu bytes; at most %d are taken", token.len,
                             SSPI_TOKEN_LIMIT);
    switch (kerberos_ap_req_parse(token, &exchange->ap_req)) {
    case KERBEROS_AP_REQ_OK:
        break;
    case KERBEROS_AP_REQ_OTHER_MECHANISM:
        return report_refuse(report, SEC_E_INVALID_TOKEN, SSPI_REASON_MECHANISM,
                             "the token is not Kerberos");
    case KERBEROS_AP_REQ_MALFORMED:
    default:
        return report_refuse(report, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED,
                             "malformed Kerberos token of %zu bytes", token.len);
    }
    struct sspi_view principal = bytes_view(exchange->ap_req.principal);
    if (kerberos_credential_accepts(exchange->credential, principal))
        return SEC_E_OK;
    BYTES_CLEANUP struct bytes accepted = {0};
    char shown[SHOWN_SIZE];
    kerberos_credential_list(exchange->credential, &accepted);
    return report_refuse(report, SEC_E_WRONG_PRINCIPAL, SSPI_REASON_WRONG_SERVICE,
                         "the ticket is for %s; accepted is %.*s",
                         escape_text(shown, sizeof shown, principal),
                         (int)bytes_as_view(&accepted).len, bytes_as_view(&accepted).data);
}

/* From a token to a client that may be let in. */
static SECURITY_STATUS authenticate(struct exchange *exchange, struct sspi_context_info *info)
{
    size_t n_bindings = exchange->in->n_bindings;
    bool shared = kerberos_credential_state(exchange->credential) != NULL;
    SECURITY_STATUS st = read_token(exchange);
    if (st != SEC_E_OK)
        return st;
    /* MIT's cache records a token before its binding is compared, so alternatives are told apart
     * without it, and the one that fits is then tried again with it. */
    bool twice = !shared && n_bindings > 1;
    enum kerberos_replay_cache cache =
        shared || twice ? KERBEROS_REPLAY_CACHE_NONE : KERBEROS_REPLAY_CACHE_MIT;
    st = try_bindings(exchange, cache, 0, n_bindings);
    if (st == SEC_E_OK)
        st = judge_attempt(exchange);
    if (st == SEC_E_OK && twice) {
        st = try_bindings(exchange, KERBEROS_REPLAY_CACHE_MIT, exchange->binding,
                          exchange->binding + 1);
        if (st == SEC_E_OK)
            st = judge_attempt(exchange);
    }
    if (st == SEC_E_OK)
        st = check_bound(exchange);
    if (st == SEC_E_OK)
        st = set_info(exchange, info);
    if (st == SEC_E_OK)
        st = kerberos_age_check(exchange->credential, exchange->ap_req.message, exchange->now_ms,
                                exchange->report);
    if (st == SEC_E_OK)
        st = check_replay(exchange);
    if (st == SEC_E_OK)
        st = keep_delegated(exchange, info);
    return st;
}

static void put_token(struct sspi_accept_output *out, const gss_buffer_desc *token)
{
    if (token->length == 0)
        return;
    bytes_append(&out->tokens[0], token->value, token->length);
    out->n_tokens = 1;
}

SECURITY_STATUS kerberos_accept_run(struct kerberos_credential *credential,
                                    const struct sspi_accept_input *in,
                                    struct sspi_accept_output *out, gss_ctx_id_t *ret_gss,
                                    struct sspi_context_info *info)
{
    const struct sspi_clock *clock = clock_machine();
    __attribute__((cleanup(exchange_clear))) struct exchange exchange = {
        .credential = credential,
        .in = in,
        .report = out->report,
        .now_ms = clock->now_ms(clock->self),
    };
    SECURITY_STATUS st = authenticate(&exchange, info);
    if (st != SEC_E_OK) {
        /* A KRB-ERROR tells the client why. Never the AP-REP of an accept that was refused later.
         */
        if (exchange.attempt.major != GSS_S_COMPLETE &&
            exchange.attempt.major != GSS_S_CONTINUE_NEEDED &&
            (in->requirements & ASC_REQ_EXTENDED_ERROR) != 0)
            put_token(out, &exchange.attempt.token);
        return st;
    }
    put_token(out, &exchange.attempt.token);
    if (out->tokens[0].failed)
        return report_refuse(out->report, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_INTERNAL,
                             "no memory");
    *ret_gss = exchange.attempt.gss;
    exchange.attempt.gss = GSS_C_NO_CONTEXT;
    return SEC_E_OK;
}
