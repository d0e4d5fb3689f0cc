/* SPDX-License-Identifier: Apache-2.0 */
#include "request_step.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "escape.h"
#include "request_answer.h"
#include "request_basic.h"
#include "request_count.h"
#include "request_evaluate.h"
#include "request_check.h"
#include "request_delegation.h"
#include "request_local_groups.h"
#include "request_login.h"
#include "request_onward.h"
#include "request_reload.h"
#include "request_session.h"
#include "request_session_make.h"
#include "policy.h"
#include "request_user_name.h"

/* With sspi_require, `optional` admits no anonymous request. (On httpd its own Require decides.) */
static bool admits_anonymous(const struct sspi_policy *policy)
{
    return policy_is_optional(policy) && policy->require.n == 0;
}

/* Drops the unfinished exchange of the connection if it takes too long. A request without a token
 * does not prolong it. */
static void drop_late_exchange(struct sspi_exchange *exchange)
{
    struct sspi_connection *connection = exchange->request.connection;
    if (connection != NULL && connection->has_partial &&
        request_connection_is_late(connection, clock_machine_steady_ms()))
        request_connection_drop(connection);
}

/* As request_check_accepts(), which a step calls once for an identity. */
static bool accepts(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                    const char **ret_why)
{
    if (!exchange->is_accepted)
        exchange->is_accepted = request_check_accepts(exchange, policy, ret_why);
    return exchange->is_accepted;
}

/* Makes the login of the connection the identity of the exchange if `policy` accepts it. False: see
 * request_login_take(). */
static bool try_login(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                      const char **ret_why)
{
    if (!request_login_take(exchange, policy, ret_why))
        return false;
    if (accepts(exchange, policy, ret_why))
        return true;
    request_login_give_back(exchange);
    return false;
}

/* The same for the session of the request's cookie. */
static bool try_session(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        const char **ret_why)
{
    if (!request_session_take(exchange, policy, ret_why))
        return false;
    if (accepts(exchange, policy, ret_why)) {
        exchange->reason = SSPI_REASON_GRANTED;
        return true;
    }
    request_session_give_back(exchange);
    return false;
}

/* Refuses a request to which a challenge could offer nothing. Only Basic is offered, and the
 * connection is plain. RFC 9110 15.5.2 demands a challenge in a 401, so the answer is 403. */
static enum sspi_reason refuse_plain(struct sspi_exchange *exchange)
{
    return request_exchange_log(
        exchange, SSPI_REASON_TLS_REQUIRED, SEC_E_OK,
        "this location offers only Basic, and accepts passwords only over TLS, but the connection "
        "is plain: redirect http to https");
}

static bool offers_nothing(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    return !exchange->request.tls && policy_offers_only_over_tls(policy);
}

/* Challenges a request without credentials. The texts say what the policy demands of the
 * connection's login and of the session. NULL: there is none. */
static enum sspi_reason challenge(struct sspi_exchange *exchange, const char *login,
                                  const char *session)
{
    if (!request_exchange_logs(exchange, SSPI_REASON_CHALLENGED))
        return SSPI_REASON_CHALLENGED;
    return request_exchange_log(
        exchange, SSPI_REASON_CHALLENGED, SEC_E_OK,
        "the request has no credentials and was challenged%s%s%s%s",
        login == NULL ? "" : "; the connection has a login, but this location demands ",
        login == NULL ? "" : login,
        session == NULL ? "" : "; the request has a session, but this location demands ",
        session == NULL ? "" : session);
}

/* Handles a request without an Authorization header. It uses the login of the connection or the
 * session of the request's cookie, if this policy accepts it. Otherwise it admits the request as
 * anonymous or challenges it. SSPI_REASON_NONE: the request has an identity. */
static enum sspi_reason decide_without_header(struct sspi_exchange *exchange,
                                              const struct sspi_policy *policy)
{
    const char *login, *session;
    if (exchange->reason == SSPI_REASON_GRANTED)
        return SSPI_REASON_NONE;
    drop_late_exchange(exchange);
    if (try_login(exchange, policy, &login)) {
        exchange->reason = SSPI_REASON_GRANTED;
        return SSPI_REASON_NONE;
    }
    if (try_session(exchange, policy, &session))
        return SSPI_REASON_NONE;
    if (admits_anonymous(policy))
        return SSPI_REASON_ADMITTED;
    return offers_nothing(exchange, policy) ? refuse_plain(exchange)
                                            : challenge(exchange, login, session);
}

