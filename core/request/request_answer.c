/* SPDX-License-Identifier: Apache-2.0 */
#include "request_answer.h"

#include <string.h>

#include "digest_params.h"
#include "escape.h"
#include "request_caches.h"
#include "request_login.h"
#include "policy.h"
#include "policy_proxies.h"
#include "request_count.h"
#include "request_delegation.h"
#include "request_digest.h"
#include "request_membership.h"

static const char *name_of_scheme(uint8_t scheme)
{
    switch (scheme) {
    case SSPI_SCHEME_NEGOTIATE:
        return "Negotiate";
    case SSPI_SCHEME_NTLM:
        return "NTLM";
    case SSPI_SCHEME_BASIC:
        return "Basic";
    default:
        return "Digest";
    }
}

/* Returns the buffer for one more header line. NULL: the limit is reached. */
static struct bytes *add_header(struct sspi_exchange *exchange, struct sspi_view name)
{
    size_t i = exchange->result.n_headers;
    if (i == SSPI_HEADERS_LIMIT)
        return NULL;
    exchange->result.headers[i].name = name;
    exchange->result.n_headers++;
    return &exchange->header_text[i];
}

/* RFC 9110 11.6.1 and 11.7.1 */
static struct bytes *add_authenticate(struct sspi_exchange *exchange)
{
    return add_header(exchange, exchange->request.proxy ? SSPI_VIEW("Proxy-Authenticate")
                                                        : SSPI_VIEW("WWW-Authenticate"));
}

/* Points the header lines at their texts. False: memory ran out while they were written. */
static bool finish_headers(struct sspi_exchange *exchange)
{
    for (size_t i = 0; i < exchange->result.n_headers; i++) {
        if (exchange->header_text[i].failed) {
            (void)request_exchange_out_of_memory(exchange);
            return false;
        }
        exchange->result.headers[i].value = bytes_as_view(&exchange->header_text[i]);
    }
    return true;
}

static bool add_digest(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    struct bytes fresh[PACKAGE_CHALLENGES_LIMIT] = {{0}};
    struct bytes *challenges = exchange->stale;
    size_t n = exchange->n_stale;
    bool made = true;
    if (n == 0 || !bytes_equal(bytes_as_view(&exchange->stale_realm), exchange->realm)) {
        challenges = fresh;
        made = request_digest_challenge(exchange, policy, fresh, &n);
    }
    for (size_t i = 0; made && i < n; i++) {
        struct bytes *line = add_authenticate(exchange);
        if (line == NULL)
            break;
        bytes_append_text(line, "Digest ");
        bytes_append_view(line, bytes_as_view(&challenges[i]));
    }
    for (size_t i = 0; i < PACKAGE_CHALLENGES_LIMIT; i++)
        bytes_free(&fresh[i]);
    return made;
}

/* RFC 7617 section 2: the realm, and the encoding in which the server expects name and password. */
static void add_basic(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    struct bytes *line =
        policy_offers_basic(policy, exchange->request.tls) ? add_authenticate(exchange) : NULL;
    if (line == NULL)
        return;
    digest_params_append_quoted(line, "Basic realm", exchange->realm);
    bytes_append_text(line, ", charset=\"UTF-8\"");
}

/* True if Negotiate or NTLM is offered. A mechanism of several legs is not offered on a connection
 * that cannot have them. */
static bool is_offered(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                       uint8_t scheme)
{
    if (scheme == SSPI_SCHEME_NEGOTIATE && policy->mechanisms.offers[SSPI_MECH_KERBEROS])
        return true;
    return policy->mechanisms.offers[SSPI_MECH_NTLM] && request_login_has_legs(exchange, policy);
}

/* Logs, once for each address, why NTLM was not offered at a location that has it. */
static void log_proxy(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    struct sspi_view peer = exchange->request.peer;
    if (!policy_runs_mech(policy, SSPI_MECH_NTLM) ||
        !policy_proxies_between(&exchange->request, policy))
        return;
    if (peer.len == 0)
        peer = SSPI_VIEW("a Unix socket");
    if (acceptor_log_addresses_add(&exchange->acceptor->logged_proxies, peer))
        (void)request_exchange_log(
            exchange, SSPI_REASON_PROXIED, SEC_E_OK,
            "a request from %.*s came through a proxy, which may share its connections among "
            "clients, so NTLM was not offered: use Kerberos, or connect directly",
            (int)peer.len, peer.data);
}

static void log_nothing_offered(struct sspi_exchange *exchange)
{
    const char *text = "nothing could be offered: NTLM, the only scheme here, cannot run ";
    if (exchange->request.connection == NULL)
        (void)request_exchange_log(exchange, SSPI_REASON_LEGS, SEC_E_UNSUPPORTED_FUNCTION,
                                   "%sover %s; let this server speak only HTTP/1.1", text,
                                   request_login_protocol(exchange));
    else
        (void)request_exchange_log(exchange, SSPI_REASON_LEGS, SEC_E_UNSUPPORTED_FUNCTION,
                                   "%sthrough a proxy", text);
}

