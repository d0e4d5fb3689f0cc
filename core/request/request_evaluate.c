/* SPDX-License-Identifier: Apache-2.0 */
#include "request_evaluate.h"

#include "request_authorization.h"
#include "request_basic.h"
#include "request_digest.h"
#include "request_login.h"
#include "request_negotiate.h"

static enum sspi_reason refuse_malformed(struct sspi_exchange *exchange, enum sspi_reason reason,
                                         const char *text)
{
    return request_exchange_log(exchange, reason, SEC_E_INVALID_TOKEN, "%s", text);
}

/* Returns SSPI_SCHEME_*; SSPI_SCHEME_NONE: another scheme, such as Bearer. */
static uint8_t scheme_of_name(struct sspi_view scheme)
{
    if (bytes_equal_nocase(scheme, SSPI_VIEW("Negotiate")))
        return SSPI_SCHEME_NEGOTIATE;
    if (bytes_equal_nocase(scheme, SSPI_VIEW("NTLM")))
        return SSPI_SCHEME_NTLM;
    if (bytes_equal_nocase(scheme, SSPI_VIEW("Basic")))
        return SSPI_SCHEME_BASIC;
    return bytes_equal_nocase(scheme, SSPI_VIEW("Digest")) ? SSPI_SCHEME_DIGEST : SSPI_SCHEME_NONE;
}

/* False: there is no header, or not one that is well-formed. */
static bool split(const struct sspi_exchange *exchange, struct request_authorization *ret_split)
{
    return !exchange->request.several_authorizations &&
           request_authorization_split(exchange->request.authorization, ret_split) ==
               REQUEST_AUTHORIZATION_OK;
}

uint8_t request_evaluate_scheme(const struct sspi_exchange *exchange)
{
    struct request_authorization authorization;
    return split(exchange, &authorization) ? scheme_of_name(authorization.scheme)
                                           : SSPI_SCHEME_NONE;
}

bool request_evaluate_has_foreign_scheme(const struct sspi_exchange *exchange,
                                         const struct sspi_policy *policy,
                                         struct sspi_view *ret_scheme)
{
    struct request_authorization authorization;
    if (!split(exchange, &authorization))
        return false;
    uint8_t scheme = scheme_of_name(authorization.scheme);
    *ret_scheme = authorization.scheme;
    return scheme == SSPI_SCHEME_NONE || !policy->schemes.offers[scheme];
}

bool sspi_exchange_hides_authorization(const struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy)
{
    return policy->proxy_negotiate.n > 0 ||
           (exchange != NULL && exchange->header_is_ours && !policy->forward_authorization);
}

/* Evaluates the header's credentials, whose scheme is offered, or continues their evaluation. */
static enum sspi_reason evaluate_header(struct sspi_exchange *exchange,
                                        const struct sspi_policy *policy)
{
    exchange->header_is_ours = true;
    if (exchange->request.several_authorizations)
        return refuse_malformed(exchange, SSPI_REASON_SEVERAL_HEADERS,
                                "the request has more than one Authorization header");
    struct request_authorization authorization;
    switch (request_authorization_split(exchange->request.authorization, &authorization)) {
    case REQUEST_AUTHORIZATION_OK:
        break;
    case REQUEST_AUTHORIZATION_EMPTY:
        return refuse_malformed(exchange, SSPI_REASON_MALFORMED,
                                "the Authorization header is empty");
    case REQUEST_AUTHORIZATION_TOO_LARGE:
        return refuse_malformed(exchange, SSPI_REASON_TOO_LARGE,
                                "the Authorization header has more than 90000 bytes");
    case REQUEST_AUTHORIZATION_MALFORMED:
        return refuse_malformed(exchange, SSPI_REASON_MALFORMED,
                                "the Authorization header does not begin with a scheme's name, or "
                                "holds a control character");
    }

    uint8_t scheme = scheme_of_name(authorization.scheme);
    if (scheme == SSPI_SCHEME_DIGEST)
        return request_digest_evaluate(exchange, policy, authorization.rest);
    if (scheme == SSPI_SCHEME_BASIC)
        return request_basic_evaluate(exchange, policy, authorization.rest);
    return request_negotiate_evaluate(exchange, policy, scheme, authorization.rest);
}

/* True if the server has served the need. A job or a delay is served in round 0, which begins
 * the step: the server ran or released the job before, or has waited. One that this step began is
 * not. */
static bool is_served(const struct sspi_exchange *exchange, int round)
{
    switch (exchange->need) {
    case SSPI_NEED_NONE:
        return true;
    case SSPI_NEED_ENTITY:
        return exchange->entity.state != REQUEST_ENTITY_RUNNING;
    case SSPI_NEED_HASH:
        return exchange->lookup.state != REQUEST_LOOKUP_ASKED;
    case SSPI_NEED_JOB:
    case SSPI_NEED_WAIT:
        return round == 0;
    case SSPI_NEED_HTTP_1_1:
        break;
    }
    return false;
}

void request_evaluate(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    if (exchange->need == SSPI_NEED_ENTITY && exchange->entity.state == REQUEST_ENTITY_OVER_LIMIT) {
        exchange->need = SSPI_NEED_NONE;
        exchange->reason = request_exchange_refuse_entity(exchange, exchange->entity.limit);
        return;
    }
    if (exchange->reason == SSPI_REASON_NONE && exchange->need == SSPI_NEED_NONE)
        request_login_end(exchange);
    /* A step evaluates at most three times: without the hashes of body and user, with one of them,
     * and with both. */
    for (int round = 0; round < 3; round++) {
        if (exchange->reason != SSPI_REASON_NONE || !is_served(exchange, round))
            return;
        exchange->need = SSPI_NEED_NONE;
        exchange->reason = evaluate_header(exchange, policy);
    }
}