static enum sspi_reason refuse_foreign_scheme(struct sspi_exchange *exchange,
                                              struct sspi_view scheme)
{
    char shown[ESCAPE_VALUE_SIZE];
    return request_exchange_log(exchange, SSPI_REASON_NOT_OFFERED, SEC_E_SECPKG_NOT_FOUND,
                                "the client used the scheme %s, which is not offered",
                                escape_text(shown, sizeof(shown), scheme));
}

/* Checks this request's realm. If it comes from variables or an expression, the check at start
 * could not know it. */
static bool check_realm(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    char error[SSPI_ERROR_SIZE];
    if (sspi_policy_check_realm(policy, exchange->realm, exchange->acceptor->config.server, error))
        return true;
    (void)request_exchange_log(exchange, SSPI_REASON_CONFIGURATION, SEC_E_OK, "%s", error);
    return false;
}

/* Checks that this request has all that the offered schemes need. False: a log entry says what is
 * missing. */
static bool check_configuration(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const char *scheme, *lack;
    enum sspi_option missing;
    enum sspi_basic_verify verifier;
    bool digest = policy->schemes.offers[SSPI_SCHEME_DIGEST];
    bool basic = policy->schemes.offers[SSPI_SCHEME_BASIC];
    if (exchange->realm.len == 0 && (digest || basic)) {
        scheme = digest ? "Digest" : "Basic";
        lack = "is empty";
        missing = SSPI_OPTION_REALM;
    } else if (basic && !policy_basic_verifier(policy, &verifier)) {
        scheme = "Basic";
        lack = "is not set, and no keytab, winbind or user file is configured";
        missing = SSPI_OPTION_BASIC_VERIFY;
    } else if (policy->schemes.offers[SSPI_SCHEME_NTLM] &&
               !policy->mechanisms.offers[SSPI_MECH_NTLM]) {
        scheme = "NTLM";
        lack = "has no ntlm";
        missing = SSPI_OPTION_MECHANISMS;
    } else {
        return check_realm(exchange, policy);
    }
    (void)request_exchange_log(
        exchange, SSPI_REASON_CONFIGURATION, SEC_E_OK, "%s is offered but %s %s for this request",
        scheme, sspi_option_info(missing)->name[exchange->acceptor->config.server], lack);
    return false;
}

/* The decisions that need no evaluation of the credentials. SSPI_REASON_NONE: the evaluation
 * decides. */
static enum sspi_reason decide_before_evaluation(struct sspi_exchange *exchange,
                                                 const struct sspi_policy *policy)
{
    struct sspi_view scheme;
    const char *why;
    if (policy->require_tls && !exchange->request.tls)
        return request_exchange_log(
            exchange, SSPI_REASON_TLS_REQUIRED, SEC_E_OK,
            "this location accepts credentials only over TLS, and the connection is plain: "
            "redirect http to https");
    if (request_basic_is_exposed(exchange, policy, request_evaluate_scheme(exchange)))
        return request_exchange_log(
            exchange, SSPI_REASON_PLAIN_PASSWORD, SEC_E_OK,
            "the client sent a password by Basic over a plain connection, and it was not verified: "
            "redirect http to https, so that clients do not send passwords there");
    /* The cookie is opened again under each policy, whose audience and lifetime may differ. */
    if (exchange->from_session)
        request_session_give_back(exchange);
    /* As on IIS, credentials of a scheme that is not offered are not for this location. They
     * neither use nor end the connection's login. Another location that offers the scheme may still
     * evaluate them. A session beside them counts. */
    bool foreign = request_evaluate_has_foreign_scheme(exchange, policy, &scheme);
    bool is_undecided = exchange->reason == SSPI_REASON_NONE;
    bool has_session = foreign && is_undecided && try_session(exchange, policy, &why);
    if (foreign && !has_session && admits_anonymous(policy))
        return SSPI_REASON_ADMITTED;
    if (!check_configuration(exchange, policy))
        return SSPI_REASON_CONFIGURATION;
    if (foreign && exchange->reason == SSPI_REASON_NONE)
        return offers_nothing(exchange, policy) ? refuse_plain(exchange)
                                                : refuse_foreign_scheme(exchange, scheme);
    return request_exchange_has_credentials(exchange) ? SSPI_REASON_NONE
                                                      : decide_without_header(exchange, policy);
}

