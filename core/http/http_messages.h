/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: a stable number, a status name, a text for the administrator. */
#ifndef HTTP_MESSAGES_H
#define HTTP_MESSAGES_H

#include "bytes.h"
#include "sspi.h"
#include "sspi_http.h"

enum http_message {
#define HTTP_MESSAGE(id, ...) HTTP_MESSAGE_##id,
#include "http_messages.def"
#undef HTTP_MESSAGE
    HTTP_MESSAGE_COUNT
};

/* The message that stands for a reason. */
enum http_message http_messages_of_reason(enum sspi_reason reason);

enum sspi_severity http_messages_severity(enum http_message message);

/* Writes "SSPI-112 SEC_E_WRONG_PRINCIPAL: text"; the status name is left out for SEC_E_OK. Callers
 * escape what a client sent. */
void http_messages_write(struct sspi_log_entry *ret_record, enum http_message message,
                         SECURITY_STATUS status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
