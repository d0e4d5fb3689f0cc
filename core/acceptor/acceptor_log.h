/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: the stable number of a reason, the name of a status, a text for the administrator. */
#ifndef ACCEPTOR_LOG_H
#define ACCEPTOR_LOG_H

#include <stdarg.h>

#include "bytes.h"
#include "sspi.h"
#include "sspi_http.h"

enum sspi_severity acceptor_log_severity(enum sspi_reason reason);

/* Writes "SSPI-112 SEC_E_WRONG_PRINCIPAL: text", without the name of the status for SEC_E_OK. The
 * caller has escaped what comes from a client. */
void acceptor_log_write(struct sspi_log_entry *ret_entry, enum sspi_reason reason,
                        SECURITY_STATUS status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same with a list of arguments. */
void acceptor_log_write_list(struct sspi_log_entry *ret_entry, enum sspi_reason reason,
                             SECURITY_STATUS status, const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

#endif
