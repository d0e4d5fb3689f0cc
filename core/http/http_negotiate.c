/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base64.h"
#include "clock.h"
#include "http_options.h"
#include "http_schemes.h"
#include "report.h"

/* The channel bindings of one call, in the layout of SEC_CHANNEL_BINDINGS. */
struct bindings {
    struct {
        SEC_CHANNEL_BINDINGS head;
        uint8_t data[BINDING_MAX_SIZE];
    } item[BINDING_CANDIDATES_LIMIT];
    size_t n_items;
};

/* Fills in what the client may be bound to. False: the policy demands a binding and there is
 * nothing to compare with; *ret_outcome then tells what to answer. */
static bool collect_bindings(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                             struct bindings *bindings, enum http_outcome *ret_outcome)
{
    bindings->n_items = 0;
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
        SEC_CHANNEL_BINDINGS *head = &bindings->item[i].head;
        memset(head, 0, sizeof(*head));
        head->cbApplicationDataLength = (ULONG)known->item[i].len;
        head->dwApplicationDataOffset = sizeof(*head);
        memcpy(bindings->item[i].data, known->item[i].data, known->item[i].len);
        bindings->n_items++;
    }
    exchange->bindings_unknown = bindings->n_items == 0;
    if (bindings->n_items > 0 || wanted == HTTP_BINDING_ALLOW)
        return true;
    http_messages_write(
        http_exchange_record(exchange), HTTP_MESSAGE_NO_CANDIDATE, SEC_E_BAD_BINDINGS,
        "channel binding is required, but this server's certificate is not known or "
        "its signature has no single hash: use an RSA or ECDSA certificate");
    *ret_outcome = HTTP_OUTCOME_ERROR;
    return false;
}

static enum http_outcome decode_token(struct sspi_exchange *exchange, struct sspi_view text,
                                      struct bytes *ret_token)
{
    struct sspi_report report;
    switch (base64_decode(text, SSPI_TOKEN_LIMIT, ret_token)) {
    case BASE64_OK:
        return HTTP_OUTCOME_NONE;
    case BASE64_TOO_LARGE:
        report_write(&report, SSPI_REASON_TOO_LARGE, "Negotiate token of more than %d bytes",
                     SSPI_TOKEN_LIMIT);
        break;
    case BASE64_MALFORMED:
        /* Two header lines reach httpd's modules joined by a comma, which is no base64. */
        report_write(
            &report, SSPI_REASON_MALFORMED, "the Negotiate token is not base64%s",
            memchr(text.data, ',', text.len) == NULL
                ? ""
                : "; it holds a comma, as when more than one Authorization header was sent");
        break;
    case BASE64_NO_MEMORY:
    default:
        report_write(&report, SSPI_REASON_INTERNAL, "out of memory");
        return http_exchange_refuse(exchange, SEC_E_INSUFFICIENT_MEMORY, &report);
    }
    return http_exchange_refuse(exchange, SEC_E_INVALID_TOKEN, &report);
}

/* SPNEGO's NegTokenResp: the client's answer within an exchange ([1], RFC 4178 4.2). Anything else
 * begins a new one. */
static bool continues(struct sspi_view token)
{
    return token.len > 0 && (unsigned char)token.data[0] == 0xA1;
}

static enum http_outcome refuse_legs(struct sspi_exchange *exchange, SECURITY_STATUS status,
                                     const char *text)
{
    struct sspi_report report;
    report_write(&report, SSPI_REASON_LEGS, "%s", text);
    return http_exchange_refuse(exchange, status, &report);
}

/* Whether this token continues the connection's unfinished context; otherwise it begins a new
 * exchange. False: it was to continue one that is not here or took too long. That is 401 with a
 * bare challenge, because an honest client whose connection was closed must be able to begin anew.
 */
static bool resume(struct sspi_exchange *exchange, const struct http_credential *credential,
                   struct sspi_view token, uint64_t now_ms, bool *ret_resumed)
{
    struct sspi_connection *connection = exchange->request.connection;
    bool has_partial = connection != NULL && connection->has_partial;
    *ret_resumed = false;
    if (!continues(token) || !has_partial || connection->credential != credential) {
        if (has_partial)
            http_connection_drop(connection);
        if (!continues(token))
            return true;
        (void)refuse_legs(
            exchange, SEC_E_INVALID_TOKEN,
            "the middle of a negotiation whose beginning is not known here: the client "
            "changed the connection or the place, or a proxy shares connections");
        return false;
    }
    if (now_ms - connection->began_ms > HTTP_CONNECTION_EXCHANGE_MS) {
        http_connection_drop(connection);
        (void)refuse_legs(exchange, SEC_E_LOGON_DENIED,
                          "a Negotiate exchange took too long between its legs");
        return false;
    }
    *ret_resumed = true;
    return true;
}

