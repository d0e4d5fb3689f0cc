/* SPDX-License-Identifier: Apache-2.0 */
#include "request_bindings.h"

#include <string.h>

#include "binding_channel.h"
#include "binding_session.h"
#include "error_info.h"

static void add(struct request_bindings *bindings, const struct binding *binding)
{
    if (bindings->n_items < PACKAGE_BINDINGS_LIMIT)
        bindings->item[bindings->n_items++] = *binding;
}

static void add_all(struct request_bindings *bindings, const struct binding_candidates *candidates)
{
    for (size_t i = 0; candidates != NULL && i < candidates->n_items; i++)
        add(bindings, &candidates->item[i]);
}

/* Adds the bindings of the channel that ends at this server. */
static void add_own(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                    struct request_bindings *bindings)
{
    SSL *ssl = exchange->request.ssl;
    struct binding_candidates scratch;
    struct binding made;
    if (ssl == NULL)
        return;
    if (policy->channel_types.offers[SSPI_CHANNEL_TYPE_END_POINT])
        add_all(bindings, binding_table_find(exchange->acceptor->tls, ssl,
                                             exchange->request.host_tls, &scratch));
    if (policy->channel_types.offers[SSPI_CHANNEL_TYPE_EXPORTER] &&
        binding_from_exporter(ssl, &made))
        add(bindings, &made);
    if (policy->channel_types.offers[SSPI_CHANNEL_TYPE_UNIQUE] && binding_from_finished(ssl, &made))
        add(bindings, &made);
}

/* Adds those of channels that end at a front end. False: their certificates were not opened at
 * start. */
static bool add_front_ends(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           struct request_bindings *bindings)
{
    if (!sspi_policy_is_set(policy, SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE))
        return true;
    const struct acceptor_source *front_ends =
        request_exchange_source(exchange, policy, SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE);
    if (front_ends == NULL)
        return false;
    add_all(bindings, front_ends->certificates);
    return true;
}

/* True if the hosts differ that the client chose: by SNI for its TLS connection, and in its
 * request.
 */
static bool names_other_host(const struct sspi_request *request)
{
    return request->ssl != NULL && request->host_tls != NULL &&
           request->host_tls != SSL_get_SSL_CTX(request->ssl);
}

/* The reason is in the client's connection: on another connection the server could compare. */
static enum sspi_reason forbid(struct sspi_exchange *exchange, enum sspi_reason reason,
                               const char *why)
{
    return request_exchange_log(exchange, reason, SEC_E_BAD_BINDINGS,
                                "channel binding is required, but %s", why);
}

/* A binding is demanded and there is none to compare with. 403 if another TLS connection of the
 * client would have one, otherwise 500. */
static enum sspi_reason refuse(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const struct sspi_request *request = &exchange->request;
    if (!request->tls)
        return forbid(exchange, SSPI_REASON_TLS_REQUIRED,
                      "the connection is not TLS: use https; behind a TLS front end, configure its "
                      "certificate, or configure that there is a front end");
    if (names_other_host(request))
        return forbid(exchange, SSPI_REASON_NO_CHANNEL,
                      "the request names another host than its TLS connection, and the "
                      "certificate of that host is not known");
    if (!policy->channel_types.offers[SSPI_CHANNEL_TYPE_END_POINT])
        return forbid(exchange, SSPI_REASON_NO_CHANNEL,
                      "the client's version of TLS supports no configured type: tls-exporter needs "
                      "TLS 1.3, or 1.2 with extended master secret, tls-unique "
                      "1.2 with it");
    if (request->ssl != NULL && binding_session_began_elsewhere(request->ssl))
        return forbid(exchange, SSPI_REASON_NO_CHANNEL,
                      "the client resumed a TLS session that began under another server name, and "
                      "the server does not know the certificate of that name");
    return request_exchange_log(
        exchange, SSPI_REASON_NO_CANDIDATE, SEC_E_BAD_BINDINGS,
        "channel binding is required, but nothing names this connection. The server's certificate "
        "is not known, or its signature has no single hash (use an RSA or ECDSA certificate)");
}

static enum binding_end end_of(const struct sspi_policy *policy)
{
    if (policy->protection.offers[SSPI_PROTECTION_PROXY_COHOSTING])
        return BINDING_END_MIXED;
    return policy->protection.offers[SSPI_PROTECTION_PROXY] ? BINDING_END_UNKNOWN
                                                            : BINDING_END_KNOWN;
}

