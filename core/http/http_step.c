/* SPDX-License-Identifier: Apache-2.0 */
/* One step: what a policy says to a request. The credentials are evaluated by the first step alone.
 */
#include "http_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "http_answer.h"
#include "http_authorization.h"
#include "http_judge.h"
#include "http_options.h"
#include "http_schemes.h"

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

/* Whoever names users does not mean nobody. (On httpd its own Require decides about that.) */
static bool nobody_passes(const struct sspi_policy *policy)
{
    size_t n_words;
    (void)http_options_words(policy, SSPI_OPTION_REQUIRE, &n_words);
    return http_options_is_optional(policy) && n_words == 0;
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
    if (nobody_passes(policy)) {
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
    struct sspi_view name = bytes_view(exchange->proof.name);
    if (!http_judge_covers(exchange, policy, &why)) {
        http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_NOT_COVERED, SEC_E_OK,
                            "%s was proven under another policy; this place demands %s",
                            escape_text(shown, sizeof(shown), name), why);
        http_answer_challenge(exchange, policy);
        return;
    }
    if (!http_judge_allows(exchange, policy)) {
        http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_NOT_AUTHORIZED, SEC_E_OK,
                            "%s%s is none of the users required here",
                            exchange->proof.package == HTTP_PACKAGE_DIGEST ? "digest:" : "",
                            escape_text(shown, sizeof(shown), name));
        exchange->result.verdict = SSPI_FORBIDDEN;
        return;
    }
    free(exchange->user);
    exchange->user = http_judge_user_name(exchange, policy);
    if (exchange->user == NULL) {
        http_messages_write(http_exchange_record(exchange), HTTP_MESSAGE_NO_LOCAL_NAME, SEC_E_OK,
                            "auth_to_local in krb5.conf maps %s to no local account",
                            escape_text(shown, sizeof(shown), name));
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
