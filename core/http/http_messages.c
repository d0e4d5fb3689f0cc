/* SPDX-License-Identifier: Apache-2.0 */
#include "http_messages.h"

#include <stdarg.h>
#include <stdio.h>

#include "secur_status.h"

static const struct {
    unsigned number;
    enum sspi_severity severity;
} messages[HTTP_MESSAGE_COUNT] = {
#define HTTP_MESSAGE(id, number, severity, help) {number, SSPI_SEVERITY_##severity},
#include "http_messages.def"
#undef HTTP_MESSAGE
};

enum http_message http_messages_of_reason(enum sspi_reason reason)
{
    switch (reason) {
    case SSPI_REASON_MALFORMED:
        return HTTP_MESSAGE_MALFORMED;
    case SSPI_REASON_TOO_LARGE:
        return HTTP_MESSAGE_TOO_LARGE;
    case SSPI_REASON_MECHANISM:
        return HTTP_MESSAGE_NOT_OFFERED;
    case SSPI_REASON_NO_KEY:
        return HTTP_MESSAGE_NO_KEY;
    case SSPI_REASON_BAD_KEY:
        return HTTP_MESSAGE_BAD_KEY;
    case SSPI_REASON_WRONG_SERVICE:
        return HTTP_MESSAGE_WRONG_SERVICE;
    case SSPI_REASON_CLOCK_SKEW:
        return HTTP_MESSAGE_CLOCK_SKEW;
    case SSPI_REASON_TICKET_EXPIRED:
        return HTTP_MESSAGE_TICKET_EXPIRED;
    case SSPI_REASON_REPLAY:
        return HTTP_MESSAGE_REPLAY;
    case SSPI_REASON_BAD_BINDING:
        return HTTP_MESSAGE_BAD_BINDING;
    case SSPI_REASON_MISSING_BINDING:
        return HTTP_MESSAGE_MISSING_BINDING;
    case SSPI_REASON_ANONYMOUS:
        return HTTP_MESSAGE_ANONYMOUS;
    case SSPI_REASON_ALTERED:
        return HTTP_MESSAGE_ALTERED;
    case SSPI_REASON_WRONG_PASSWORD:
        return HTTP_MESSAGE_WRONG_PASSWORD;
    case SSPI_REASON_WRONG_URI:
        return HTTP_MESSAGE_WRONG_URI;
    case SSPI_REASON_WRONG_REALM:
        return HTTP_MESSAGE_WRONG_REALM;
    case SSPI_REASON_STALE_NONCE:
        return HTTP_MESSAGE_STALE_NONCE;
    case SSPI_REASON_UNSUPPORTED:
        return HTTP_MESSAGE_UNSUPPORTED;
    case SSPI_REASON_LEGS:
        return HTTP_MESSAGE_LEGS;
    case SSPI_REASON_UNREACHABLE:
        return HTTP_MESSAGE_UNREACHABLE;
    case SSPI_REASON_CONFIGURATION:
        return HTTP_MESSAGE_CONFIGURATION;
    case SSPI_REASON_BAD_NAME:
        return HTTP_MESSAGE_BAD_NAME;
    case SSPI_REASON_OLD_AUTHENTICATOR:
        return HTTP_MESSAGE_OLD_AUTHENTICATOR;
    case SSPI_REASON_NONE:
    case SSPI_REASON_ENTITY_WANTED: /* no refusals: somebody failed to hand it in */
    case SSPI_REASON_HASH_WANTED:
    case SSPI_REASON_INTERNAL:
        break;
    }
    return HTTP_MESSAGE_INTERNAL;
}

enum sspi_severity http_messages_severity(enum http_message message)
{
    return messages[message].severity;
}

void http_messages_write(struct sspi_log_entry *ret_record, enum http_message message,
                         SECURITY_STATUS status, const char *format, ...)
{
    ret_record->severity = messages[message].severity;
    int at = snprintf(ret_record->text, sizeof(ret_record->text),
                      "SSPI-%03u%s%s: ", messages[message].number, status == SEC_E_OK ? "" : " ",
                      status == SEC_E_OK ? "" : secur_status_name(status));
    if (at < 0 || (size_t)at >= sizeof(ret_record->text))
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_record->text + at, sizeof(ret_record->text) - (size_t)at, format, arguments);
    va_end(arguments);
}
