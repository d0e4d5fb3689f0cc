/* SPDX-License-Identifier: Apache-2.0 */
/* Copies the headers and the user of a result into the context. */
#include "ngx_http_sspi_module.h"


static ngx_int_t ngx_http_sspi_copy_header(ngx_pool_t *pool,
    const struct sspi_header *header, ngx_table_elt_t *h);
static ngx_uint_t ngx_http_sspi_is_set_cookie(const struct sspi_header *header);


/* keeps all headers but the cookie */

ngx_int_t
ngx_http_sspi_keep_headers(ngx_pool_t *pool, const struct sspi_result *result,
    ngx_table_elt_t *headers, ngx_uint_t *n_headers)
{
    size_t  i;

    *n_headers = 0;

    for (i = 0; i < result->n_headers; i++) {

        if (ngx_http_sspi_is_set_cookie(&result->headers[i])) {
            continue;
        }

        if (ngx_http_sspi_copy_header(pool, &result->headers[i],
                                      &headers[*n_headers])
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        (*n_headers)++;
    }

    return NGX_OK;
}


/*
 * Keeps the cookie of a session, which every answer to this request gets.  A
 * step without a cookie does not change that.
 */

ngx_int_t
ngx_http_sspi_keep_cookie(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    const struct sspi_result *result)
{
    size_t  i;

    for (i = 0; i < result->n_headers; i++) {

        if (ngx_http_sspi_is_set_cookie(&result->headers[i])) {
            return ngx_http_sspi_copy_header(r->main->pool,
                                             &result->headers[i], &ctx->cookie);
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_sspi_is_set_cookie(const struct sspi_header *header)
{
    static ngx_str_t  name = ngx_string("Set-Cookie");

    return header->name.len == name.len
           && ngx_strncmp(header->name.data, name.data, name.len) == 0;
}


static ngx_int_t
ngx_http_sspi_copy_header(ngx_pool_t *pool, const struct sspi_header *header,
    ngx_table_elt_t *h)
{
    ngx_memzero(h, sizeof(ngx_table_elt_t));

    if (ngx_http_sspi_copy(pool, &h->key, &header->name) != NGX_OK
        || ngx_http_sspi_copy(pool, &h->value, &header->value) != NGX_OK)
    {
        return NGX_ERROR;
    }

    h->hash = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_sspi_keep_user(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    const struct sspi_result *result)
{
    size_t            i;
    ngx_uint_t        n;
    ngx_table_elt_t   headers[SSPI_HEADERS_LIMIT];

    if (r != r->main && ctx->granted) {

        /* the main request keeps its own user */

        return NGX_OK;
    }

    for (i = 0; i < SSPI_VARIABLE_COUNT; i++) {

        if (ngx_http_sspi_copy(r->main->pool, &ctx->variables[i],
                               &result->variables[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_http_sspi_keep_headers(r->main->pool, result, headers, &n)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* a step without headers must not remove the token for the client */

    if (n) {
        ngx_memcpy(ctx->success, headers, n * sizeof(ngx_table_elt_t));
        ctx->n_success = n;
    }

    ctx->granting = ngx_http_get_module_loc_conf(r, ngx_http_sspi_module);
    ctx->granted = 1;
    ctx->lists = 0;

    ngx_http_sspi_set_remote_user(r, ctx);

    return NGX_OK;
}


/* a subrequest does not change the error of the main request */

ngx_int_t
ngx_http_sspi_keep_error(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    const struct sspi_result *result)
{
    if (r != r->main) {
        return NGX_OK;
    }

    return ngx_http_sspi_copy(r->pool, &ctx->error,
                              &result->variables[SSPI_VARIABLE_ERROR]);
}
