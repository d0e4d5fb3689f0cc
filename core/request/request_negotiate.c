/* SPDX-License-Identifier: Apache-2.0 */
#include "request_negotiate.h"

#include <string.h>

#include "base64.h"
#include "clock.h"
#include "field.h"
#include "kerberos_keytab.h"
#include "kerberos_name.h"
#include "request_accept.h"
#include "request_bindings.h"
#include "request_count.h"
#include "request_login.h"
#include "request_wait.h"
#include "error_info.h"

#define ACCEPT_CLEANUP __attribute__((cleanup(request_accept_clear)))

/* Text that breaks the grammar of credentials (RFC 9110 11.4) is 400. */
static enum sspi_reason refuse_text(struct sspi_exchange *exchange, struct sspi_view text)
{
    struct sspi_error_info error_info;
    /* httpd joins two header lines by a comma, which is not part of a token68. */
    error_info_set(&error_info, SSPI_REASON_MALFORMED, "the token is not base64%s",
                   memchr(text.data, ',', text.len) == NULL
                       ? ""
                       : "; it holds a comma, as when more than one Authorization header was sent");
    return request_exchange_refuse(exchange, SEC_E_INVALID_TOKEN, &error_info);
}

/* A header without a token is well-formed: the package decides about it. */
static enum sspi_reason decode_token(struct sspi_exchange *exchange, struct sspi_view text,
                                     struct bytes *ret_token)
{
    struct sspi_error_info error_info;
    if (text.len > 0 && !field_is_token68(text))
        return refuse_text(exchange, text);
    switch (base64_decode(text, PACKAGE_TOKEN_LIMIT, ret_token)) {
    case BASE64_OK:
        return SSPI_REASON_NONE;
    case BASE64_TOO_LARGE:
        error_info_set(&error_info, SSPI_REASON_TOO_LARGE, "the token has more than %d bytes",
                       PACKAGE_TOKEN_LIMIT);
        return request_exchange_refuse(exchange, SEC_E_INVALID_TOKEN, &error_info);
    case BASE64_MALFORMED:
        error_info_set(&error_info, SSPI_REASON_MALFORMED,
                       "the token is truncated, or is another kind of base64");
        return request_exchange_refuse_token(exchange, SEC_E_INVALID_TOKEN, &error_info);
    case BASE64_NO_MEMORY:
    default:
        return request_exchange_out_of_memory(exchange);
    }
}

/* True if the token is an answer within an exchange. Any other token begins a new exchange. */
static bool continues(struct sspi_view token)
{
    static const struct sspi_view ntlm_authenticate = {"NTLMSSP\0\3\0\0", 12};
    /* SPNEGO's NegTokenResp, [1] (RFC 4178 4.2), or NTLM's third message (MS-NLMP 2.2.1.3). */
    return (token.len > 0 && (unsigned char)token.data[0] == 0xA1) ||
           (token.len >= ntlm_authenticate.len &&
            memcmp(token.data, ntlm_authenticate.data, ntlm_authenticate.len) == 0);
}

static enum sspi_reason refuse_legs(struct sspi_exchange *exchange, SECURITY_STATUS status,
                                    const char *text)
{
    struct sspi_error_info error_info;
    error_info_set(&error_info, SSPI_REASON_LEGS, "%s", text);
    return request_exchange_refuse(exchange, status, &error_info);
}

/* One leg, and the sources that may verify its token. */
struct negotiation {
    struct sspi_exchange *exchange;
    const struct sspi_policy *policy;
    uint8_t scheme;
    struct acceptor_source *keytab, *nt_users; /* NULL: that mechanism may not run */
};

/* False: a source that is needed was not opened at start; a log entry says so. */
static bool find_sources(struct negotiation *negotiation)
{
    struct sspi_exchange *exchange = negotiation->exchange;
    const struct sspi_policy *policy = negotiation->policy;
    bool kerberos = negotiation->scheme == SSPI_SCHEME_NEGOTIATE &&
                    policy->mechanisms.offers[SSPI_MECH_KERBEROS];
    bool ntlm = policy->mechanisms.offers[SSPI_MECH_NTLM];
    if (kerberos)
        negotiation->keytab = request_exchange_source(exchange, policy, SSPI_OPTION_KEYTAB);
    if (ntlm)
        negotiation->nt_users =
            request_exchange_source(exchange, policy, SSPI_OPTION_NTLM_USER_FILE);
    return (!kerberos || negotiation->keytab != NULL) && (!ntlm || negotiation->nt_users != NULL);
}

