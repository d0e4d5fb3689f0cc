/* SPDX-License-Identifier: Apache-2.0 */
/* The core's log records in httpd's error log. Their text is escaped already. */
#include "mod_sspi.h"

#include "http_log.h"

APLOG_USE_MODULE(sspi);

static int log_level(enum sspi_severity severity)
{
    switch (severity) {
    case SSPI_SEVERITY_DEBUG:
        return APLOG_DEBUG;
    case SSPI_SEVERITY_INFO:
        return APLOG_INFO;
    case SSPI_SEVERITY_NOTICE:
        return APLOG_NOTICE;
    case SSPI_SEVERITY_WARNING:
        return APLOG_WARNING;
    case SSPI_SEVERITY_ERROR:
        break;
    }
    return APLOG_ERR;
}

enum sspi_severity mod_sspi_log_from(const request_rec *r)
{
    if (APLOGrdebug(r)) {
        return SSPI_SEVERITY_DEBUG;
    }
    return APLOGrinfo(r) ? SSPI_SEVERITY_INFO : SSPI_SEVERITY_NOTICE;
}

void mod_sspi_log_startup(server_rec *s, const struct sspi_log_entry *record)
{
    ap_log_error(APLOG_MARK, log_level(record->severity), 0, s, "%s", record->text);
}

void mod_sspi_log_request(request_rec *r, const struct sspi_log_entry *record)
{
    ap_log_rerror(APLOG_MARK, log_level(record->severity), 0, r, "%s", record->text);
}
