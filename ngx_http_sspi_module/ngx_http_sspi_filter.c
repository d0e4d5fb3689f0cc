/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adds challenges and cookies when the final status is known.  A 401 of the access phase
 * may still become another status, by "satisfy any" or error_page.
 */
#include "ngx_http_sspi_module.h"


static ngx_int_t ngx_http_sspi_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_sspi_add_headers(ngx_http_request_t *r,
    ngx_table_elt_t *headers, ngx_uint_t n);
static ngx_uint_t ngx_http_sspi_has_header(ngx_http_request_t *r,
    ngx_table_elt_t *header);
static ngx_int_t ngx_http_sspi_add_success(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx);
static ngx_int_t ngx_http_sspi_move_others(ngx_http_request_t *r);
static ngx_int_t ngx_http_sspi_filter_init(ngx_conf_t *cf);


static ngx_http_module_t  ngx_http_sspi_filter_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_sspi_filter_init,             /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_sspi_filter_module = {
    NGX_MODULE_V1,
    &ngx_http_sspi_filter_module_ctx,      /* module context */
    NULL,                                  /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;


static ngx_int_t
ngx_http_sspi_header_filter(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_http_sspi_ctx_t  *ctx;

    ctx = ngx_http_sspi_get_ctx(r);

    if (ngx_http_sspi_clean_answer(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (r != r->main) {
        return ngx_http_next_header_filter(r);
    }

    if (ngx_http_sspi_mark_answer(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx == NULL) {
        return ngx_http_next_header_filter(r);
    }

    rc = NGX_OK;

    if (ctx->n_challenges && r->headers_out.status == ctx->challenged) {
        rc = ngx_http_sspi_add_headers(r, ctx->challenges, ctx->n_challenges);

        if (rc == NGX_OK && ctx->challenged == NGX_HTTP_UNAUTHORIZED) {
            rc = ngx_http_sspi_move_others(r);
        }

    } else if (ctx->granted) {
        rc = ngx_http_sspi_add_success(r, ctx);
    }

    if (rc == NGX_OK && ctx->cookie.hash) {
        rc = ngx_http_sspi_add_headers(r, &ctx->cookie, 1);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (r->headers_out.status == NGX_HTTP_BAD_REQUEST && ctx->keepalive) {
        r->keepalive = 1;
    }

    return ngx_http_next_header_filter(r);
}


/*
 * The lines are not linked to headers_out.www_authenticate, because other
 * modules change and erase the lines there.
 */

static ngx_int_t
ngx_http_sspi_add_headers(ngx_http_request_t *r, ngx_table_elt_t *headers,
    ngx_uint_t n)
{
    ngx_uint_t        i;
    ngx_table_elt_t  *h;

    for (i = 0; i < n; i++) {

        if (ngx_http_sspi_has_header(r, &headers[i])) {
            continue;
        }

        h = ngx_list_push(&r->headers_out.headers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = headers[i];
    }

    return NGX_OK;
}


/* if a range is not satisfiable, nginx calls the filters a second time */

static ngx_uint_t
ngx_http_sspi_has_header(ngx_http_request_t *r, ngx_table_elt_t *header)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].hash && h[i].value.data == header->value.data) {
                return 1;
            }
        }
    }

    return 0;
}


/*
 * Adds the headers of a granted request to every answer, also to an error.
 * An exception is a 401 of another module or server.  With that, the client
 * would read the last token as a challenge, and would relate Persistent-Auth to
 * the refused login.
 */

static ngx_int_t
ngx_http_sspi_add_success(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
    ngx_uint_t        i;
    ngx_table_elt_t  *h;

    for (i = 0; i < ctx->n_success; i++) {
        h = &ctx->success[i];

        if (r->headers_out.status == NGX_HTTP_UNAUTHORIZED
            && (ngx_strcasecmp(h->key.data, (u_char *) "WWW-Authenticate")
                == 0
                || ngx_strcasecmp(h->key.data, (u_char *) "Persistent-Auth")
                   == 0))
        {
            continue;
        }

        if (ngx_http_sspi_add_headers(r, h, 1) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * Moves the challenges of other modules, such as Basic, after those of this
 * module: some clients use the first challenge that they support.
 */

static ngx_int_t
ngx_http_sspi_move_others(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h, *old, **last;

    last = &r->headers_out.www_authenticate;
    old = *last;

    while (old) {

        if (old->hash) {
            h = ngx_list_push(&r->headers_out.headers);
            if (h == NULL) {
                return NGX_ERROR;
            }

            *h = *old;
            old->hash = 0;

            *last = h;
#if (nginx_version >= 1023000)
            last = &h->next;
#endif
        }

#if (nginx_version >= 1023000)
        old = old->next;
#else
        old = NULL;
#endif
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_sspi_filter_init(ngx_conf_t *cf)
{
    ngx_http_sspi_main_conf_t  *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_sspi_module);

    if (smcf->protected.nelts) {
        ngx_http_next_header_filter = ngx_http_top_header_filter;
        ngx_http_top_header_filter = ngx_http_sspi_header_filter;

        ngx_http_sspi_add_body_filter();
    }

    return NGX_OK;
}
