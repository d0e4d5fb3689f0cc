/* SPDX-License-Identifier: Apache-2.0 */
/* "sspi_status": a page with the counters of all workers. */
#include "ngx_http_sspi_module.h"


static ngx_int_t ngx_http_sspi_send_page(ngx_http_request_t *r, char *page,
    size_t len);


ngx_int_t
ngx_http_sspi_status_handler(ngx_http_request_t *r)
{
    char                       *page;
    size_t                      len;
    ngx_int_t                   rc;
    const char                 *type;
    struct sspi_view            query;
    ngx_http_sspi_main_conf_t  *smcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sspi_module);

    if (smcf->acceptor == NULL) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"sspi_status\" has nothing to show, because no "
                      "location has \"sspi on\"");
        return NGX_HTTP_NOT_FOUND;
    }

    query.data = (const char *) r->args.data;
    query.len = r->args.len;

    page = sspi_acceptor_status(smcf->acceptor, ngx_http_sspi_header(r, "Accept"),
                                query, &len, &type);
    if (page == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = len;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_sspi_send_page(r, page, len);

    free(page);

    return rc;
}


static ngx_int_t
ngx_http_sspi_send_page(ngx_http_request_t *r, char *page, size_t len)
{
    ngx_int_t         rc;
    ngx_buf_t        *b;
    ngx_chain_t       out;
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    ngx_str_set(&h->key, "Cache-Control");
    ngx_str_set(&h->value, "no-store");

    b = ngx_create_temp_buf(r->pool, len);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_cpymem(b->last, page, len);
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}
