/* SPDX-License-Identifier: Apache-2.0 */
/* The context of a client's request.  It survives internal redirects. */
#include "ngx_http_sspi_module.h"


static void ngx_http_sspi_cleanup(void *data);


/* returns the context of the client's request; NULL: there is no context */

ngx_http_sspi_ctx_t *
ngx_http_sspi_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t   *cln;
    ngx_http_sspi_ctx_t  *ctx;

    r = r->main;

    ctx = ngx_http_get_module_ctx(r, ngx_http_sspi_module);

    if (ctx || !(r->internal || r->filter_finalize)) {
        return ctx;
    }

    /* an internal redirect has zeroed the contexts of all modules */

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_http_sspi_cleanup) {
            ctx = cln->data;
            ngx_http_set_ctx(r, ctx, ngx_http_sspi_module);
            return ctx;
        }
    }

    return NULL;
}


/* returns the same context, or makes it; NULL: no memory */

ngx_http_sspi_ctx_t *
ngx_http_sspi_make_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t   *cln;
    ngx_http_sspi_ctx_t  *ctx;

    ctx = ngx_http_sspi_get_ctx(r);

    if (ctx) {
        return ctx;
    }

    r = r->main;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_sspi_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_sspi_ctx_t));

    cln->handler = ngx_http_sspi_cleanup;

    ngx_http_set_ctx(r, ctx, ngx_http_sspi_module);

    return ctx;
}


static void
ngx_http_sspi_cleanup(void *data)
{
    ngx_http_sspi_ctx_t  *ctx = data;

    sspi_exchange_free(ctx->exchange);
}
