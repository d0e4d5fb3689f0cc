/* SPDX-License-Identifier: Apache-2.0 */
#include "http_bindings.h"

#include <string.h>

#include "http_options.h"

bool http_bindings_collect(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           struct http_bindings *ret_bindings, enum http_outcome *ret_outcome)
{
    ret_bindings->n_items = 0;
    ret_bindings->requirements = 0;
    uint64_t wanted = sspi_policy_number(policy, SSPI_OPTION_CHANNEL_BINDING);
    if (wanted == HTTP_BINDING_NONE)
        return true;
    if (!exchange->request.tls) {
        if (wanted == HTTP_BINDING_ALLOW)
            return true;
        http_messages_write(
            http_exchange_record(exchange), HTTP_MESSAGE_TLS_REQUIRED, SEC_E_BAD_BINDINGS,
            "channel binding is required, but the connection is not TLS: use https");
        *ret_outcome = HTTP_OUTCOME_FORBIDDEN;
        return false;
    }

    struct binding_candidates scratch;
    const struct binding_candidates *known =
        exchange->request.ssl == NULL
            ? NULL
            : binding_table_find(exchange->acceptor->tls, exchange->request.ssl, &scratch);
    for (size_t i = 0; known != NULL && i < known->n_items; i++) {
        SEC_CHANNEL_BINDINGS *head = &ret_bindings->item[i].head;
        memset(head, 0, sizeof(*head));
        head->cbApplicationDataLength = (ULONG)known->item[i].len;
        head->dwApplicationDataOffset = sizeof(*head);
        memcpy(ret_bindings->item[i].data, known->item[i].data, known->item[i].len);
        ret_bindings->n_items++;
    }
    exchange->bindings_unknown = ret_bindings->n_items == 0;
    if (ret_bindings->n_items > 0 && wanted == HTTP_BINDING_ALLOW)
        ret_bindings->requirements = ASC_REQ_ALLOW_MISSING_BINDINGS;
    if (ret_bindings->n_items > 0 || wanted == HTTP_BINDING_ALLOW)
        return true;
    http_messages_write(
        http_exchange_record(exchange), HTTP_MESSAGE_NO_CANDIDATE, SEC_E_BAD_BINDINGS,
        "channel binding is required, but this server's certificate is not known or "
        "its signature has no single hash: use an RSA or ECDSA certificate");
    *ret_outcome = HTTP_OUTCOME_ERROR;
    return false;
}

ULONG http_bindings_buffers(struct http_bindings *bindings, SecBuffer *buffers)
{
    for (size_t i = 0; i < bindings->n_items; i++)
        buffers[i] = (SecBuffer){
            (ULONG)(sizeof(SEC_CHANNEL_BINDINGS) + bindings->item[i].head.cbApplicationDataLength),
            SECBUFFER_CHANNEL_BINDINGS | SECBUFFER_READONLY, &bindings->item[i]};
    return (ULONG)bindings->n_items;
}
