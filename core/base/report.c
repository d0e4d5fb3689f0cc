/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 3, 0))) static void
fill(struct sspi_report *report, enum sspi_reason reason, const char *format, va_list arguments)
{
    report->reason = reason;
    vsnprintf(report->text, sizeof(report->text), format, arguments);
}

enum sspi_reason report_write(struct sspi_report *report, enum sspi_reason reason,
                              const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fill(report, reason, format, arguments);
    va_end(arguments);
    return reason;
}

SECURITY_STATUS report_refuse(struct sspi_report *report, SECURITY_STATUS status,
                              enum sspi_reason reason, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fill(report, reason, format, arguments);
    va_end(arguments);
    return status;
}
