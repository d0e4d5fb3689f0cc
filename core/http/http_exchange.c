/* SPDX-License-Identifier: Apache-2.0 */
#include "http_exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "escape.h"
#include "http_answer.h"
#include "http_authorization.h"
#include "http_judge.h"
#include "http_options.h"
#include "http_schemes.h"
#include "sspi_query.h"

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
    free(exchange->proof.name);
    free(exchange->proof.realm);
    free(exchange->proof.target);
    free(exchange->user);
    bytes_free(&exchange->negotiate_answer);
    for (size_t i = 0; i < SSPI_CHALLENGES_LIMIT; i++)
        bytes_free(&exchange->stale[i]);
    bytes_free(&exchange->stale_realm);
    for (size_t i = 0; i < SSPI_HEADERS_LIMIT; i++)
        bytes_free(&exchange->header_text[i]);
    free(exchange);
}

struct sspi_record *http_exchange_record(struct sspi_exchange *exchange)
{
    struct sspi_result *result = &exchange->result;
    if (result->n_records == SSPI_RECORDS_LIMIT)
        return &result->records[SSPI_RECORDS_LIMIT - 1];
    return &result->records[result->n_records++];
}

struct sspi_report http_exchange_report(void)
{
    return (struct sspi_report){SSPI_REASON_NONE, ""};
}

/* The client's fault is 401, or 400 where the request itself breaks a rule; ours is 500. */
static enum http_outcome outcome_of(SECURITY_STATUS status, enum sspi_reason reason)
{
    switch (reason) {
    case SSPI_REASON_CONFIGURATION:
    case SSPI_REASON_INTERNAL:
        return HTTP_OUTCOME_ERROR;
    case SSPI_REASON_MALFORMED:
    case SSPI_REASON_TOO_LARGE:
    case SSPI_REASON_WRONG_URI: /* RFC 7616 3.4.6: a uri of another resource is answered 400 */
        return status == SEC_E_INVALID_TOKEN ? HTTP_OUTCOME_BAD_REQUEST : HTTP_OUTCOME_REFUSED;
    default:
        break;
    }
    switch (status) {
    case SEC_E_INSUFFICIENT_MEMORY:
    case SEC_E_INTERNAL_ERROR:
    case SEC_E_INVALID_HANDLE:
    case SEC_E_NO_CREDENTIALS:
        return HTTP_OUTCOME_ERROR;
    default:
        return HTTP_OUTCOME_REFUSED;
    }
}

enum http_outcome http_exchange_refuse(struct sspi_exchange *exchange, SECURITY_STATUS status,
                                       const struct sspi_report *report)
{
    enum http_outcome outcome = outcome_of(status, report->reason);
    enum http_message message = report->reason == SSPI_REASON_NONE && outcome != HTTP_OUTCOME_ERROR
                                    ? HTTP_MESSAGE_MALFORMED
                                    : http_messages_of_reason(report->reason);
    http_messages_write(http_exchange_record(exchange), message, status, "%s",
                        report->text[0] == '\0' ? "no further detail" : report->text);
    return outcome;
}

struct http_resource *http_exchange_resource(struct sspi_exchange *exchange,
                                             const struct sspi_policy *policy,
                                             enum sspi_option option)
{
    struct http_resource *resource = http_acceptor_resource(exchange->acceptor, policy, option);
    if (resource == NULL) {
        const char *directive = sspi_option_info(option)->name[exchange->acceptor->config.server];
        http_messages_write(
            http_exchange_record(exchange), HTTP_MESSAGE_CONFIGURATION, SEC_E_OK,
            "no file was opened for %s at start: set %s where this request's policy "
            "holds, or in an outer scope",
            directive, directive);
        return NULL;
    }
    const struct sspi_clock *clock = clock_machine();
    struct sspi_record told;
    if (http_acceptor_refresh(resource, clock->steady_ms(clock->self), &told))
        *http_exchange_record(exchange) = told;
    return resource;
}

bool http_exchange_take_proof(struct sspi_exchange *exchange, CtxtHandle *context, uint8_t package,
                              const struct http_resource *resource)
{
    const struct sspi_context_info *info = sspi_context_info(context);
    struct http_proof *proof = &exchange->proof;
    if (info != NULL && info->name != NULL) {
        proof->name = strdup(info->name);
        proof->realm = info->realm == NULL ? NULL : strdup(info->realm);
        proof->target = info->target == NULL ? NULL : strdup(info->target);
    }
    if (info == NULL || proof->name == NULL || (info->realm != NULL && proof->realm == NULL) ||
        (info->target != NULL && proof->target == NULL)) {
        struct sspi_report report = http_exchange_report();
        report.reason = SSPI_REASON_INTERNAL;
        snprintf(report.text, sizeof(report.text), "an established context could not be read");
        (void)http_exchange_refuse(exchange, SEC_E_INTERNAL_ERROR, &report);
        return false;
    }
    proof->package = package;
    proof->mechanism = info->algorithm != NULL ? info->algorithm : info->mechanism->about.Name;
    proof->resource = resource;
    proof->bound = info->bound;
    proof->expiry_ms = info->expiry_ms;
    return true;
}