/* Asks the server to look the user up at this location (SSPI_NEED_HASH). */
static enum sspi_reason hand_out_lookup(struct sspi_exchange *exchange)
{
    struct request_lookup *lookup = &exchange->lookup;
    lookup->state = REQUEST_LOOKUP_ASKED;
    bytes_free(&exchange->lookup_realm);
    bytes_append_view(&exchange->lookup_realm, exchange->realm);
    bytes_append_char(&exchange->lookup_realm, '\0');
    if (exchange->lookup_realm.failed)
        return request_exchange_out_of_memory(exchange);
    exchange->result.need = SSPI_NEED_HASH;
    exchange->result.lookup_user = bytes_view(lookup->user);
    exchange->result.lookup_realm = bytes_view(exchange->lookup_realm.data);
    return SSPI_REASON_NONE;
}

/* True if this location must look the user up as well. Each location may have a database of its
 * own, and the hash there must be the one that verified the user. */
static bool needs_lookup(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    return exchange->lookup.has_verified_hash && exchange->lookup.state == REQUEST_LOOKUP_NONE &&
           policy->digest_providers.n > 0;
}

/* Returns the name in the form that the policy asks for, if the PAC of the ticket has it. */
static struct sspi_view spelt_otherwise(const struct sspi_exchange *exchange,
                                        const struct sspi_policy *policy)
{
    if (policy->user_name == SSPI_USER_NAME_UPN)
        return bytes_view(exchange->identity.upn);
    return bytes_view(policy->user_name == SSPI_USER_NAME_SAM ? exchange->identity.sam_name : NULL);
}

/* The user has no name in the form that the policy asks for. */
static enum sspi_reason refuse_user_name(struct sspi_exchange *exchange,
                                         const struct sspi_policy *policy,
                                         enum request_user_name named)
{
    const char *option =
        sspi_option_info(SSPI_OPTION_USER_NAME)->name[exchange->acceptor->config.server];
    char shown[ESCAPE_NAME_SIZE], spelt[ESCAPE_NAME_SIZE];
    escape_text(shown, sizeof(shown), bytes_view(exchange->identity.name));
    escape_text(spelt, sizeof(spelt), spelt_otherwise(exchange, policy));
    switch (named) {
    case REQUEST_USER_NAME_NO_ACCOUNT:
        return request_exchange_log(exchange, SSPI_REASON_NO_LOCAL_NAME, SEC_E_OK,
                                    "auth_to_local in krb5.conf maps %s to no local account",
                                    shown);
    case REQUEST_USER_NAME_AMBIGUOUS:
        return request_exchange_log(
            exchange, SSPI_REASON_AMBIGUOUS_NAME, SEC_E_OK,
            "%s would read as another user in the form that %s asks for%s%s: rename the account, "
            "or use %s full",
            shown, option, *spelt == '\0' ? "" : ", ", spelt, option);
    case REQUEST_USER_NAME_GOOD:
    case REQUEST_USER_NAME_NO_MEMORY:
        break;
    }
    return request_exchange_out_of_memory(exchange);
}

/* Logs, once for each login, that the ticket has no groups, if this location asks for them. */
static void log_missing_groups(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    char shown[ESCAPE_NAME_SIZE];
    if (exchange->logon_problem == NULL || exchange->from_connection ||
        !policy_asks_directory(policy))
        return;
    if (request_exchange_logs(exchange, SSPI_REASON_NO_GROUPS))
        (void)request_exchange_log(
            exchange, SSPI_REASON_NO_GROUPS, SEC_E_OK, "%s has no groups of the directory: %s",
            escape_text(shown, sizeof(shown), bytes_view(exchange->identity.name)),
            exchange->logon_problem);
    exchange->logon_problem = NULL;
}

/* As request_local_groups_find(), but hands the job out. */
static enum sspi_reason find_local_groups(struct sspi_exchange *exchange,
                                          const struct sspi_policy *policy)
{
    enum sspi_reason found = request_local_groups_find(exchange, policy);
    if (found == SSPI_REASON_NONE)
        request_exchange_need_job(exchange, exchange->local_groups);
    return found;
}

/* As request_onward_find(), but hands the job out. */
static enum sspi_reason find_onward(struct sspi_exchange *exchange,
                                    const struct sspi_policy *policy)
{
    enum sspi_reason found = request_onward_find(exchange, policy);
    if (found == SSPI_REASON_NONE)
        request_exchange_need_job(exchange, exchange->onward.job);
    return found;
}

/* As request_delegation_find(), but hands the job out. The login at the upstream comes after it. */
static enum sspi_reason find_delegation(struct sspi_exchange *exchange,
                                        const struct sspi_policy *policy)
{
    enum sspi_reason found = request_delegation_find(exchange, policy);
    if (found == SSPI_REASON_NONE)
        request_exchange_need_job(exchange, exchange->delegation.job);
    return found == SSPI_REASON_GRANTED ? find_onward(exchange, policy) : found;
}

