/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_report.h"

#include <stdarg.h>
#include <stdio.h>

enum sspi_reason digest_report(struct sspi_report *report, enum sspi_reason reason,
                               const char *format, ...)
{
    va_list arguments;

    report->reason = reason;
    va_start(arguments, format);
    vsnprintf(report->text, sizeof(report->text), format, arguments);
    va_end(arguments);
    return reason;
}