static enum http_outcome refuse_malformed(struct sspi_exchange *exchange, enum http_message message,
                                          const char *text)
{
    http_messages_write(http_exchange_record(exchange), message, SEC_E_INVALID_TOKEN, "%s", text);
    return HTTP_OUTCOME_BAD_REQUEST;
}

/* The first and only look at the credentials. */
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

    if (bytes_equal_nocase(authorization.scheme, SSPI_VIEW("Negotiate")) &&
        http_options_offers(policy, HTTP_PACKAGE_NEGOTIATE))
        return http_negotiate_evaluate(exchange, policy, authorization.rest);
    if (bytes_equal_nocase(authorization.scheme, SSPI_VIEW("Digest")) &&
        http_options_offers(policy, HTTP_PACKAGE_DIGEST))
        return http_digest_evaluate(exchange, policy, authorization.rest);
    char shown[40];
    http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_NOT_OFFERED,
                        SEC_E_SECPKG_NOT_FOUND,
                        "the client used the scheme %s, which is not offered",
                        escape_text(shown, sizeof(shown), authorization.scheme));
    return HTTP_OUTCOME_REFUSED;
}

/* What stands before any look at credentials. True: `result` has the verdict. */
static bool decide_without(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    if (sspi_policy_number(policy, SSPI_OPTION_REQUIRE_TLS) == 1 && !exchange->request.tls) {
        http_messages_write(
            http_exchange_record(exchange), HTTP_MESSAGE_TLS_REQUIRED, SEC_E_OK,
            "credentials are only taken over TLS here and this connection is plain: "
            "redirect http to https");
        exchange->result.verdict = SSPI_FORBIDDEN;
        return true;
    }
    if (exchange->realm.len == 0 && http_options_offers(policy, HTTP_PACKAGE_DIGEST)) {
        http_messages_write(
            http_exchange_record(exchange), HTTP_MESSAGE_CONFIGURATION, SEC_E_OK,
            "Digest is offered but %s is empty for this request",
            sspi_option_info(SSPI_OPTION_REALM)->name[exchange->acceptor->config.server]);
        exchange->result.verdict = SSPI_ERROR;
        return true;
    }
    if (exchange->request.authorization.data != NULL || exchange->request.several_authorizations)
        return false;
    if (http_options_is_optional(policy)) {
        exchange->result.verdict = SSPI_ANONYMOUS;
        return true;
    }
    http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_CHALLENGED, SEC_E_OK,
                        "no credentials, challenged");
    http_answer_challenge(exchange, policy);
    return true;
}

static void decide_proven(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const char *why = "";
    char shown[160];
    escape_text(shown, sizeof(shown), bytes_view(exchange->proof.name));
    if (!http_judge_covers(exchange, policy, &why)) {
        http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_NOT_COVERED, SEC_E_OK,
                            "%s was proven under another policy; this place demands %s", shown,
                            why);
        http_answer_challenge(exchange, policy);
        return;
    }
    if (!http_judge_allows(exchange, policy)) {
        http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_NOT_AUTHORIZED, SEC_E_OK,
                            "%s%s is none of the users required here",
                            exchange->proof.package == HTTP_PACKAGE_DIGEST ? "digest:" : "", shown);
        exchange->result.verdict = SSPI_FORBIDDEN;
        return;
    }
    free(exchange->user);
    exchange->user = http_judge_user_name(exchange, policy);
    if (exchange->user == NULL) {
        http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_NO_LOCAL_NAME, SEC_E_OK,
                            "auth_to_local in krb5.conf maps %s to no local account", shown);
        exchange->result.verdict = SSPI_FORBIDDEN;
        return;
    }
    http_answer_granted(exchange);
}

static void begin_step(struct sspi_exchange *exchange, struct sspi_view realm)
{
    memset(&exchange->result, 0, sizeof(exchange->result));
    exchange->result.verdict = SSPI_ERROR;
    exchange->realm = realm;
    for (size_t i = 0; i < SSPI_HEADERS_LIMIT; i++)
        bytes_free(&exchange->header_text[i]);
}

const struct sspi_result *sspi_exchange_step(struct sspi_exchange *exchange,
                                             const struct sspi_policy *policy,
                                             struct sspi_view realm)
{
    begin_step(exchange, realm);
    if (decide_without(exchange, policy))
        return &exchange->result;
    if (exchange->outcome == HTTP_OUTCOME_NONE)
        exchange->outcome = evaluate(exchange, policy);
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
    case HTTP_OUTCOME_BAD_REQUEST:
        exchange->result.verdict = SSPI_BAD_REQUEST;
        break;
    case HTTP_OUTCOME_FORBIDDEN:
        exchange->result.verdict = SSPI_FORBIDDEN;
        break;
    case HTTP_OUTCOME_NONE:
    case HTTP_OUTCOME_ERROR:
        exchange->result.verdict = SSPI_ERROR;
        break;
    }
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

bool sspi_exchange_user_is(const struct sspi_exchange *exchange, struct sspi_view name)
{
    return exchange->result.verdict == SSPI_GRANTED && http_judge_user_is(&exchange->proof, name);
}
