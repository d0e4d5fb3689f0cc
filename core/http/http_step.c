/* SPDX-License-Identifier: Apache-2.0 */
/* One step: applies a policy to a request. The credentials are evaluated once. This takes several
 * steps if it needs the body, the hash of the user, a file that is read again, or a login that
 * waits. */
#include "http_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "escape.h"
#include "hex.h"
#include "http_accept.h"
#include "http_answer.h"
#include "http_authorization.h"
#include "http_count.h"
#include "http_judge.h"
#include "http_login.h"
#include "http_options.h"
#include "http_schemes.h"
#include "http_user_name.h"

static enum http_outcome refuse_malformed(struct sspi_exchange *exchange, enum http_message message,
                                          const char *text)
{
    http_messages_write(http_exchange_record(exchange), message, SEC_E_INVALID_TOKEN, "%s", text);
    return HTTP_OUTCOME_BAD_REQUEST;
}

/* HTTP_PACKAGE_*; 0: a scheme of another module. */
static uint8_t package_of(struct sspi_view scheme)
{
    if (bytes_equal_nocase(scheme, SSPI_VIEW("Negotiate")))
        return HTTP_PACKAGE_NEGOTIATE;
    if (bytes_equal_nocase(scheme, SSPI_VIEW("NTLM")))
        return HTTP_PACKAGE_NTLM;
    return bytes_equal_nocase(scheme, SSPI_VIEW("Digest")) ? HTTP_PACKAGE_DIGEST : 0;
}

/* True if the header is well-formed, but this location does not offer its scheme. */
static bool has_foreign_scheme(const struct sspi_exchange *exchange,
                               const struct sspi_policy *policy, struct sspi_view *ret_scheme)
{
    struct http_authorization authorization;
    if (exchange->request.several_authorizations ||
        http_authorization_split(exchange->request.authorization, &authorization) !=
            HTTP_AUTHORIZATION_OK)
        return false;
    uint8_t package = package_of(authorization.scheme);
    *ret_scheme = authorization.scheme;
    return package == 0 || !http_options_lists(policy, package);
}

/* Evaluates the credentials, or continues the evaluation. Their scheme is offered. */
static enum http_outcome evaluate(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    if (exchange->request.several_authorizations)
        return refuse_malformed(exchange, HTTP_MESSAGE_SEVERAL_HEADERS,
                                "more than one Authorization header");
    struct http_authorization authorization;
    switch (http_authorization_split(exchange->request.authorization, &authorization)) {
    case HTTP_AUTHORIZATION_OK:
        break;
    case HTTP_AUTHORIZATION_EMPTY:
        return refuse_malformed(exchange, HTTP_MESSAGE_MALFORMED, "empty Authorization header");
    case HTTP_AUTHORIZATION_TOO_LARGE:
        return refuse_malformed(exchange, HTTP_MESSAGE_TOO_LARGE,
                                "Authorization header of more than 90000 bytes");
    case HTTP_AUTHORIZATION_MALFORMED:
        return refuse_malformed(exchange, HTTP_MESSAGE_MALFORMED,
                                "the Authorization header does not begin with a scheme's name, or "
                                "holds a control character");
    }

    uint8_t package = package_of(authorization.scheme);
    if (package == HTTP_PACKAGE_DIGEST)
        return http_digest_evaluate(exchange, policy, authorization.rest);
    return http_negotiate_evaluate(exchange, policy, package, authorization.rest);
}

/* With sspi_require, `optional` admits no anonymous request. (On httpd its own Require decides.) */
static bool admits_anonymous(const struct sspi_policy *policy)
{
    size_t n_words;
    (void)http_options_words(policy, SSPI_OPTION_REQUIRE, &n_words);
    return http_options_is_optional(policy) && n_words == 0;
}

/* A client that keeps its connection busy does not keep an unfinished exchange by that. */
static void drop_late(struct sspi_exchange *exchange)
{
    struct sspi_connection *connection = exchange->request.connection;
    const struct clock *clock = clock_machine();
    if (connection != NULL && connection->has_partial &&
        http_connection_is_late(connection, clock->steady_ms(clock->self)))
        http_connection_drop(connection);
}

/* Handles a request without credentials: it reuses the login kept on the connection if this policy
 * accepts that login; otherwise it admits the request as anonymous or challenges it. True: `result`
 * has the verdict. */
static bool decide_bare(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const char *why;
    if (exchange->outcome == HTTP_OUTCOME_PROVEN)
        return false;
    drop_late(exchange);
    if (http_login_use(exchange, policy, &why)) {
        exchange->outcome = HTTP_OUTCOME_PROVEN;
        return false;
    }
    if (admits_anonymous(policy)) {
        exchange->result.verdict = SSPI_ANONYMOUS;
        return true;
    }
    if (http_exchange_logs(exchange, HTTP_MESSAGE_CHALLENGED))
        http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_CHALLENGED, SEC_E_OK,
                            "no credentials, challenged%s%s",
                            why == NULL ? ""
                                        : "; the connection's login does not count: wanted is ",
                            why == NULL ? "" : why);
    http_answer_challenge(exchange, policy);
    return true;
}