static SECURITY_STATUS get_credential(const struct negotiation *negotiation,
                                      struct acceptor_credential **ret_credential,
                                      struct sspi_error_info *error_info)
{
    struct sspi_acceptor *acceptor = negotiation->exchange->acceptor;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION, .State = acceptor->state};
    if (negotiation->keytab != NULL) {
        data.Mechanisms |= SSPI_MECHANISM_KERBEROS;
        data.Keytab = negotiation->keytab->keytab;
        data.ServiceNames = negotiation->policy->service_names.words;
        data.ServiceNameCount = (uint32_t)negotiation->policy->service_names.n;
    }
    if (negotiation->nt_users != NULL) {
        data.Mechanisms |= SSPI_MECHANISM_NTLM;
        data.Users = negotiation->nt_users->users;
        data.Winbind = negotiation->nt_users->winbind;
    }
    return acceptor_credentials_acquire(
        &acceptor->credentials,
        negotiation->scheme == SSPI_SCHEME_NTLM ? &ntlm_package : &negotiate_package, &data,
        ret_credential, error_info);
}

/* New credentials end the unfinished exchange of the connection. */
static void drop_partial(struct sspi_exchange *exchange)
{
    if (exchange->request.connection != NULL)
        request_connection_drop(exchange->request.connection);
}

/* Sets *ret_resumes: true if this token continues the connection's unfinished context, false if it
 * begins a new exchange. SSPI_REASON_LEGS: it continues an exchange that did not begin on this
 * connection, or that took too long. That is 401 with challenges without a token, because an honest
 * client whose connection was closed must be able to begin again. */
static enum sspi_reason check_resumes(const struct negotiation *negotiation,
                                      const struct acceptor_credential *credential,
                                      struct sspi_view token, uint64_t now_ms, bool *ret_resumes)
{
    struct sspi_exchange *exchange = negotiation->exchange;
    struct sspi_connection *connection = exchange->request.connection;
    bool has_partial = connection != NULL && connection->has_partial;
    *ret_resumes = false;
    if (!continues(token) || !has_partial || connection->credential != credential ||
        !request_login_has_connection(exchange, negotiation->policy)) {
        drop_partial(exchange);
        if (!continues(token))
            return SSPI_REASON_NONE;
        return refuse_legs(
            exchange, SEC_E_INVALID_TOKEN,
            "the token continues an exchange that did not begin on this connection. The client "
            "changed the connection (keep-alive must be on) or the location, or a proxy shares "
            "connections");
    }
    if (request_connection_is_late(connection, now_ms)) {
        request_connection_drop(connection);
        return refuse_legs(exchange, SEC_E_LOGON_DENIED,
                           "the exchange took too long between its legs");
    }
    *ret_resumes = true;
    return SSPI_REASON_NONE;
}

static enum sspi_reason refuse_first_leg(struct sspi_exchange *exchange)
{
    struct sspi_error_info error_info;
    if (exchange->request.connection != NULL)
        return refuse_legs(exchange, SEC_E_UNSUPPORTED_FUNCTION,
                           "the client began an exchange of several legs through a proxy, "
                           "which may share its connections among clients");
    error_info_set(&error_info, SSPI_REASON_LEGS,
                   "the client began an exchange of several legs (most often NTLM) over %s, where "
                   "it cannot run; it can over HTTP/1.1",
                   request_login_protocol(exchange));
    return request_exchange_refuse(exchange, SEC_E_UNSUPPORTED_FUNCTION, &error_info);
}

/* Keeps an unfinished context for the next leg. The connection takes over the context and
 * *credential. Without such a connection, the client must use HTTP/1.1, or is refused. */
static enum sspi_reason keep_partial(const struct negotiation *negotiation,
                                     struct request_accept *accept,
                                     struct acceptor_credential **credential)
{
    struct sspi_exchange *exchange = negotiation->exchange;
    struct sspi_connection *connection = exchange->request.connection;
    if (request_login_has_connection(exchange, negotiation->policy)) {
        request_connection_keep(connection, &accept->context, *credential, accept->began_ms);
        *credential = NULL;
        return SSPI_REASON_CONTINUED;
    }
    if (!request_login_has_legs(exchange, negotiation->policy))
        return refuse_first_leg(exchange);
    exchange->need = SSPI_NEED_HTTP_1_1;
    return request_exchange_log(
        exchange, SSPI_REASON_DOWNGRADED, SEC_E_OK,
        "an exchange of several legs was begun over HTTP/2: the client is sent "
        "back to HTTP/1.1");
}

/* The context is established: makes its client the identity of the exchange, and the login of the
 * connection if the policy allows that. */
