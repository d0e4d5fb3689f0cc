/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_log.h"

#include <stdio.h>
#include <string.h>

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

size_t acceptor_log_write_id(char ret_id[ACCEPTOR_LOG_ID_SIZE], enum sspi_reason reason,
                             SECURITY_STATUS status)
{
    const char *name = status == SEC_E_OK ? "" : package_status_name(status);
    int len = snprintf(ret_id, ACCEPTOR_LOG_ID_SIZE, "SSPI-%03u%s%s", reasons[reason].number,
                       *name == '\0' ? "" : " ", name);
    return (size_t)len < ACCEPTOR_LOG_ID_SIZE ? (size_t)len : ACCEPTOR_LOG_ID_SIZE - 1;
}

void acceptor_log_write_list(struct sspi_log_entry *ret_entry, enum sspi_reason reason,
                             SECURITY_STATUS status, const char *format, va_list arguments)
{
    ret_entry->severity = reasons[reason].severity;
    size_t at = acceptor_log_write_id(ret_entry->text, reason, status);
    at += (size_t)snprintf(ret_entry->text + at, sizeof(ret_entry->text) - at, ": ");
    vsnprintf(ret_entry->text + at, sizeof(ret_entry->text) - at, format, arguments);
}

void acceptor_log_write(struct sspi_log_entry *ret_entry, enum sspi_reason reason,
                        SECURITY_STATUS status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    acceptor_log_write_list(ret_entry, reason, status, format, arguments);
    va_end(arguments);
}

bool acceptor_log_addresses_init(struct acceptor_log_addresses *addresses)
{
    addresses->n = 0;
    return pthread_mutex_init(&addresses->lock, NULL) == 0;
}

void acceptor_log_addresses_clear(struct acceptor_log_addresses *addresses)
{
    pthread_mutex_destroy(&addresses->lock);
}

bool acceptor_log_addresses_add(struct acceptor_log_addresses *addresses, struct sspi_view address)
{
    bool is_new = address.len < sizeof(addresses->address[0]);
    pthread_mutex_lock(&addresses->lock);
    for (size_t i = 0; is_new && i < addresses->n; i++)
        is_new = !bytes_equal(bytes_view(addresses->address[i]), address);
    is_new = is_new && addresses->n < ACCEPTOR_LOG_ADDRESSES_LIMIT;
    if (is_new) {
        memcpy(addresses->address[addresses->n], address.data, address.len);
        addresses->address[addresses->n++][address.len] = '\0';
    }
    pthread_mutex_unlock(&addresses->lock);
    return is_new;
}