/* True until the evaluation of the credentials is complete. */
static bool is_pending(enum http_outcome outcome)
{
    return outcome == HTTP_OUTCOME_NONE || outcome == HTTP_OUTCOME_WAIT ||
           outcome == HTTP_OUTCOME_ENTITY || outcome == HTTP_OUTCOME_HASH ||
           outcome == HTTP_OUTCOME_REREAD;
}

static void refuse_foreign(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           struct sspi_view scheme)
{
    char shown[40];
    http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_NOT_OFFERED,
                        SEC_E_SECPKG_NOT_FOUND,
                        "the client used the scheme %s, which is not offered",
                        escape_text(shown, sizeof(shown), scheme));
    http_answer_challenge(exchange, policy);
}

/* A realm from variables or an expression is known only with the request. */
static bool check_realm(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    char error[SSPI_ERROR_SIZE];
    if (sspi_policy_takes_realm(policy, exchange->realm, exchange->acceptor->config.server, error))
        return true;
    http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_CONFIGURATION, SEC_E_OK, "%s",
                        error);
    return false;
}

/* What the configuration must have for any verdict. False: a record says what is missing. */
static bool check_configuration(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const char *scheme, *lack;
    enum sspi_option missing;
    if (exchange->realm.len == 0 && http_options_lists(policy, HTTP_PACKAGE_DIGEST)) {
        scheme = "Digest";
        lack = "is empty";
        missing = SSPI_OPTION_REALM;
    } else if (http_options_lists(policy, HTTP_PACKAGE_NTLM) &&
               !http_options_runs(policy, HTTP_MECHANISM_NTLM)) {
        scheme = "NTLM";
        lack = "has no ntlm";
        missing = SSPI_OPTION_MECHANISMS;
    } else {
        return check_realm(exchange, policy);
    }
    http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_CONFIGURATION, SEC_E_OK,
                        "%s is offered but %s %s for this request", scheme,
                        sspi_option_info(missing)->name[exchange->acceptor->config.server], lack);
    return false;
}

/* What stands before any look at credentials. True: `result` has the verdict. */
static bool decide_without(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    struct sspi_view scheme;
    if (sspi_policy_number(policy, SSPI_OPTION_REQUIRE_TLS) == 1 && !exchange->request.tls) {
        http_messages_write(
            http_exchange_record(exchange), HTTP_MESSAGE_TLS_REQUIRED, SEC_E_OK,
            "credentials are only taken over TLS here and this connection is plain: "
            "redirect http to https");
        exchange->result.verdict = SSPI_FORBIDDEN;
        return true;
    }
    /* As on IIS, credentials of a scheme that is not offered are not for this location. They
     * neither use nor end the connection's login. Another location that offers the scheme may still
     * evaluate them. */
    bool foreign = has_foreign_scheme(exchange, policy, &scheme);
    if (foreign && admits_anonymous(policy)) {
        exchange->result.verdict = SSPI_ANONYMOUS;
        return true;
    }
    if (!check_configuration(exchange, policy)) {
        exchange->result.verdict = SSPI_ERROR;
        return true;
    }
    if (foreign && is_pending(exchange->outcome)) {
        refuse_foreign(exchange, policy, scheme);
        return true;
    }
    return !http_exchange_has_credentials(exchange) && decide_bare(exchange, policy);
}

/* A request without credentials does not wait for winbind. A login by a user file must know whether
 * its file changed. */
static bool uses_nt_users(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    if (!http_options_uses(policy, HTTP_MECHANISM_NTLM))
        return false;
    return http_exchange_has_credentials(exchange) ||
           http_login_is_by(exchange, http_resource_find(exchange->acceptor->resources, policy,
                                                         SSPI_OPTION_NTLM_USER_FILE));
}

static void hand_out_job(struct sspi_exchange *exchange)
{
    exchange->result.verdict = SSPI_MAY_BLOCK;
    exchange->result.job = sspi_job_reference(exchange->job);
}