/* The line of a session's cookie. */
static void add_cookie(struct sspi_exchange *exchange)
{
    struct bytes *line =
        exchange->session.line.len > 0 ? add_header(exchange, SSPI_VIEW("Set-Cookie")) : NULL;
    if (line != NULL)
        bytes_append_view(line, bytes_as_view(&exchange->session.line));
}

/* An answer without a user only removes a cookie. */
static void add_clearing_cookie(struct sspi_exchange *exchange)
{
    if (exchange->session.clears)
        add_cookie(exchange);
}

bool request_answer_admitted(struct sspi_exchange *exchange)
{
    add_clearing_cookie(exchange);
    return finish_headers(exchange);
}

static void add_line(struct sspi_exchange *exchange, struct sspi_view name, struct sspi_view value)
{
    struct bytes *line = add_header(exchange, name);
    if (line != NULL)
        bytes_append_view(line, value);
}

bool request_answer_limited(struct sspi_exchange *exchange)
{
    char text[BYTES_DECIMAL_MAX];
    size_t len = bytes_write_decimal(exchange->retry_after_s, text);
    add_line(exchange, SSPI_VIEW("Retry-After"), (struct sspi_view){text, len});
    return finish_headers(exchange);
}

bool request_answer_logged_out(struct sspi_exchange *exchange, unsigned status,
                               struct sspi_view location)
{
    add_line(exchange, SSPI_VIEW("Cache-Control"), SSPI_VIEW("no-store"));
    if (status == 405)
        add_line(exchange, SSPI_VIEW("Allow"), SSPI_VIEW("POST")); /* RFC 9110 15.5.6 */
    if (location.data != NULL)
        add_line(exchange, SSPI_VIEW("Location"), location);
    add_clearing_cookie(exchange);
    if (!finish_headers(exchange))
        return false;
    exchange->result.status = status;
    return true;
}

/* Adds a line for each scheme that is offered, in the order of the policy. */
static bool add_challenges(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           bool withholds_negotiate)
{
    for (const uint8_t *at = policy->schemes.order; *at != 0; at++) {
        if (*at == SSPI_SCHEME_DIGEST) {
            if (!add_digest(exchange, policy))
                return false;
        } else if (*at == SSPI_SCHEME_BASIC) {
            add_basic(exchange, policy);
        } else if (!withholds_negotiate && is_offered(exchange, policy, *at)) {
            struct bytes *line = add_authenticate(exchange);
            if (line != NULL)
                bytes_append_text(line, name_of_scheme(*at));
        }
    }
    return true;
}

bool request_answer_challenge(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    bool withholds = policy->negotiate_once && request_login_has_failed(exchange, policy);
    log_proxy(exchange, policy);
    if (!add_challenges(exchange, policy, withholds))
        return false;
    /* A 401 without a challenge would break RFC 9110 15.5.2. */
    if (withholds && exchange->result.n_headers == 0 && !add_challenges(exchange, policy, false))
        return false;
    if (exchange->result.n_headers == 0)
        log_nothing_offered(exchange);
    add_clearing_cookie(exchange);
    exchange->result.drains = exchange->request.entity_length == 0;
    return finish_headers(exchange);
}

/* RFC 4559 section 5: the scheme and the token in base64. */
static void add_token(struct sspi_exchange *exchange)
{
    struct bytes *line = add_authenticate(exchange);
    if (line == NULL)
        return;
    bytes_append_text(line, name_of_scheme(exchange->answer_scheme));
    bytes_append_char(line, ' ');
    bytes_append_view(line, bytes_as_view(&exchange->answer_token));
}

bool request_answer_continue(struct sspi_exchange *exchange)
{
    add_token(exchange);
    exchange->result.drains = exchange->request.entity_length <= SSPI_DRAIN_LIMIT;
    return finish_headers(exchange);
}

static bool is_refusal(enum sspi_reason reason)
{
    return request_count_status(reason) != 0 && reason != SSPI_REASON_CHALLENGED &&
           reason != SSPI_REASON_SESSION_INCOMPLETE && reason != SSPI_REASON_CONTINUED;
}

/* Returns the status of the log entry for `reason`. */
static SECURITY_STATUS status_of(struct sspi_exchange *exchange, enum sspi_reason reason)
{
    if (exchange->last_refusal.reason == reason) {
        if (reason == exchange->reason)
            exchange->evaluation_refusal = exchange->last_refusal;
        return exchange->last_refusal.status;
    }
    return exchange->evaluation_refusal.reason == reason ? exchange->evaluation_refusal.status
                                                         : SEC_E_OK;
}

void request_answer_set_error(struct sspi_exchange *exchange, enum sspi_reason reason)
{
    if (!is_refusal(reason) || exchange->result.need != SSPI_NEED_NONE)
        return;
    acceptor_log_write_id(exchange->error, reason, status_of(exchange, reason));
    exchange->result.variables[SSPI_VARIABLE_ERROR] = bytes_view(exchange->error);
}

