/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a request with qop auth-int.  The core hashes it while it
 * arrives, and nginx keeps it for the content handler.
 */
#include "ngx_http_sspi_module.h"


#define NGX_HTTP_SSPI_FILE_BUFFER  4096


static ngx_int_t ngx_http_sspi_read_body(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx);
static void ngx_http_sspi_body_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_http_sspi_body_is_complete(ngx_http_request_t *r);
static ngx_int_t ngx_http_sspi_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_sspi_hash_chain(ngx_http_sspi_ctx_t *ctx,
    ngx_chain_t *in, off_t *len);
static ngx_int_t ngx_http_sspi_hash_file(ngx_http_sspi_ctx_t *ctx,
    ngx_buf_t *b);


static ngx_http_request_body_filter_pt  ngx_http_next_request_body_filter;


/*
 * Passes the body of the client's request to the core.  NGX_OK: step again.
 * NGX_DONE: nginx is reading the body; the phases of r continue when it is
 * complete.  Otherwise: the status of the answer.
 */

ngx_int_t
ngx_http_sspi_pass_body(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
    off_t                len;
    ngx_http_request_t  *mr;

    mr = r->main;

    if (mr->headers_in.content_length_n <= 0 && !mr->headers_in.chunked) {
        sspi_exchange_end_entity(ctx->exchange);
        return NGX_OK;
    }

    if (r == mr && r->request_body == NULL && !r->discard_body) {
        return ngx_http_sspi_read_body(r, ctx);
    }

    /*
     * r is a subrequest, or the body was already read, so the filter of this
     * module did not get it.  With client_body_early_read, nginx itself reads
     * it early.  A handler that redirects to this location may also read it.
     */

    len = 0;

    if (ngx_http_sspi_body_is_complete(mr)) {

        switch (ngx_http_sspi_hash_chain(ctx, mr->request_body->bufs, &len)) {

        case NGX_OK:

            /* an unbuffered body lacks the part that was passed on */

            if (len == mr->headers_in.content_length_n) {
                sspi_exchange_end_entity(ctx->exchange);
                return NGX_OK;
            }

            break;

        case NGX_DECLINED:
            return NGX_OK;

        default:
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "sspi: auth-int needs the whole body of the client's "
                  "request, which is not available in this %s. Set \"sspi\" "
                  "with the same options in the location of the client's "
                  "request, or \"sspi_digest_qop auth\" in this one",
                  r == mr ? "redirect" : "subrequest");

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_int_t
ngx_http_sspi_read_body(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
    ngx_int_t  rc;

    /* the exchange decides only after the body is complete */

    r->request_body_no_buffering = 0;

#if (NGX_HTTP_DAV)

    /*
     * "dav_methods PUT" works only with a body in a file, which it moves.  It
     * sets these flags before it reads the body, so they are set here, too.
     */

    if (r->method == NGX_HTTP_PUT && r->content_handler == NULL) {
        r->request_body_in_file_only = 1;
        r->request_body_in_persistent_file = 1;
        r->request_body_in_clean_file = 1;
        r->request_body_file_group_access = 1;
        r->request_body_file_log_level = 0;
    }

#endif

    ctx->hashing = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_sspi_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


/* may also be called within ngx_http_read_client_request_body() */

static void
ngx_http_sspi_body_handler(ngx_http_request_t *r)
{
    ngx_http_sspi_ctx_t  *ctx;

    ctx = ngx_http_sspi_get_ctx(r);
    ctx->hashing = 0;

    sspi_exchange_end_entity(ctx->exchange);

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}


static ngx_uint_t
ngx_http_sspi_body_is_complete(ngx_http_request_t *r)
{
    ngx_http_request_body_t  *rb;

    rb = r->request_body;

    if (rb == NULL || !rb->last_saved) {
        return 0;
    }

    /* an upstream closes the file unless it must preserve the body */

    return rb->temp_file == NULL
           || rb->temp_file->file.fd != NGX_INVALID_FILE;
}


static ngx_int_t
ngx_http_sspi_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    off_t                      len;
    ngx_int_t                  rc;
    ngx_http_sspi_ctx_t       *ctx;
    ngx_http_sspi_loc_conf_t  *slcf;

    ctx = ngx_http_sspi_get_ctx(r);

    if (ctx == NULL || !ctx->hashing) {
        return ngx_http_next_request_body_filter(r, in);
    }

    len = 0;

    rc = ngx_http_sspi_hash_chain(ctx, in, &len);

    if (rc == NGX_OK) {
        return ngx_http_next_request_body_filter(r, in);
    }

    /*
     * The body is over the limit, or a read failed.  The rest of the body is
     * not read, so the start of a next request is not known.
     */

    ctx->hashing = 0;

    r->keepalive = 0;
    r->lingering_close = 1;

    if (rc == NGX_DECLINED) {
        slcf = ngx_http_get_module_loc_conf(r, ngx_http_sspi_module);

        rc = ctx->refuse(r, slcf);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            return rc;
        }
    }

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* NGX_DECLINED: the body is over the limit */

static ngx_int_t
ngx_http_sspi_hash_chain(ngx_http_sspi_ctx_t *ctx, ngx_chain_t *in,
    off_t *len)
{
    ngx_int_t    rc;
    ngx_buf_t   *b;

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;

        *len += ngx_buf_size(b);

        if (ngx_buf_in_memory(b)) {

            if (!sspi_exchange_update_entity(ctx->exchange, b->pos,
                                             b->last - b->pos))
            {
                return NGX_DECLINED;
            }

        } else if (b->in_file) {
            rc = ngx_http_sspi_hash_file(ctx, b);

            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    return NGX_OK;
}


/* blocks on the file; in the body filter, bodies are in memory */

static ngx_int_t
ngx_http_sspi_hash_file(ngx_http_sspi_ctx_t *ctx, ngx_buf_t *b)
{
    off_t    pos;
    size_t   size;
    ssize_t  n;
    u_char   buffer[NGX_HTTP_SSPI_FILE_BUFFER];

    for (pos = b->file_pos; pos < b->file_last; pos += n) {
        size = (size_t) ngx_min(b->file_last - pos,
                                NGX_HTTP_SSPI_FILE_BUFFER);

        n = ngx_read_file(b->file, buffer, size, pos);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (n == 0) {
            ngx_log_error(NGX_LOG_CRIT, b->file->log, 0,
                          "sspi: the body's file \"%V\" has been truncated",
                          &b->file->name);
            return NGX_ERROR;
        }

        if (!sspi_exchange_update_entity(ctx->exchange, buffer, n)) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/*
 * The filter module calls this after most modules have installed their
 * filters.  A filter that is installed later runs earlier, and may change the
 * body.
 */

void
ngx_http_sspi_add_body_filter(void)
{
    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_sspi_body_filter;
}
