/* SPDX-License-Identifier: Apache-2.0 */
#include "ngx_http_sspi_module.h"


static ngx_int_t ngx_http_sspi_begin(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx);
static ngx_int_t ngx_http_sspi_realm(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf, struct sspi_view *realm);
static ngx_int_t ngx_http_sspi_apply(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, const struct sspi_result *result);
static void ngx_http_sspi_cleanup(void *data);
static void ngx_http_sspi_log(ngx_http_request_t *r,
    const struct sspi_result *result);
static ngx_int_t ngx_http_sspi_keep_headers(ngx_pool_t *pool,
    const struct sspi_result *result, ngx_table_elt_t *headers,
    ngx_uint_t *n_headers);
static ngx_int_t ngx_http_sspi_keep_proof(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, const struct sspi_result *result);
static ngx_int_t ngx_http_sspi_copy(ngx_pool_t *pool, ngx_str_t *dst,
    const struct sspi_view *src);


/* what is known of the client's request; NULL when nothing is */

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


/* the same, made when there is none yet */

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


/*
 * Judges the client's request under the policy of the location that r, the
 * main request or a subrequest, has come to.  NGX_OK: proven; NGX_DECLINED:
 * anonymous, which satisfies nothing; else the status to refuse with.
 */

ngx_int_t
ngx_http_sspi_judge(ngx_http_request_t *r, ngx_http_sspi_loc_conf_t *slcf)
{
    struct sspi_view           realm;
    ngx_http_sspi_ctx_t       *ctx;
    const struct sspi_result  *result;

    ctx = ngx_http_sspi_make_ctx(r);

    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->exchange == NULL && ngx_http_sspi_begin(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r == r->main) {
        ctx->granted = 0;
        ctx->keepalive = 0;
        ctx->passed = NULL;
        ctx->n_challenges = 0;
        ngx_http_sspi_set_remote_user(r, ctx);
    }

    if (ngx_http_sspi_realm(r, slcf, &realm) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    result = sspi_exchange_step(ctx->exchange, &slcf->policy, realm);

    ngx_http_sspi_log(r, result);

    return ngx_http_sspi_apply(r, ctx, result);
}


static ngx_int_t
ngx_http_sspi_realm(ngx_http_request_t *r, ngx_http_sspi_loc_conf_t *slcf,
    struct sspi_view *realm)
{
    ngx_str_t  value;

    realm->data = NULL;
    realm->len = 0;

    if (slcf->realm == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, slcf->realm, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len) {
        realm->data = (const char *) value.data;
        realm->len = value.len;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_sspi_apply(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    const struct sspi_result *result)
{
    switch (result->verdict) {

    case SSPI_GRANTED:
        if (ngx_http_sspi_keep_proof(r, ctx, result) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_OK;

    case SSPI_ANONYMOUS:
        return NGX_DECLINED;

    case SSPI_CHALLENGE:

        /* beyond the main request's access phase they come too late */

        if (ctx->passed == NULL
            && ngx_http_sspi_keep_headers(r->main->pool, result,
                                          ctx->challenges, &ctx->n_challenges)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_HTTP_UNAUTHORIZED;

    case SSPI_FORBIDDEN:
        return NGX_HTTP_FORBIDDEN;

    case SSPI_BAD_REQUEST:

        /*
         * nginx closes the connection after a 400, since it may have lost
         * the border between requests.  Bad credentials are no such case.
         */

        if (r == r->main && r->keepalive
            && ngx_http_discard_request_body(r) == NGX_OK)
        {
            ctx->keepalive = 1;
        }

        return NGX_HTTP_BAD_REQUEST;

    case SSPI_ERROR:
        break;
    }

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


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


static ngx_int_t
ngx_http_sspi_begin(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
    struct sspi_request         request;
    ngx_http_sspi_main_conf_t  *smcf;

    r = r->main;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sspi_module);

    if (ngx_http_sspi_describe(r, smcf->acceptor, &request) != NGX_OK) {
        return NGX_ERROR;
    }

    ctx->exchange = sspi_exchange_new(smcf->acceptor, &request);

    if (ctx->exchange == NULL) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "sspi: no memory for the request");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_sspi_cleanup(void *data)
{
    ngx_http_sspi_ctx_t  *ctx = data;

    sspi_exchange_free(ctx->exchange);
}


static void
ngx_http_sspi_log(ngx_http_request_t *r, const struct sspi_result *result)
{
    size_t      i;
    ngx_uint_t  level;

    for (i = 0; i < result->n_records; i++) {
        level = ngx_http_sspi_log_level(result->records[i].severity);

        ngx_log_error(level, r->connection->log, 0, "%s",
                      result->records[i].text);
    }
}


static ngx_int_t
ngx_http_sspi_keep_headers(ngx_pool_t *pool, const struct sspi_result *result,
    ngx_table_elt_t *headers, ngx_uint_t *n_headers)
{
    size_t  i;

    *n_headers = 0;

    for (i = 0; i < result->n_headers; i++) {
        ngx_memzero(&headers[i], sizeof(ngx_table_elt_t));

        if (ngx_http_sspi_copy(pool, &headers[i].key, &result->headers[i].name)
            != NGX_OK
            || ngx_http_sspi_copy(pool, &headers[i].value,
                                  &result->headers[i].value)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        headers[i].hash = 1;
    }

    *n_headers = result->n_headers;

    return NGX_OK;
}


static ngx_int_t
ngx_http_sspi_keep_proof(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    const struct sspi_result *result)
{
    size_t  i;

    if (r != r->main && ctx->granted) {

        /* the main request's own name stays */

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

    /* the token for the client comes from the step that took its own */

    if (result->n_headers
        && ngx_http_sspi_keep_headers(r->main->pool, result, ctx->success,
                                      &ctx->n_success)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->granted = 1;

    ngx_http_sspi_set_remote_user(r, ctx);

    return NGX_OK;
}


/* an absent view becomes a null string */

static ngx_int_t
ngx_http_sspi_copy(ngx_pool_t *pool, ngx_str_t *dst,
    const struct sspi_view *src)
{
    u_char  *p;

    ngx_str_null(dst);

    if (src->data == NULL) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, src->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, src->data, src->len);
    p[src->len] = '\0';

    dst->data = p;
    dst->len = src->len;

    return NGX_OK;
}