static void set_sid(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    if (!request_membership_shows(exchange, policy, &exchange->identity.user_sid))
        return;
    sid_write(&exchange->identity.user_sid, exchange->sid);
    exchange->result.variables[SSPI_VARIABLE_SID] = bytes_view(exchange->sid);
}

static void set_variables(struct sspi_exchange *exchange)
{
    const struct policy_identity *identity = &exchange->identity;
    struct sspi_view *to = exchange->result.variables;
    to[SSPI_VARIABLE_USER] = bytes_view(exchange->user_name);
    to[SSPI_VARIABLE_REALM] = bytes_view(identity->realm);
    to[SSPI_VARIABLE_PACKAGE] = bytes_view(name_of_scheme(identity->scheme));
    to[SSPI_VARIABLE_MECHANISM] = bytes_view(identity->mechanism);
    to[SSPI_VARIABLE_CHANNEL_BOUND] =
        exchange->bound == PACKAGE_BOUND_MATCHED ? SSPI_VIEW("1") : SSPI_VIEW("0");
    to[SSPI_VARIABLE_TARGET] = bytes_view(identity->target);
    to[SSPI_VARIABLE_CCACHE] = request_delegation_name(exchange);
    if (identity->expiry_ms != UINT64_MAX) {
        size_t len = bytes_write_decimal(identity->expiry_ms / 1000, exchange->expires);
        exchange->expires[len] = '\0';
        to[SSPI_VARIABLE_EXPIRES] = (struct sspi_view){exchange->expires, len};
    }
}

/* RFC 7615 sections 3 and 4. */
static void add_authentication_info(struct sspi_exchange *exchange)
{
    struct bytes *line =
        add_header(exchange, exchange->request.proxy ? SSPI_VIEW("Proxy-Authentication-Info")
                                                     : SSPI_VIEW("Authentication-Info"));
    if (line != NULL)
        bytes_append_view(line, bytes_as_view(&exchange->authentication_info));
}

/* True for the schemes whose clients send credentials only until their connection is logged in. */
static bool runs_legs(uint8_t scheme)
{
    return scheme == SSPI_SCHEME_NEGOTIATE || scheme == SSPI_SCHEME_NTLM;
}

/* As on IIS: the header tells clients of Negotiate and NTLM whether the next request of the
 * connection needs credentials. */
static void add_persistent_auth(struct sspi_exchange *exchange)
{
    struct bytes *line = add_header(exchange, SSPI_VIEW("Persistent-Auth"));
    if (line != NULL)
        bytes_append_text(line, exchange->persistent ? "true" : "false");
}

static const char *channel_of(enum package_bound bound)
{
    switch (bound) {
    case PACKAGE_BOUND_MATCHED:
        return "bound";
    case PACKAGE_BOUND_PROXY:
        return "bound to one that ends before this server";
    case PACKAGE_BOUND_ABSENT:
    case PACKAGE_BOUND_NO_TLS:
        return "not bound";
    case PACKAGE_BOUND_UNCHECKED:
        break;
    }
    return "not compared";
}

/* Logs a login once for each request, also if the request comes to several locations. Requests that
 * use the login of their connection, or a session, do not log it again. */
static void log_login(struct sspi_exchange *exchange)
{
    const struct policy_identity *identity = &exchange->identity;
    char name[ESCAPE_NAME_SIZE];
    char target[129]; /* shorter, so that the channel fits into the line as well */
    if (exchange->login_logged || exchange->from_connection || exchange->from_session)
        return;
    exchange->login_logged = true;
    if (!request_exchange_logs(exchange, SSPI_REASON_GRANTED))
        return;
    (void)request_exchange_log(
        exchange, SSPI_REASON_GRANTED, SEC_E_OK,
        "%s%s logged in by %s, %s; service: %s; channel: %s",
        policy_identity_prefix(identity->scheme, identity->mech),
        escape_text(name, sizeof(name), bytes_view(identity->name)),
        name_of_scheme(identity->scheme), identity->mechanism,
        identity->target == NULL || *identity->target == '\0'
            ? "not named"
            : escape_text(target, sizeof(target), bytes_view(identity->target)),
        channel_of(exchange->bound));
}

bool request_answer_granted(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    request_caches_note_grant(exchange);
    if (exchange->answer_token.len > 0)
        add_token(exchange);
    if (exchange->authentication_info.len > 0)
        add_authentication_info(exchange);
    if (runs_legs(exchange->identity.scheme) && !exchange->from_connection &&
        !exchange->from_session && !exchange->request.proxy)
        add_persistent_auth(exchange);
    add_cookie(exchange);
    if (!finish_headers(exchange))
        return false;
    exchange->result.has_user = true;
    set_variables(exchange);
    set_sid(exchange, policy);
    log_login(exchange);
    return true;
}
