/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_log.h"

#include <stdarg.h>
#include <stdio.h>

#include "package_status.h"

static const struct {
    unsigned number;
    enum sspi_severity severity;
} messages[ACCEPTOR_MESSAGE_COUNT] = {
#define ACCEPTOR_MESSAGE(id, number, severity, help) {number, SSPI_SEVERITY_##severity},
#include "acceptor_messages.def"
#undef ACCEPTOR_MESSAGE
};

enum acceptor_message acceptor_log_message(enum sspi_reason reason)
{
    switch (reason) {
    case SSPI_REASON_MALFORMED:
        return ACCEPTOR_MESSAGE_MALFORMED;
    case SSPI_REASON_TOO_LARGE:
        return ACCEPTOR_MESSAGE_TOO_LARGE;
    case SSPI_REASON_NOT_OFFERED:
        return ACCEPTOR_MESSAGE_NOT_OFFERED;
    case SSPI_REASON_NO_KEY:
        return ACCEPTOR_MESSAGE_NO_KEY;
    case SSPI_REASON_BAD_KEY:
        return ACCEPTOR_MESSAGE_BAD_KEY;
    case SSPI_REASON_WRONG_SERVICE:
        return ACCEPTOR_MESSAGE_WRONG_SERVICE;
    case SSPI_REASON_CLOCK_SKEW:
        return ACCEPTOR_MESSAGE_CLOCK_SKEW;
    case SSPI_REASON_TICKET_EXPIRED:
        return ACCEPTOR_MESSAGE_TICKET_EXPIRED;
    case SSPI_REASON_REPLAY:
        return ACCEPTOR_MESSAGE_REPLAY;
    case SSPI_REASON_BAD_BINDING:
        return ACCEPTOR_MESSAGE_BAD_BINDING;
    case SSPI_REASON_MISSING_BINDING:
        return ACCEPTOR_MESSAGE_MISSING_BINDING;
    case SSPI_REASON_ANONYMOUS:
        return ACCEPTOR_MESSAGE_ANONYMOUS;
    case SSPI_REASON_ALTERED:
        return ACCEPTOR_MESSAGE_ALTERED;
    case SSPI_REASON_WRONG_PASSWORD:
        return ACCEPTOR_MESSAGE_WRONG_PASSWORD;
    case SSPI_REASON_WRONG_URI:
        return ACCEPTOR_MESSAGE_WRONG_URI;
    case SSPI_REASON_WRONG_REALM:
        return ACCEPTOR_MESSAGE_WRONG_REALM;
    case SSPI_REASON_STALE_NONCE:
        return ACCEPTOR_MESSAGE_STALE_NONCE;
    case SSPI_REASON_UNSUPPORTED:
        return ACCEPTOR_MESSAGE_UNSUPPORTED;
    case SSPI_REASON_LEGS:
        return ACCEPTOR_MESSAGE_LEGS;
    case SSPI_REASON_UNREACHABLE:
        return ACCEPTOR_MESSAGE_UNREACHABLE;
    case SSPI_REASON_CONFIGURATION:
        return ACCEPTOR_MESSAGE_CONFIGURATION;
    case SSPI_REASON_BAD_NAME:
        return ACCEPTOR_MESSAGE_BAD_NAME;
    case SSPI_REASON_OLD_AUTHENTICATOR:
        return ACCEPTOR_MESSAGE_OLD_AUTHENTICATOR;
    case SSPI_REASON_NONE:
    case SSPI_REASON_ENTITY_WANTED: /* no refusals: somebody failed to hand it in */
    case SSPI_REASON_HASH_WANTED:
    case SSPI_REASON_INTERNAL:
        break;
    }
    return ACCEPTOR_MESSAGE_INTERNAL;
}

enum sspi_severity acceptor_log_severity(enum acceptor_message message)
{
    return messages[message].severity;
}

void acceptor_log_write(struct sspi_log_entry *ret_record, enum acceptor_message message,
                        SECURITY_STATUS status, const char *format, ...)
{
    ret_record->severity = messages[message].severity;
    int at = snprintf(ret_record->text, sizeof(ret_record->text),
                      "SSPI-%03u%s%s: ", messages[message].number, status == SEC_E_OK ? "" : " ",
                      status == SEC_E_OK ? "" : package_status_name(status));
    if (at < 0 || (size_t)at >= sizeof(ret_record->text))
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_record->text + at, sizeof(ret_record->text) - (size_t)at, format, arguments);
    va_end(arguments);
}
