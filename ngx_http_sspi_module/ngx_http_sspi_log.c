/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the core's log entries to the error log. */
#include "ngx_http_sspi_module.h"


ngx_uint_t
ngx_http_sspi_log_level(enum sspi_severity severity)
{
    switch (severity) {

    case SSPI_SEVERITY_DEBUG:
        return NGX_LOG_DEBUG;

    case SSPI_SEVERITY_INFO:
        return NGX_LOG_INFO;

    case SSPI_SEVERITY_NOTICE:
        return NGX_LOG_NOTICE;

    case SSPI_SEVERITY_WARNING:
        return NGX_LOG_WARN;

    case SSPI_SEVERITY_ERROR:
        break;
    }

    return NGX_LOG_ERR;
}


enum sspi_severity
ngx_http_sspi_log_from(ngx_log_t *log)
{
    if (log->log_level >= NGX_LOG_DEBUG) {
        return SSPI_SEVERITY_DEBUG;
    }

    return log->log_level >= NGX_LOG_INFO ? SSPI_SEVERITY_INFO
                                          : SSPI_SEVERITY_NOTICE;
}


void
ngx_http_sspi_log_result(ngx_http_request_t *r,
    const struct sspi_result *result)
{
    size_t      i;
    ngx_uint_t  level;

    for (i = 0; i < result->n_entries; i++) {
        level = ngx_http_sspi_log_level(result->entries[i].severity);

        ngx_log_error(level, r->connection->log, 0, "%s",
                      result->entries[i].text);
    }
}
