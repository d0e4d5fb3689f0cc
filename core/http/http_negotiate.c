/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base64.h"
#include "clock.h"
#include "http_bindings.h"
#include "http_options.h"
#include "http_schemes.h"
#include "report.h"

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
static SECURITY_STATUS call_accept(struct sspi_exchange *exchange,
                                   struct http_credential *credential, PCtxtHandle context,
                                   bool resumed, struct sspi_view token,
                                   struct http_bindings *bindings, struct sspi_report *report)
{
    SecBuffer in[1 + BINDING_CANDIDATES_LIMIT] = {
        {(ULONG)token.len, SECBUFFER_TOKEN, (void *)(uintptr_t)token.data}};
    ULONG n_in = 1 + http_bindings_buffers(bindings, in + 1);
    SecBufferDesc input = {SECBUFFER_VERSION, n_in, in};
    SecBuffer out[2] = {{0, SECBUFFER_TOKEN, NULL},
                        {sizeof(*report), SECBUFFER_SSPI_REPORT, report}};
    SecBufferDesc output = {SECBUFFER_VERSION, 2, out};

    ULONG requirements = ASC_REQ_ALLOCATE_MEMORY | ASC_REQ_CONNECTION | bindings->requirements;
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
                                      const struct http_resource *resource,
                                      struct http_credential **credential, struct sspi_view token,
                                      struct http_bindings *bindings)
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
        call_accept(exchange, *credential, &context, resumed, token, bindings, &report);
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
    struct http_bindings bindings;
    if (!http_bindings_collect(exchange, policy, &bindings, &outcome))
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
    outcome = accept_token(exchange, resource, &credential, bytes_as_view(&decoded), &bindings);
    http_credentials_put(&exchange->acceptor->credentials, credential);
    return outcome;
}
