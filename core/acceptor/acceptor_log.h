/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: the stable number of a reason, the name of a status, a text for the administrator. */
#ifndef ACCEPTOR_LOG_H
#define ACCEPTOR_LOG_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdarg.h>

#include "bytes.h"
#include "sspi.h"
#include "sspi_http.h"

/* Returns the severity of log lines with this reason. */
enum sspi_severity acceptor_log_severity(enum sspi_reason reason);

/* "SSPI-112", a space, the longest name of a status, and a NUL. */
#define ACCEPTOR_LOG_ID_SIZE 64

/* Writes "SSPI-112 SEC_E_WRONG_PRINCIPAL", and for SEC_E_OK only "SSPI-112". Returns the length. */
size_t acceptor_log_write_id(char ret_id[ACCEPTOR_LOG_ID_SIZE], enum sspi_reason reason,
                             SECURITY_STATUS status);

/* Writes "SSPI-112 SEC_E_WRONG_PRINCIPAL: text", without the name of the status for SEC_E_OK. The
 * caller has escaped what comes from a client. */
void acceptor_log_write(struct sspi_log_entry *ret_entry, enum sspi_reason reason,
                        SECURITY_STATUS status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same with a list of arguments. */
void acceptor_log_write_list(struct sspi_log_entry *ret_entry, enum sspi_reason reason,
                             SECURITY_STATUS status, const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

/* Most addresses that are remembered; the server logs no line for others. */
#define ACCEPTOR_LOG_ADDRESSES_LIMIT 64

/* The addresses for which the server has already logged a line that it logs only once. One for each
 * process; it locks itself. */
struct acceptor_log_addresses {
    pthread_mutex_t lock;
    char address[ACCEPTOR_LOG_ADDRESSES_LIMIT][INET6_ADDRSTRLEN];
    size_t n;
};

/* False: the system has no more locks. */
bool acceptor_log_addresses_init(struct acceptor_log_addresses *addresses) MUST_USE;
/* Destroys the lock. */
void acceptor_log_addresses_clear(struct acceptor_log_addresses *addresses);

/* Remembers `address`. True if it is new: the caller then logs the line. */
bool acceptor_log_addresses_add(struct acceptor_log_addresses *addresses, struct sspi_view address);

#endif
