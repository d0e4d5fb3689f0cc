/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_log.h"

#include <stdio.h>

#include "package_status.h"

static const struct {
    unsigned number;
    enum sspi_severity severity;
} reasons[SSPI_REASON_COUNT] = {
#define SSPI_REASON(id, number, severity, ...)                                                     \
    [SSPI_REASON_##id] = {number, SSPI_SEVERITY_##severity},
#include "sspi_reasons.def"
#undef SSPI_REASON
};

enum sspi_severity acceptor_log_severity(enum sspi_reason reason)
{
    return reasons[reason].severity;
}

void acceptor_log_write_list(struct sspi_log_entry *ret_entry, enum sspi_reason reason,
                             SECURITY_STATUS status, const char *format, va_list arguments)
{
    ret_entry->severity = reasons[reason].severity;
    int at = snprintf(ret_entry->text, sizeof(ret_entry->text),
                      "SSPI-%03u%s%s: ", reasons[reason].number, status == SEC_E_OK ? "" : " ",
                      status == SEC_E_OK ? "" : package_status_name(status));
    if (at < 0 || (size_t)at >= sizeof(ret_entry->text))
        return;
    vsnprintf(ret_entry->text + at, sizeof(ret_entry->text) - (size_t)at, format, arguments);
}

void acceptor_log_write(struct sspi_log_entry *ret_entry, enum sspi_reason reason,
                        SECURITY_STATUS status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    acceptor_log_write_list(ret_entry, reason, status, format, arguments);
    va_end(arguments);
}