/* A file that this policy uses changed: hands out the job that reads it again. */
static bool wants_job(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const struct {
        bool used;
        enum sspi_option option;
    } files[] = {
        {http_options_uses(policy, HTTP_MECHANISM_KERBEROS), SSPI_OPTION_KEYTAB},
        {uses_nt_users(exchange, policy), SSPI_OPTION_NTLM_USER_FILE},
        {http_options_lists(policy, HTTP_PACKAGE_DIGEST), SSPI_OPTION_DIGEST_USER_FILE},
    };
    const struct clock *clock = clock_machine();
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct http_resource *resource =
            files[i].used
                ? http_resource_find(exchange->acceptor->resources, policy, files[i].option)
                : NULL;
        if (resource == NULL)
            continue;
        exchange->job = http_resource_look(resource, clock->steady_ms(clock->self));
        if (exchange->job == NULL)
            continue;
        hand_out_job(exchange);
        return true;
    }
    return false;
}

/* What became of the job that an earlier step handed out. One that was left goes on or is found
 * again by a later look: until then the old contents serve. */
static void end_job(struct sspi_exchange *exchange)
{
    struct sspi_log_entry told;
    if (exchange->job == NULL)
        return;
    if (http_resource_outcome(exchange->job, &told))
        *http_exchange_record(exchange) = told;
    sspi_job_release(exchange->job);
    exchange->job = NULL;
}

/* Asks the server to look the user up at this place. */
static void ask_hash(struct sspi_exchange *exchange)
{
    struct http_lookup *lookup = &exchange->lookup;
    lookup->state = HTTP_LOOKUP_ASKED;
    bytes_free(&exchange->lookup_realm);
    bytes_append_view(&exchange->lookup_realm, exchange->realm);
    bytes_append_char(&exchange->lookup_realm, '\0');
    if (exchange->lookup_realm.failed) {
        (void)http_exchange_out_of_memory(exchange); /* the verdict is SSPI_ERROR */
        return;
    }
    exchange->result.verdict = SSPI_NEED_HASH;
    exchange->result.lookup_user = bytes_view(lookup->user);
    exchange->result.lookup_realm = bytes_view(exchange->lookup_realm.data);
}

/* A proof by one place's own lookup says nothing about another's: each place is asked. */
static bool wants_confirmation(const struct sspi_exchange *exchange,
                               const struct sspi_policy *policy)
{
    return exchange->lookup.has_proven && exchange->lookup.state == HTTP_LOOKUP_NONE &&
           http_options_has_provider(policy);
}

/* The user has no name in the form that the policy asks for. */
static void refuse_user_name(struct sspi_exchange *exchange, enum http_user_name named)
{
    const char *option =
        sspi_option_info(SSPI_OPTION_USER_NAME)->name[exchange->acceptor->config.server];
    char shown[160];
    escape_text(shown, sizeof(shown), bytes_view(exchange->proof.name));
    switch (named) {
    case HTTP_USER_NAME_NO_ACCOUNT:
        http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_NO_LOCAL_NAME, SEC_E_OK,
                            "auth_to_local in krb5.conf maps %s to no local account", shown);
        break;
    case HTTP_USER_NAME_AMBIGUOUS:
        http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_AMBIGUOUS_NAME, SEC_E_OK,
                            "%s would read as another user in the form that %s asks for; rename "
                            "the account, or use %s full",
                            shown, option, option);
        break;
    case HTTP_USER_NAME_GOOD:
    case HTTP_USER_NAME_NO_MEMORY:
        (void)http_exchange_out_of_memory(exchange); /* the verdict is SSPI_ERROR */
        return;
    }
    exchange->result.verdict = SSPI_FORBIDDEN;
}

static void decide_proven(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const char *why = "";
    char shown[160];
    struct sspi_view name = bytes_view(exchange->proof.name);
    if (wants_confirmation(exchange, policy)) {
        ask_hash(exchange);
        return;
    }
    bool covers = http_judge_covers(exchange, policy, &why);
    exchange->lookup.state = HTTP_LOOKUP_NONE; /* the answer was for this place alone */
    if (!covers) {
        http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_NOT_COVERED, SEC_E_OK,
                            "%s was proven under another policy; this place demands %s",
                            escape_text(shown, sizeof(shown), name), why);
        http_answer_challenge(exchange, policy);
        return;
    }
    if (!http_judge_allows(exchange, policy)) {
        http_messages_write(
            http_exchange_record(exchange), HTTP_MESSAGE_NOT_AUTHORIZED, SEC_E_OK,
            "%s%s is not one of the users that are required here, or is not bound to this channel",
            exchange->proof.package == HTTP_PACKAGE_DIGEST ? "digest:" : "",
            escape_text(shown, sizeof(shown), name));
        exchange->result.verdict = SSPI_FORBIDDEN;
        return;
    }
    free(exchange->user);
    exchange->user = NULL;
    enum http_user_name named = http_user_name_make(exchange, policy, &exchange->user);
    if (named == HTTP_USER_NAME_GOOD)
        http_answer_granted(exchange);
    else
        refuse_user_name(exchange, named);
}

