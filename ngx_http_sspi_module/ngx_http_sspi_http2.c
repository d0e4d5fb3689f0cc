/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes an HTTP/2 client use HTTP/1.1, where an exchange of several legs can
 * run.  For that it resets the stream with the error HTTP_1_1_REQUIRED
 * (RFC 9113 section 7).
 *
 * nginx has no function for that, but its headers declare everything that is
 * needed.  The frame belongs to the stream, as a frame of a response does.  It
 * is in the pool of the request, and stream->queued counts it.  While a frame
 * is counted, nginx neither closes the stream nor frees the request.  When the
 * connection ends, nginx drops the whole queue.  So it never uses the
 * frame after its memory is freed, and never puts it into a list of free
 * frames.
 */
#include "ngx_http_sspi_module.h"


/*
 * The only code that decides whether this version of nginx supports it.  The
 * used parts of nginx's structures are the same from 1.22 to the development
 * of 1.31.  In other versions the module does not offer exchanges of several
 * legs over HTTP/2 until a developer has checked their structures.
 */
#if (NGX_HTTP_V2 && NGX_HTTP_SSL                                              \
     && nginx_version >= 1022000 && nginx_version < 1032000)
#define NGX_HTTP_SSPI_RESETS  1
#endif


#if (NGX_HTTP_SSPI_RESETS)

/* RFC 9113 section 7 */
#define NGX_HTTP_SSPI_HTTP_1_1_REQUIRED  0xd

/* RFC 9113 section 6.4: octets after the header of the frame */
#define NGX_HTTP_SSPI_RST_STREAM_SIZE    4

/*
 * The most resets of one connection.  A client may have sent as many requests
 * as http2_max_concurrent_streams allows (128) before it sees the first
 * reset.  A client that sends more does not understand the reset, or wants to
 * keep the server busy.
 */
#define NGX_HTTP_SSPI_RESETS_LIMIT       128


static ngx_uint_t *ngx_http_sspi_resets(ngx_http_request_t *r);
static void ngx_http_sspi_resets_cleanup(void *data);
static ngx_http_v2_out_frame_t *ngx_http_sspi_reset_frame(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_sspi_reset_handler(ngx_http_v2_connection_t *h2c,
    ngx_http_v2_out_frame_t *frame);


/*
 * True if the module can make the client of r, a main request, use HTTP/1.1.
 * This is possible only over TLS: there client and server agreed on HTTP/2
 * and can agree on HTTP/1.1 instead.  A port with HTTP/2 without TLS may
 * support nothing else.
 */

ngx_uint_t
ngx_http_sspi_can_force_http1(ngx_http_request_t *r)
{
    ngx_uint_t  *n;

    if (r->stream == NULL || r->connection->ssl == NULL || r->header_sent) {
        return 0;
    }

    n = ngx_http_sspi_resets(r);

    return n && *n < NGX_HTTP_SSPI_RESETS_LIMIT;
}


/*
 * Resets the stream of r, which is the main request or a subrequest.  Returns
 * the status that ends the request: NGX_HTTP_CLOSE, which nginx logs as 444,
 * or 403 if it is too late for a reset.
 */

ngx_int_t
ngx_http_sspi_force_http1(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_uint_t                *n;
    ngx_http_v2_stream_t      *stream;
    ngx_http_v2_out_frame_t   *frame;

    stream = r->main->stream;

    if (stream == NULL || stream->rst_sent || r->main->header_sent
        || r->background)
    {
        return NGX_HTTP_FORBIDDEN;
    }

    n = ngx_http_sspi_resets(r);
    frame = ngx_http_sspi_reset_frame(r->main);

    if (n == NULL || frame == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    (*n)++;

    ngx_http_v2_queue_blocked_frame(stream->connection, frame);

    stream->queued++;
    stream->rst_sent = 1;

    /* the module does not need the rest of the body */

    stream->skip_data = 1;

    /* as for a response: while it is set, the handler posts no event */

    stream->blocked = 1;

    rc = ngx_http_v2_send_output_queue(stream->connection);

    stream->blocked = 0;

    if (rc == NGX_ERROR) {
        r->connection->error = 1;
    }

    return NGX_HTTP_CLOSE;
}


/* returns the number of resets on the connection; NULL: no memory */

static ngx_uint_t *
ngx_http_sspi_resets(ngx_http_request_t *r)
{
    ngx_pool_t          *pool;
    ngx_uint_t          *n;
    ngx_pool_cleanup_t  *cln;

    pool = r->main->stream->connection->connection->pool;

    for (cln = pool->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_http_sspi_resets_cleanup) {
            return cln->data;
        }
    }

    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_uint_t));
    if (cln == NULL) {
        return NULL;
    }

    n = cln->data;
    *n = 0;

    cln->handler = ngx_http_sspi_resets_cleanup;

    return n;
}


