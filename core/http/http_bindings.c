/* SPDX-License-Identifier: Apache-2.0 */
#include "http_bindings.h"

#include <string.h>

#include "binding_channel.h"
#include "http_options.h"

static void add(struct http_bindings *bindings, const struct binding *binding)
{
    if (bindings->n_items == SSPI_BINDINGS_LIMIT)
        return;
    SEC_CHANNEL_BINDINGS *head = &bindings->item[bindings->n_items].head;
    memset(head, 0, sizeof(*head));
    head->cbApplicationDataLength = (ULONG)binding->len;
    head->dwApplicationDataOffset = sizeof(*head);
    memcpy(bindings->item[bindings->n_items].data, binding->data, binding->len);
    bindings->n_items++;
}

static void add_all(struct http_bindings *bindings, const struct binding_candidates *candidates)
{
    for (size_t i = 0; candidates != NULL && i < candidates->n_items; i++)
        add(bindings, &candidates->item[i]);
}

/* What names the channel that ends here. */
static void add_own(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                    struct http_bindings *bindings)
{
    SSL *ssl = exchange->request.ssl;
    struct binding_candidates scratch;
    struct binding made;
    if (ssl == NULL)
        return;
    if (http_options_binds_by(policy, HTTP_BINDING_END_POINT))
        add_all(bindings, binding_table_find(exchange->acceptor->tls, ssl, &scratch));
    if (http_options_binds_by(policy, HTTP_BINDING_EXPORTER) && binding_from_exporter(ssl, &made))
        add(bindings, &made);
    if (http_options_binds_by(policy, HTTP_BINDING_UNIQUE) && binding_from_finished(ssl, &made))
        add(bindings, &made);
}

/* Channels that end in front of us. False: their certificates were not opened at start. */
static bool add_front_ends(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           struct http_bindings *bindings)
{
    if (!http_options_is_set(policy, SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE))
        return true;
    const struct http_resource *front_ends =
        http_exchange_resource(exchange, policy, SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE);
    if (front_ends == NULL)
        return false;
    add_all(bindings, front_ends->certificates);
    return true;
}

bool http_bindings_may_end_before(const struct sspi_policy *policy)
{
    return http_options_protects(policy, HTTP_PROTECTION_PROXY) ||
           http_options_is_set(policy, SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE);
}

/* A binding is demanded and there is none to compare with: the client's fault where another TLS
 * would have one. */
static bool refuse(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                   enum http_outcome *ret_outcome)
{
    if (!exchange->request.tls) {
        http_messages_write(
            http_exchange_record(exchange), HTTP_MESSAGE_TLS_REQUIRED, SEC_E_BAD_BINDINGS,
            "channel binding is required, but the connection is not TLS: use https; behind a TLS "
            "front end name its certificate, or say that there is one");
        *ret_outcome = HTTP_OUTCOME_FORBIDDEN;
        return false;
    }
    if (!http_options_binds_by(policy, HTTP_BINDING_END_POINT)) {
        http_messages_write(
            http_exchange_record(exchange), HTTP_MESSAGE_NO_CANDIDATE, SEC_E_BAD_BINDINGS,
            "channel binding is required, but the client's version of TLS has none of the types "
            "that are set: tls-exporter needs TLS 1.3, or 1.2 with extended master secret, "
            "tls-unique 1.2 with it");
        *ret_outcome = HTTP_OUTCOME_FORBIDDEN;
        return false;
    }
    http_messages_write(
        http_exchange_record(exchange), HTTP_MESSAGE_NO_CANDIDATE, SEC_E_BAD_BINDINGS,
        "channel binding is required, but nothing names this connection: the server's certificate "
        "is not known or its signature has no single hash (use an RSA or ECDSA certificate)");
    *ret_outcome = HTTP_OUTCOME_ERROR;
    return false;
}

bool http_bindings_find(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        struct http_bindings *ret_bindings)
{
    uint64_t wanted = sspi_policy_number(policy, SSPI_OPTION_CHANNEL_BINDING);
    ret_bindings->n_items = 0;
    ret_bindings->requirements = 0;
    ret_bindings->tells = false;
    if (wanted == HTTP_BINDING_NONE || http_options_protects(policy, HTTP_PROTECTION_COHOSTING))
        return true;
    if (http_options_protects(policy, HTTP_PROTECTION_PROXY)) {
        ret_bindings->requirements = wanted == HTTP_BINDING_REQUIRE ? ASC_REQ_PROXY_BINDINGS : 0;
        ret_bindings->tells = true;
        return true;
    }
    if (!add_front_ends(exchange, policy, ret_bindings))
        return false;
    add_own(exchange, policy, ret_bindings);
    exchange->bindings_unknown = exchange->request.tls && ret_bindings->n_items == 0;
    if (ret_bindings->n_items > 0 && wanted == HTTP_BINDING_ALLOW)
        ret_bindings->requirements = ASC_REQ_ALLOW_MISSING_BINDINGS;
    return true;
}

bool http_bindings_collect(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           struct http_bindings *ret_bindings, enum http_outcome *ret_outcome)
{
    bool compared =
        sspi_policy_number(policy, SSPI_OPTION_CHANNEL_BINDING) == HTTP_BINDING_REQUIRE &&
        !http_options_protects(policy, HTTP_PROTECTION_PROXY);
    if (!http_bindings_find(exchange, policy, ret_bindings)) {
        *ret_outcome = HTTP_OUTCOME_ERROR;
        return false;
    }
    return ret_bindings->n_items > 0 || !compared || refuse(exchange, policy, ret_outcome);
}

ULONG http_bindings_buffers(struct http_bindings *bindings, SecBuffer *buffers)
{
    for (size_t i = 0; i < bindings->n_items; i++)
        buffers[i] = (SecBuffer){
            (ULONG)(sizeof(SEC_CHANNEL_BINDINGS) + bindings->item[i].head.cbApplicationDataLength),
            SECBUFFER_CHANNEL_BINDINGS | SECBUFFER_READONLY, &bindings->item[i]};
    return (ULONG)bindings->n_items;
}