static void begin_step(struct sspi_exchange *exchange, struct sspi_view realm)
{
    memset(&exchange->result, 0, sizeof(exchange->result));
    exchange->result.verdict = SSPI_ERROR;
    exchange->realm = realm;
    for (size_t i = 0; i < SSPI_HEADERS_LIMIT; i++)
        bytes_free(&exchange->header_text[i]);
}

/* Looks at the credentials until that comes to something, or to something that the server has to do
 * first. */
static void look(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    if (exchange->outcome == HTTP_OUTCOME_ENTITY &&
        exchange->entity.state == HTTP_ENTITY_OVER_LIMIT) {
        exchange->outcome = http_exchange_refuse_entity(exchange, exchange->entity.limit);
        return;
    }
    /* At most: the hash of the user, that of the body, and the answer. */
    for (int round = 0; round < 3; round++) {
        switch (exchange->outcome) {
        case HTTP_OUTCOME_NONE:
            http_login_end(exchange); /* new credentials */
            break;
        case HTTP_OUTCOME_WAIT:
        case HTTP_OUTCOME_REREAD:
            if (round > 0)
                return;
            break;
        case HTTP_OUTCOME_ENTITY:
            if (exchange->entity.state == HTTP_ENTITY_RUNNING)
                return;
            break;
        case HTTP_OUTCOME_HASH:
            if (exchange->lookup.state == HTTP_LOOKUP_ASKED)
                return;
            break;
        default:
            return;
        }
        exchange->outcome = evaluate(exchange, policy);
    }
}

void sspi_exchange_set_hash(struct sspi_exchange *exchange, struct sspi_view hex)
{
    struct http_lookup *lookup = &exchange->lookup;
    if (lookup->state != HTTP_LOOKUP_ASKED)
        return;
    lookup->state = hex.data != NULL && hex_decode(hex, lookup->hash_a1, sizeof(lookup->hash_a1))
                        ? HTTP_LOOKUP_FOUND
                        : HTTP_LOOKUP_UNKNOWN;
}

static void decide(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    if (wants_job(exchange, policy) || decide_without(exchange, policy))
        return;
    look(exchange, policy);
    switch (exchange->outcome) {
    case HTTP_OUTCOME_PROVEN:
        decide_proven(exchange, policy);
        break;
    case HTTP_OUTCOME_REFUSED:
        http_answer_challenge(exchange, policy);
        break;
    case HTTP_OUTCOME_CONTINUE:
        http_answer_continue(exchange);
        break;
    case HTTP_OUTCOME_ENTITY:
        exchange->result.verdict = SSPI_NEED_ENTITY;
        break;
    case HTTP_OUTCOME_HASH:
        ask_hash(exchange);
        break;
    case HTTP_OUTCOME_WAIT:
        exchange->result.verdict = SSPI_MAY_BLOCK;
        exchange->result.job = sspi_job_reference(&exchange->waiting->job);
        break;
    case HTTP_OUTCOME_REREAD:
        hand_out_job(exchange);
        break;
    case HTTP_OUTCOME_HTTP_1_1:
        exchange->result.verdict = SSPI_NEED_HTTP_1_1;
        break;
    case HTTP_OUTCOME_UNAVAILABLE:
        exchange->result.verdict = SSPI_UNAVAILABLE;
        break;
    case HTTP_OUTCOME_BAD_REQUEST:
        exchange->result.verdict = SSPI_BAD_REQUEST;
        break;
    case HTTP_OUTCOME_TOO_LARGE:
        exchange->result.verdict = SSPI_TOO_LARGE;
        break;
    case HTTP_OUTCOME_FORBIDDEN:
        exchange->result.verdict = SSPI_FORBIDDEN;
        break;
    case HTTP_OUTCOME_NONE:
    case HTTP_OUTCOME_ERROR:
        exchange->result.verdict = SSPI_ERROR;
        break;
    }
}

const struct sspi_result *sspi_exchange_step(struct sspi_exchange *exchange,
                                             const struct sspi_policy *policy,
                                             struct sspi_view realm)
{
    begin_step(exchange, realm);
    end_job(exchange);
    decide(exchange, policy);
    http_count_verdict(exchange);
    return &exchange->result;
}

const struct sspi_result *sspi_exchange_challenge(struct sspi_exchange *exchange,
                                                  const struct sspi_policy *policy,
                                                  struct sspi_view realm)
{
    begin_step(exchange, realm);
    http_answer_challenge(exchange, policy);
    return &exchange->result;
}

bool sspi_exchange_is_bound(const struct sspi_exchange *exchange)
{
    return exchange->result.verdict == SSPI_GRANTED && exchange->bound == PACKAGE_BOUND_MATCHED;
}

bool sspi_exchange_user_is(const struct sspi_exchange *exchange, struct sspi_view name)
{
    return exchange->result.verdict == SSPI_GRANTED && http_judge_user_is(&exchange->proof, name);
}