static enum sspi_reason finish_login(const struct negotiation *negotiation,
                                     struct request_accept *accept)
{
    struct sspi_exchange *exchange = negotiation->exchange;
    enum sspi_reason reason =
        request_exchange_take_identity(exchange, &accept->context, negotiation->scheme);
    if (reason != SSPI_REASON_NONE)
        return reason;
    exchange->identity.source =
        exchange->identity.mech == SSPI_MECH_NTLM ? negotiation->nt_users : negotiation->keytab;
    if (exchange->identity.mech == SSPI_MECH_KERBEROS &&
        request_exchange_is_of_foreign_service(exchange, negotiation->keytab))
        exchange->identity.is_foreign = true;
    /* The leg that verified the client may have had another policy, or a job verified the client
     * without the names of services. */
    struct sspi_error_info error_info;
    SECURITY_STATUS status = request_bindings_check(exchange, negotiation->policy, &error_info);
    if (status != SEC_E_OK)
        return request_exchange_refuse(exchange, status, &error_info);
    request_login_keep(exchange, negotiation->policy);
    return SSPI_REASON_GRANTED;
}

/* Handles the status of a leg. The context was made with *credential, which the caller has in use.
 * If the connection keeps the context, it takes over *credential, which becomes NULL. */
static enum sspi_reason end_leg(const struct negotiation *negotiation,
                                struct request_accept *accept,
                                struct acceptor_credential **credential)
{
    struct sspi_exchange *exchange = negotiation->exchange;
    if (accept->status != SEC_E_OK && accept->status != SEC_I_CONTINUE_NEEDED)
        return request_exchange_refuse_token(exchange, accept->status, &accept->error_info);
    bytes_free(&exchange->answer_token);
    exchange->answer_token = accept->answer;
    exchange->answer_scheme = negotiation->scheme;
    accept->answer = (struct bytes){0};
    if (accept->status == SEC_E_OK)
        return finish_login(negotiation, accept);
    return keep_partial(negotiation, accept, credential);
}

static void drop_waiting_leg(struct sspi_exchange *exchange)
{
    sspi_job_unref(exchange->waiting_leg.job);
    acceptor_credentials_release(&exchange->acceptor->credentials,
                                 exchange->waiting_leg.credential);
    exchange->waiting_leg = (struct request_waiting_leg){0};
}

/* The leg may wait for a domain controller. Makes a job of it, unless the limit of waiting logins
 * is reached. exchange->waiting_leg takes over *credential. */
static enum sspi_reason begin_waiting_leg(const struct negotiation *negotiation,
                                          struct acceptor_credential **credential,
                                          struct request_accept *accept)
{
    struct sspi_exchange *exchange = negotiation->exchange;
    struct request_accept_job *waiting = request_accept_job_new(accept);
    if (waiting == NULL)
        return request_exchange_out_of_memory(exchange);
    exchange->waiting_leg = (struct request_waiting_leg){.job = &waiting->job,
                                                         .credential = *credential,
                                                         .keytab = negotiation->keytab,
                                                         .nt_users = negotiation->nt_users,
                                                         .scheme = negotiation->scheme};
    *credential = NULL;
    enum sspi_reason reason = request_wait_begin(exchange, &waiting->job, ACCEPTOR_WAIT_WINBIND);
    if (reason == SSPI_REASON_NONE)
        exchange->need = SSPI_NEED_JOB;
    else
        drop_waiting_leg(exchange);
    return reason;
}

/* Called before a leg that continues a context. If such a leg fails, its context ends, and the leg
 * cannot be evaluated again with new contents. True: a file changed, and a job reads it again. */
static bool start_reload(const struct negotiation *negotiation)
{
    return request_exchange_start_reload(negotiation->exchange, negotiation->nt_users) ||
           request_exchange_start_reload(negotiation->exchange, negotiation->keytab);
}

/* True: the first leg found no key, and the keytab has changed, so the leg is evaluated again. This
 * is not a replay, because the package records only tickets that it accepts. */
static bool misses_key(const struct negotiation *negotiation, const struct request_accept *accept)
{
    return (accept->error_info.reason == SSPI_REASON_NO_KEY ||
            accept->error_info.reason == SSPI_REASON_BAD_KEY) &&
           request_exchange_start_reload(negotiation->exchange, negotiation->keytab);
}

/* Evaluates accept->token. The context is made with *credential, which becomes NULL if a job or the
 * connection takes it over. */
