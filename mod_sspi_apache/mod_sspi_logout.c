/* SPDX-License-Identifier: Apache-2.0 */
/* SetHandler sspi-logout: ends the session of the request and the login of its connection. */
#include "mod_sspi.h"

#include "http_protocol.h"
#include "http_request.h"

#define HANDLER_NAME "sspi-logout"

static struct sspi_view header_of(const request_rec *r, const char *name)
{
    return mod_sspi_view(apr_table_get(r->headers_in, name));
}

/* Answers with the status and the lines of the result, without a body. httpd writes the pages of
 * errors. */
static int answer(request_rec *r, const struct sspi_result *result)
{
    if (ap_is_HTTP_ERROR((int)result->status)) {
        return (int)result->status;
    }
    r->status = (int)result->status;
    mod_sspi_answer_add(r);
    ap_set_content_length(r, 0);
    return OK;
}

int mod_sspi_logout_handler(request_rec *r)
{
    const struct sspi_result *result;
    struct sspi_logout logout;
    int status;

    if (r->handler == NULL || strcmp(r->handler, HANDLER_NAME) != 0) {
        return DECLINED;
    }
    ap_allow_methods(r, REPLACE_ALLOW, "POST", NULL); /* httpd writes Allow */
    status = ap_discard_request_body(r);
    if (status != OK) {
        return status;
    }
    logout = (struct sspi_logout){
        .fetch_site = header_of(r, "Sec-Fetch-Site"),
        .origin = header_of(r, "Origin"),
        .query = mod_sspi_view(r->args),
    };
    result = mod_sspi_request_log_out(r, &logout);
    return result == NULL ? HTTP_INTERNAL_SERVER_ERROR : answer(r, result);
}
