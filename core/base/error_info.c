/* SPDX-License-Identifier: Apache-2.0 */
#include "error_info.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 3, 0))) static void fill(struct sspi_error_info *error_info,
                                                       enum sspi_reason reason, const char *format,
                                                       va_list arguments)
{
    error_info->reason = reason;
    vsnprintf(error_info->text, sizeof(error_info->text), format, arguments);
}

enum sspi_reason error_info_set(struct sspi_error_info *error_info, enum sspi_reason reason,
                                const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fill(error_info, reason, format, arguments);
    va_end(arguments);
    return reason;
}

SECURITY_STATUS error_info_refuse(struct sspi_error_info *error_info, SECURITY_STATUS status,
                                  enum sspi_reason reason, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fill(error_info, reason, format, arguments);
    va_end(arguments);
    return status;
}

SECURITY_STATUS error_info_no_memory(struct sspi_error_info *error_info)
{
    return error_info_refuse(error_info, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_INTERNAL,
                             OUT_OF_MEMORY);
}

SECURITY_STATUS error_info_library_failed(struct sspi_error_info *error_info, const char *what)
{
    return error_info_refuse(error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                             "OpenSSL could not compute %s", what);
}