static enum sspi_reason accept_token(const struct negotiation *negotiation,
                                     struct acceptor_credential **credential,
                                     struct request_accept *accept)
{
    struct sspi_exchange *exchange = negotiation->exchange;
    uint64_t now_ms = clock_machine_steady_ms();
    bool resumes;
    enum sspi_reason reason =
        check_resumes(negotiation, *credential, accept->token, now_ms, &resumes);
    if (reason != SSPI_REASON_NONE)
        return reason;
    accept->began_ms = now_ms;
    if (resumes && start_reload(negotiation))
        return SSPI_REASON_NONE;
    if (resumes)
        request_connection_take(exchange->request.connection, &accept->context, &accept->began_ms);
    else
        package_context_init(&accept->context, acceptor_credentials_of_package(*credential));
    if (resumes && package_context_may_wait(&accept->context))
        return begin_waiting_leg(negotiation, credential, accept);
    request_accept_run(accept);
    if (!resumes && misses_key(negotiation, accept))
        return SSPI_REASON_NONE;
    return end_leg(negotiation, accept, credential);
}

static enum sspi_reason begin_leg(struct negotiation *negotiation, struct sspi_view token)
{
    struct sspi_exchange *exchange = negotiation->exchange;
    struct bytes decoded BYTES_CLEANUP = {0};
    enum sspi_reason reason = decode_token(exchange, token, &decoded);
    if (reason != SSPI_REASON_NONE) {
        drop_partial(exchange);
        return reason;
    }
    const struct sspi_delegation_list *delegation = &negotiation->policy->delegation;
    struct request_accept accept ACCEPT_CLEANUP = {
        .token = bytes_as_view(&decoded),
        .wants_forwarded = delegation->offers[SSPI_DELEGATION_FORWARDED],
        .wants_evidence = delegation->offers[SSPI_DELEGATION_S4U2PROXY],
    };
    reason = request_bindings_collect(exchange, negotiation->policy, &accept.bindings);
    if (reason != SSPI_REASON_NONE)
        return reason;
    struct sspi_error_info error_info = {0};
    struct acceptor_credential *credential = NULL;
    SECURITY_STATUS status = get_credential(negotiation, &credential, &error_info);
    if (status != SEC_E_OK)
        return request_exchange_refuse(exchange, status, &error_info);
    reason = accept_token(negotiation, &credential, &accept);
    acceptor_credentials_release(&exchange->acceptor->credentials, credential);
    return reason;
}

/* Takes the result of the job, which has run, or which the server released before. */
static enum sspi_reason end_waiting_leg(struct sspi_exchange *exchange,
                                        const struct sspi_policy *policy)
{
    struct request_accept_job *waiting = (struct request_accept_job *)exchange->waiting_leg.job;
    const struct negotiation negotiation = {.exchange = exchange,
                                            .policy = policy,
                                            .scheme = exchange->waiting_leg.scheme,
                                            .keytab = exchange->waiting_leg.keytab,
                                            .nt_users = exchange->waiting_leg.nt_users};
    enum sspi_reason reason = request_wait_end(exchange, &waiting->job, ACCEPTOR_WAIT_WINBIND);
    if (reason == SSPI_REASON_NONE)
        reason = end_leg(&negotiation, &waiting->accept, &exchange->waiting_leg.credential);
    drop_waiting_leg(exchange);
    return reason;
}

static enum sspi_reason evaluate(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                                 uint8_t scheme, struct sspi_view token)
{
    struct negotiation negotiation = {.exchange = exchange, .policy = policy, .scheme = scheme};
    if (exchange->waiting_leg.job != NULL)
        return end_waiting_leg(exchange, policy);
    return find_sources(&negotiation) ? begin_leg(&negotiation, token) : SSPI_REASON_CONFIGURATION;
}

/* True if the login failed, and the same client cannot do better in another try. */
static bool is_failure(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                       enum sspi_reason reason)
{
    switch (reason) {
    case SSPI_REASON_CONTINUED:
    case SSPI_REASON_OLD_AUTHENTICATOR: /* the client makes a new one */
        return false;
    case SSPI_REASON_LEGS:
        /* After a new connection, an honest client begins again. Where no exchange of several legs
         * can run, it never succeeds. */
        return !request_login_has_connection(exchange, policy);
    default:
        return request_count_status(reason) == 401;
    }
}

enum sspi_reason request_negotiate_evaluate(struct sspi_exchange *exchange,
                                            const struct sspi_policy *policy, uint8_t scheme,
                                            struct sspi_view token)
{
    enum sspi_reason reason = evaluate(exchange, policy, scheme, token);
    if (reason == SSPI_REASON_GRANTED || is_failure(exchange, policy, reason))
        request_login_note_negotiate(exchange, policy, reason != SSPI_REASON_GRANTED);
    return reason;
}