/* Decides about credentials that are verified. */
static enum sspi_reason decide_verified(struct sspi_exchange *exchange,
                                        const struct sspi_policy *policy)
{
    const char *why = "";
    char shown[ESCAPE_NAME_SIZE];
    if (needs_lookup(exchange, policy))
        return hand_out_lookup(exchange);
    bool is_accepted = accepts(exchange, policy, &why);
    exchange->lookup.state = REQUEST_LOOKUP_NONE; /* the answer was only for this location */
    if (!is_accepted)
        return request_exchange_log(
            exchange, SSPI_REASON_NOT_COVERED, SEC_E_OK,
            "%s was verified under another policy, but this location demands %s",
            escape_text(shown, sizeof(shown), bytes_view(exchange->identity.name)), why);
    enum sspi_reason found = find_local_groups(exchange, policy);
    if (found != SSPI_REASON_GRANTED)
        return found;
    log_missing_groups(exchange, policy);
    enum sspi_reason missed = request_check_require(exchange, policy);
    if (missed != SSPI_REASON_NONE)
        return missed;
    free(exchange->user_name);
    exchange->user_name = NULL;
    enum request_user_name named = request_user_name_make(exchange, policy, &exchange->user_name);
    return named == REQUEST_USER_NAME_GOOD ? find_delegation(exchange, policy)
                                           : refuse_user_name(exchange, policy, named);
}

static void begin_step(struct sspi_exchange *exchange, struct sspi_view realm)
{
    request_exchange_begin_result(exchange);
    exchange->realm = realm;
    exchange->is_accepted = false;
    exchange->delegation.found = NULL;
}

/* Returns the job of the evaluation. */
static struct sspi_job *job_of(const struct sspi_exchange *exchange)
{
    if (exchange->waiting_leg.job != NULL)
        return exchange->waiting_leg.job;
    return exchange->basic.job != NULL ? exchange->basic.job : exchange->reload_job;
}

/* Writes what the evaluation needs into the result. SSPI_REASON_NONE: the server must step again.
 */
static enum sspi_reason hand_out_need(struct sspi_exchange *exchange)
{
    if (exchange->need == SSPI_NEED_HASH)
        return hand_out_lookup(exchange);
    if (exchange->need == SSPI_NEED_JOB)
        request_exchange_need_job(exchange, job_of(exchange));
    exchange->result.wait_ms = exchange->basic.wait_ms;
    exchange->result.need = exchange->need;
    return exchange->reason;
}

/* True if the request needs no user because of its method. Its credentials are not looked at. */
static bool is_exempt(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    return (exchange->request.tls || !policy->require_tls) &&
           sspi_policy_exempts(policy, exchange->request.method);
}

/* Returns why the request ends under `policy`. SSPI_REASON_NONE: the result has a need. */
static enum sspi_reason decide(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    if (is_exempt(exchange, policy))
        return SSPI_REASON_ADMITTED;
    if (request_reload_begin(exchange, policy))
        return SSPI_REASON_NONE;
    enum sspi_reason reason = decide_before_evaluation(exchange, policy);
    if (reason != SSPI_REASON_NONE)
        return reason;
    request_evaluate(exchange, policy);
    if (exchange->need != SSPI_NEED_NONE)
        return hand_out_need(exchange);
    return exchange->reason == SSPI_REASON_GRANTED ? decide_verified(exchange, policy)
                                                   : exchange->reason;
}

/* True for the two ends that have no status: an anonymous admission, and the need of HTTP/1.1. The
 * adapters admit a request with the status 0, so no other reason may lead to it. */
static bool has_no_status(const struct sspi_exchange *exchange, enum sspi_reason reason)
{
    return reason == SSPI_REASON_ADMITTED || exchange->result.need == SSPI_NEED_HTTP_1_1;
}

/* Makes the headers and variables of the answer. False: that is impossible, and the request ends
 * with 500. */
static bool make_answer(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        enum sspi_reason reason)
{
    if (reason == SSPI_REASON_GRANTED) {
        request_session_make(exchange, policy);
        return request_answer_granted(exchange, policy);
    }
    if (reason == SSPI_REASON_ADMITTED)
        return request_answer_admitted(exchange);
    if (reason == SSPI_REASON_CONTINUED)
        return request_answer_continue(exchange);
    if (request_count_status(reason) == 401)
        return request_answer_challenge(exchange, policy);
    if (request_count_status(reason) == 429)
        return request_answer_limited(exchange);
    return request_count_status(reason) != 0 || has_no_status(exchange, reason);
}

