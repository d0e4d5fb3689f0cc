/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "sspi_logout": ends the session of the request and the login of its
 * connection.
 */
#include "ngx_http_sspi_module.h"


static ngx_int_t ngx_http_sspi_log_out(ngx_http_request_t *r,
    const struct sspi_result **result);
static ngx_int_t ngx_http_sspi_add_lines(ngx_http_request_t *r,
    const struct sspi_result *result);
static ngx_int_t ngx_http_sspi_answer_logout(ngx_http_request_t *r,
    ngx_uint_t status);


ngx_int_t
ngx_http_sspi_logout_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    const struct sspi_result   *result;
    ngx_http_sspi_main_conf_t  *smcf;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sspi_module);

    if (smcf->acceptor == NULL) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"sspi_logout\" has no user to log out, because no "
                      "location has \"sspi on\"");
        return NGX_HTTP_NOT_FOUND;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_sspi_log_out(r, &result) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_sspi_answer_logout(r, result->status);
}


static ngx_int_t
ngx_http_sspi_log_out(ngx_http_request_t *r, const struct sspi_result **result)
{
    struct sspi_logout         logout;
    ngx_http_sspi_ctx_t       *ctx;
    ngx_http_sspi_loc_conf_t  *slcf;

    ctx = ngx_http_sspi_make_ctx(r);

    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (ctx->exchange == NULL
        && ngx_http_sspi_make_exchange(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    logout.fetch_site = ngx_http_sspi_header(r, "Sec-Fetch-Site");
    logout.origin = ngx_http_sspi_header(r, "Origin");
    logout.query.data = (const char *) r->args.data;
    logout.query.len = r->args.len;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sspi_module);

    *result = sspi_exchange_log_out(ctx->exchange, &slcf->policy, &logout);

    ngx_http_sspi_log_result(r, *result);

    if (ngx_http_sspi_keep_cookie(r, ctx, *result) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_sspi_add_lines(r, *result);
}


/* nginx sends these lines with a page of an error as well */

static ngx_int_t
ngx_http_sspi_add_lines(ngx_http_request_t *r,
    const struct sspi_result *result)
{
    ngx_uint_t        i, n;
    ngx_table_elt_t  *h, lines[SSPI_HEADERS_LIMIT];

    if (ngx_http_sspi_keep_headers(r->pool, result, lines, &n) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        h = ngx_list_push(&r->headers_out.headers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = lines[i];
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_sspi_answer_logout(ngx_http_request_t *r, ngx_uint_t status)
{
    if (status >= NGX_HTTP_BAD_REQUEST) {
        return status;
    }

    r->headers_out.status = status;
    r->headers_out.content_length_n = 0;
    r->header_only = 1;

    return ngx_http_send_header(r);
}