/* its address identifies the number, which the pool frees */

static void
ngx_http_sspi_resets_cleanup(void *data)
{
    (void) data;
}


static ngx_http_v2_out_frame_t *
ngx_http_sspi_reset_frame(ngx_http_request_t *r)
{
    u_char                   *p;
    ngx_buf_t                *b;
    ngx_uint_t                sid;
    ngx_chain_t              *cl;
    ngx_http_v2_out_frame_t  *frame;

    frame = ngx_pcalloc(r->pool, sizeof(ngx_http_v2_out_frame_t));
    cl = ngx_alloc_chain_link(r->pool);
    b = ngx_create_temp_buf(r->pool, NGX_HTTP_V2_FRAME_HEADER_SIZE
                                     + NGX_HTTP_SSPI_RST_STREAM_SIZE);

    if (frame == NULL || cl == NULL || b == NULL) {
        return NULL;
    }

    sid = r->stream->node->id;

    /*
     * octet by octet, because the numbers are not aligned as nginx's macros
     * need
     */

    p = b->last;

    *p++ = 0;
    *p++ = 0;
    *p++ = NGX_HTTP_SSPI_RST_STREAM_SIZE;
    *p++ = NGX_HTTP_V2_RST_STREAM_FRAME;
    *p++ = NGX_HTTP_V2_NO_FLAG;
    *p++ = (u_char) (sid >> 24);
    *p++ = (u_char) (sid >> 16);
    *p++ = (u_char) (sid >> 8);
    *p++ = (u_char) sid;
    *p++ = 0;
    *p++ = 0;
    *p++ = 0;
    *p++ = NGX_HTTP_SSPI_HTTP_1_1_REQUIRED;

    b->last = p;
    b->last_buf = 1;

    cl->buf = b;
    cl->next = NULL;

    frame->first = cl;
    frame->last = cl;
    frame->handler = ngx_http_sspi_reset_handler;
    frame->stream = r->stream;
    frame->length = NGX_HTTP_SSPI_RST_STREAM_SIZE;

    return frame;
}


/* nginx calls it after it sent a part; the frame is not used afterwards */

static ngx_int_t
ngx_http_sspi_reset_handler(ngx_http_v2_connection_t *h2c,
    ngx_http_v2_out_frame_t *frame)
{
    ngx_buf_t             *b;
    ngx_event_t           *wev;
    ngx_connection_t      *fc;
    ngx_http_v2_stream_t  *stream;

    b = frame->first->buf;

    if (b->pos != b->last) {
        return NGX_AGAIN;
    }

    stream = frame->stream;
    fc = stream->request->connection;

    fc->sent += NGX_HTTP_V2_FRAME_HEADER_SIZE + frame->length;
    h2c->total_bytes += NGX_HTTP_V2_FRAME_HEADER_SIZE + frame->length;

    stream->queued--;

    if (!stream->blocked) {

        /* nginx ends the request in this event */

        wev = fc->write;

        wev->active = 0;
        wev->ready = 1;

        ngx_post_event(wev, &ngx_posted_events);
    }

    return NGX_OK;
}

#else

ngx_uint_t
ngx_http_sspi_can_force_http1(ngx_http_request_t *r)
{
    (void) r;

    return 0;
}


ngx_int_t
ngx_http_sspi_force_http1(ngx_http_request_t *r)
{
    (void) r;

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}

#endif
