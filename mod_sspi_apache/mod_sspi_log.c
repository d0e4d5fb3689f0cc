/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the core's log entries to httpd's error log. The core has escaped their text. */
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

void mod_sspi_log_acceptor(server_rec *s)
{
    const struct mod_sspi_server_config *config =
        ap_get_module_config(s->module_config, &sspi_module);
    const struct sspi_log_entry *entries;
    size_t n_entries = sspi_acceptor_log_entries(config->acceptor, &entries);

    for (size_t i = 0; i < n_entries; i++) {
        ap_log_error(APLOG_MARK, log_level(entries[i].severity), 0, s, "%s", entries[i].text);
    }
}

void mod_sspi_log_request(request_rec *r, const struct sspi_log_entry *entry)
{
    ap_log_rerror(APLOG_MARK, log_level(entry->severity), 0, r, "%s", entry->text);
}