/* One AcceptSecurityContext call with this token. */
static SECURITY_STATUS call_accept(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                                   struct http_credential *credential, PCtxtHandle context,
                                   bool resumed, struct sspi_view token, struct bindings *bindings,
                                   struct sspi_report *report)
{
    SecBuffer in[1 + BINDING_CANDIDATES_LIMIT] = {
        {(ULONG)token.len, SECBUFFER_TOKEN, (void *)(uintptr_t)token.data}};
    for (size_t i = 0; i < bindings->n_items; i++)
        in[1 + i] = (SecBuffer){
            (ULONG)(sizeof(SEC_CHANNEL_BINDINGS) + bindings->item[i].head.cbApplicationDataLength),
            SECBUFFER_CHANNEL_BINDINGS | SECBUFFER_READONLY, &bindings->item[i]};
    SecBufferDesc input = {SECBUFFER_VERSION, (ULONG)(1 + bindings->n_items), in};
    SecBuffer out[2] = {{0, SECBUFFER_TOKEN, NULL},
                        {sizeof(*report), SECBUFFER_SSPI_REPORT, report}};
    SecBufferDesc output = {SECBUFFER_VERSION, 2, out};

    ULONG requirements = ASC_REQ_ALLOCATE_MEMORY | ASC_REQ_CONNECTION;
    if (bindings->n_items > 0 &&
        sspi_policy_number(policy, SSPI_OPTION_CHANNEL_BINDING) != HTTP_BINDING_REQUIRE)
        requirements |= ASC_REQ_ALLOW_MISSING_BINDINGS;
    ULONG attributes = 0;
    SECURITY_STATUS status = AcceptSecurityContext(
        http_credentials_handle(credential), resumed ? context : NULL, &input, requirements,
        SECURITY_NETWORK_DREP, context, &output, &attributes, NULL);
    /* A refused client learns nothing: its error token is not sent. */
    if (out[0].pvBuffer != NULL && (status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED))
        base64_encode(&exchange->negotiate_answer,
                      (struct sspi_view){out[0].pvBuffer, out[0].cbBuffer});
    if (out[0].pvBuffer != NULL)
        FreeContextBuffer(out[0].pvBuffer);
    return status;
}

/* Keeps an unfinished context for the next leg; it takes over context and credential on CONTINUE.
 */
static enum http_outcome keep_partial(struct sspi_exchange *exchange, PCtxtHandle context,
                                      struct http_credential **credential, uint64_t began_ms)
{
    struct sspi_connection *connection = exchange->request.connection;
    if (connection == NULL)
        return refuse_legs(exchange, SEC_E_UNSUPPORTED_FUNCTION,
                           "the client began a Negotiate exchange of several legs on HTTP/2, where "
                           "it cannot run; it would work over HTTP/1.1");
    http_connection_keep(connection, context, *credential, began_ms);
    *credential = NULL;
    return HTTP_OUTCOME_CONTINUE;
}

static enum http_outcome accept_token(struct sspi_exchange *exchange,
                                      const struct sspi_policy *policy,
                                      const struct http_resource *resource,
                                      struct http_credential **credential, struct sspi_view token,
                                      struct bindings *bindings)
{
    struct sspi_connection *connection = exchange->request.connection;
    const struct sspi_clock *clock = clock_machine();
    uint64_t now_ms = clock->steady_ms(clock->self), began_ms = now_ms;
    bool resumed;
    if (!resume(exchange, *credential, token, now_ms, &resumed))
        return HTTP_OUTCOME_REFUSED;

    CtxtHandle context;
    SecInvalidateHandle(&context);
    if (resumed)
        http_connection_take(connection, &context, &began_ms);
    struct sspi_report report = {0};
    SECURITY_STATUS status =
        call_accept(exchange, policy, *credential, &context, resumed, token, bindings, &report);
    enum http_outcome outcome;
    if (status == SEC_E_OK)
        outcome = http_exchange_take_proof(exchange, &context, HTTP_PACKAGE_NEGOTIATE, resource)
                      ? HTTP_OUTCOME_PROVEN
                      : HTTP_OUTCOME_ERROR;
    else if (status == SEC_I_CONTINUE_NEEDED)
        outcome = keep_partial(exchange, &context, credential, began_ms);
    else
        outcome = http_exchange_refuse(exchange, status, &report);
    if (SecIsValidHandle(&context))
        DeleteSecurityContext(&context);
    return outcome;
}

enum http_outcome http_negotiate_evaluate(struct sspi_exchange *exchange,
                                          const struct sspi_policy *policy, struct sspi_view token)
{
    struct bytes decoded BYTES_CLEANUP = {0};
    enum http_outcome outcome = decode_token(exchange, token, &decoded);
    if (outcome != HTTP_OUTCOME_NONE)
        return outcome;
    struct bindings bindings;
    if (!collect_bindings(exchange, policy, &bindings, &outcome))
        return outcome;

    struct http_resource *resource = http_exchange_resource(exchange, policy, SSPI_OPTION_KEYTAB);
    if (resource == NULL)
        return HTTP_OUTCOME_ERROR;
    size_t n_services;
    SSPI_ACCEPTOR_DATA data = {.Version = SSPI_ACCEPTOR_DATA_VERSION,
                               .Keytab = resource->keytab,
                               .State = exchange->acceptor->state};
    data.ServiceNames = http_options_services(policy, &n_services);
    data.ServiceNameCount = (uint32_t)n_services;

    struct sspi_report report = {0};
    struct http_credential *credential = NULL;
    SECURITY_STATUS status = http_credentials_get(&exchange->acceptor->credentials, "Negotiate",
                                                  &data, &credential, &report);
    if (status != SEC_E_OK)
        return http_exchange_refuse(exchange, status, &report);
    outcome =
        accept_token(exchange, policy, resource, &credential, bytes_as_view(&decoded), &bindings);
    http_credentials_put(&exchange->acceptor->credentials, credential);
    return outcome;
}