/* Counts the end of the request, once for all its steps. */
static void count_end(struct sspi_exchange *exchange, enum sspi_reason reason)
{
    struct sspi_state *state = exchange->acceptor->state;
    if (exchange->counted)
        return;
    exchange->counted = true;
    if (reason == SSPI_REASON_GRANTED)
        request_count_granted(state, &exchange->identity, exchange->bound,
                              exchange->from_connection, exchange->from_session);
    else
        request_count_end(state, reason);
}

const struct sspi_result *sspi_exchange_step(struct sspi_exchange *exchange,
                                             const struct sspi_policy *policy,
                                             struct sspi_view realm)
{
    struct sspi_result *result = &exchange->result;
    begin_step(exchange, realm);
    exchange->asks_for_groups = false;
    request_reload_end(exchange);
    enum sspi_reason reason = decide(exchange, policy);
    if (reason == SSPI_REASON_NONE && result->need != SSPI_NEED_NONE)
        return result;
    if (reason == SSPI_REASON_NONE || !make_answer(exchange, policy, reason)) {
        request_exchange_drop_headers(exchange);
        reason = SSPI_REASON_INTERNAL;
    }
    if (result->need == SSPI_NEED_NONE)
        result->status = request_count_status(reason);
    request_answer_set_error(exchange, reason);
    count_end(exchange, reason);
    return result;
}

/* A requirement of the server asked for a group that the session's cookie may have dropped. */
static void log_unknown_group(struct sspi_exchange *exchange)
{
    char shown[ESCAPE_NAME_SIZE];
    exchange->group_unknown = false;
    (void)request_exchange_log(
        exchange, SSPI_REASON_SESSION_INCOMPLETE, SEC_E_OK,
        "%s may be in a required group, but the cookie of the session had no room for all groups: "
        "the client is asked for credentials",
        escape_text(shown, sizeof(shown), bytes_view(exchange->identity.name)));
}

const struct sspi_result *sspi_exchange_challenge(struct sspi_exchange *exchange,
                                                  const struct sspi_policy *policy,
                                                  struct sspi_view realm)
{
    struct sspi_result *result = &exchange->result;
    begin_step(exchange, realm);
    exchange->asks_for_groups = exchange->group_unknown;
    if (exchange->group_unknown)
        log_unknown_group(exchange);
    if (request_answer_challenge(exchange, policy))
        result->status = request_count_status(SSPI_REASON_CHALLENGED);
    else
        request_exchange_drop_headers(exchange);
    return result;
}

/* The server's own lines refuse the request. */
static enum sspi_reason log_denied(struct sspi_exchange *exchange)
{
    const struct policy_identity *identity = &exchange->identity;
    char shown[ESCAPE_NAME_SIZE];
    if (identity->name == NULL)
        return request_exchange_log(
            exchange, SSPI_REASON_NOT_AUTHORIZED, SEC_E_OK,
            "the method of the request is exempt, so it has no user, but a Require line of another "
            "module demands one");
    return request_exchange_log(exchange, SSPI_REASON_NOT_AUTHORIZED, SEC_E_OK,
                                "%s%s does not meet the Require lines of this location",
                                policy_identity_prefix(identity->scheme, identity->mech),
                                escape_text(shown, sizeof(shown), bytes_view(identity->name)));
}

const struct sspi_result *sspi_exchange_deny(struct sspi_exchange *exchange)
{
    request_exchange_begin_result(exchange);
    exchange->result.status = request_count_status(SSPI_REASON_NOT_AUTHORIZED);
    if (!exchange->asks_for_groups)
        request_answer_set_error(exchange, log_denied(exchange));
    return &exchange->result;
}

const struct sspi_result *sspi_exchange_misconfigured(struct sspi_exchange *exchange,
                                                      const char *error)
{
    char shown[SSPI_ERROR_SIZE];
    request_exchange_begin_result(exchange);
    escape_configured(shown, sizeof(shown), bytes_view(error));
    enum sspi_reason reason =
        request_exchange_log(exchange, SSPI_REASON_CONFIGURATION, SEC_E_OK, "%s", shown);
    exchange->result.status = request_count_status(reason);
    request_answer_set_error(exchange, reason);
    count_end(exchange, reason);
    return &exchange->result;
}
