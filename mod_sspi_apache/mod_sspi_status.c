/* SPDX-License-Identifier: Apache-2.0 */
/* SetHandler sspi-status: a page with the counters of all children. */
#include "mod_sspi.h"

#include "apr_strings.h"
#include "http_protocol.h"
#include "http_request.h"

#define HANDLER_NAME "sspi-status"

static apr_status_t free_page(void *page)
{
    free(page);
    return APR_SUCCESS;
}

int mod_sspi_status_handler(request_rec *r)
{
    const struct mod_sspi_server_config *config =
        ap_get_module_config(r->server->module_config, &sspi_module);
    const char *type;
    size_t len;
    char *page;

    if (r->handler == NULL || strcmp(r->handler, HANDLER_NAME) != 0) {
        return DECLINED;
    }
    ap_allow_methods(r, REPLACE_ALLOW, "GET", NULL); /* httpd writes Allow */
    if (r->method_number != M_GET) {
        return HTTP_METHOD_NOT_ALLOWED;
    }
    page = sspi_acceptor_status(config->acceptor,
                                mod_sspi_view(apr_table_get(r->headers_in, "Accept")),
                                mod_sspi_view(r->args), &len, &type);
    if (page == NULL) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    apr_pool_cleanup_register(r->pool, page, free_page, apr_pool_cleanup_null);
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)len);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_mergen(r->headers_out, "Vary", "Accept");
    if (!r->header_only) {
        ap_rwrite(page, (int)len, r);
    }
    return OK;
}
