/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: a stable number, a status name, a text for the administrator. */
#ifndef ACCEPTOR_LOG_H
#define ACCEPTOR_LOG_H

#include "bytes.h"
#include "sspi.h"
#include "sspi_http.h"

enum acceptor_message {
#define ACCEPTOR_MESSAGE(id, ...) ACCEPTOR_MESSAGE_##id,
#include "acceptor_messages.def"
#undef ACCEPTOR_MESSAGE
    ACCEPTOR_MESSAGE_COUNT
};

/* The message that stands for a reason. */
enum acceptor_message acceptor_log_message(enum sspi_reason reason);

enum sspi_severity acceptor_log_severity(enum acceptor_message message);

/* Writes "SSPI-112 SEC_E_WRONG_PRINCIPAL: text"; the status name is left out for SEC_E_OK. Callers
 * escape what a client sent. */
void acceptor_log_write(struct sspi_log_entry *ret_record, enum acceptor_message message,
                        SECURITY_STATUS status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