static void fill_rules(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                       struct binding_rules *ret_rules)
{
    static const enum binding_mode modes[] = {
        [SSPI_BINDING_NONE] = BINDING_MODE_NONE,
        [SSPI_BINDING_ALLOW] = BINDING_MODE_ALLOW,
        [SSPI_BINDING_REQUIRE] = BINDING_MODE_REQUIRE,
    };
    struct binding_rules rules = {
        .mode = modes[policy->channel_binding],
        .end = end_of(policy),
        .plain = !exchange->request.tls &&
                 !sspi_policy_is_set(policy, SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE),
        .services = policy->service_names.words,
        .n_services = policy->service_names.n,
        .refuses_dotless = sspi_policy_is_set(policy, SSPI_OPTION_SERVICE_NAME) &&
                           !policy->protection.offers[SSPI_PROTECTION_ALLOW_DOTLESS_SPN],
    };
    rules.checks_client_names = rules.mode != BINDING_MODE_NONE &&
                                !policy->protection.offers[SSPI_PROTECTION_NO_SERVICE_NAME_CHECK];
    *ret_rules = rules;
}

static bool is_compared(const struct binding_rules *rules)
{
    return rules->mode != BINDING_MODE_NONE && rules->end == BINDING_END_KNOWN;
}

bool request_bindings_find(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           struct request_bindings *ret_bindings)
{
    ret_bindings->n_items = 0;
    fill_rules(exchange, policy, &ret_bindings->rules);
    if (!is_compared(&ret_bindings->rules))
        return true;
    if (!add_front_ends(exchange, policy, ret_bindings))
        return false;
    add_own(exchange, policy, ret_bindings);
    return true;
}

enum sspi_reason request_bindings_collect(struct sspi_exchange *exchange,
                                          const struct sspi_policy *policy,
                                          struct request_bindings *ret_bindings)
{
    if (!request_bindings_find(exchange, policy, ret_bindings))
        return SSPI_REASON_CONFIGURATION;
    bool demanded =
        ret_bindings->rules.mode == BINDING_MODE_REQUIRE && is_compared(&ret_bindings->rules);
    return ret_bindings->n_items > 0 || !demanded ? SSPI_REASON_NONE : refuse(exchange, policy);
}

const struct binding_rules *request_bindings_rules(struct request_bindings *bindings)
{
    for (size_t i = 0; i < bindings->n_items; i++)
        bindings->view[i] = (struct package_channel_binding){
            .application = {(const char *)bindings->item[i].data, bindings->item[i].len}};
    bindings->rules.bindings = bindings->view;
    bindings->rules.n_bindings = bindings->n_items;
    return &bindings->rules;
}

void request_bindings_drop_services(struct request_bindings *bindings)
{
    bindings->rules.services = NULL;
    bindings->rules.n_services = 0;
    bindings->rules.checks_client_names = false;
}

/* A cookie says nothing about the channel. Where a channel is demanded, no session counts. */
static SECURITY_STATUS check_session(struct sspi_exchange *exchange,
                                     const struct sspi_policy *policy,
                                     const struct binding_facts *facts,
                                     struct sspi_error_info *error_info)
{
    struct binding_rules rules;
    fill_rules(exchange, policy, &rules);
    exchange->bound = PACKAGE_BOUND_UNCHECKED;
    if (rules.mode == BINDING_MODE_REQUIRE)
        return error_info_refuse(error_info, SEC_E_BAD_BINDINGS, SSPI_REASON_MISSING_BINDING,
                                 "a session proves no channel");
    if (binding_check_service(&rules, facts, exchange->bound) == BINDING_ACCEPTED)
        return SEC_E_OK;
    return binding_check_refuse_service(&rules, facts, error_info);
}

SECURITY_STATUS request_bindings_check(struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy,
                                       struct sspi_error_info *error_info)
{
    const struct policy_identity *identity = &exchange->identity;
    const struct binding_facts facts = {
        .channel = identity->channel,
        .service = bytes_view(identity->target),
        .service_proven = identity->target_proven,
    };
    struct request_bindings bindings;
    if (exchange->from_session)
        return check_session(exchange, policy, &facts, error_info);
    if (!request_bindings_find(exchange, policy, &bindings))
        return error_info_refuse(error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_CONFIGURATION,
                                 "the front ends' certificates were not opened at start");
    SECURITY_STATUS status =
        binding_check(request_bindings_rules(&bindings), &facts, &exchange->acceptor->hashes,
                      &exchange->bound, error_info);
    /* A connection without TLS has no channel. */
    if (status == SEC_E_OK && bindings.rules.plain && exchange->bound != PACKAGE_BOUND_PROXY)
        exchange->bound = PACKAGE_BOUND_UNCHECKED;
    return status;
}
