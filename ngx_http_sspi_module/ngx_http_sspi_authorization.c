/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Authorization header of a request.  The core reads it as the client sent
 * it.  With "sspi_forward_authorization off", handlers, upstreams and
 * $http_authorization do not get it.  With "sspi_proxy_negotiate", a token of
 * this server takes its place.
 */
#include "ngx_http_sspi_module.h"


static ngx_int_t ngx_http_sspi_drop_line(ngx_http_request_t *r,
    ngx_table_elt_t *h, const struct sspi_policy *policy);
static ngx_int_t ngx_http_sspi_drop_token(ngx_http_request_t *r,
    ngx_table_elt_t *h, const struct sspi_policy *policy);
static ngx_uint_t ngx_http_sspi_is_onward(ngx_table_elt_t *h);
static void ngx_http_sspi_forget_authorization(ngx_http_request_t *r);


/* its address shows that a line is that of this module */

static u_char  ngx_http_sspi_onward_key[] = "Authorization";
static u_char  ngx_http_sspi_onward_lowcase[] = "authorization";


/* true if the client has sent the header, also if it is hidden now */

ngx_uint_t
ngx_http_sspi_has_authorization(ngx_http_request_t *r)
{
    ngx_http_sspi_ctx_t  *ctx;

    if (r->headers_in.authorization
        && !ngx_http_sspi_is_onward(r->headers_in.authorization))
    {
        return 1;
    }

    ctx = ngx_http_sspi_get_ctx(r);

    return ctx && ctx->has_authorization;
}


/*
 * Removes the header from r, which is the main request or a subrequest, if a
 * step has evaluated it and the location does not forward it.
 */

ngx_int_t
ngx_http_sspi_hide_authorization(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf)
{
    ngx_table_elt_t      *h;
    ngx_http_sspi_ctx_t  *ctx;

    ctx = ngx_http_sspi_get_ctx(r);

    h = r->headers_in.authorization;

    if (ctx == NULL || h == NULL || ngx_http_sspi_is_onward(h)
        || !sspi_exchange_hides_authorization(ctx->exchange, &slcf->policy))
    {
        return NGX_OK;
    }

    if (ngx_http_sspi_edit_headers(r, ngx_http_sspi_drop_line, &slcf->policy)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->has_authorization = 1;
    r->headers_in.authorization = NULL;

    ngx_http_sspi_forget_authorization(r);

    return NGX_OK;
}


static void
ngx_http_sspi_forget_authorization(ngx_http_request_t *r)
{
    static const ngx_str_t  name = ngx_string("http_authorization");

    ngx_http_sspi_forget_variable(r, &name);
}


static ngx_int_t
ngx_http_sspi_drop_line(ngx_http_request_t *r, ngx_table_elt_t *h,
    const struct sspi_policy *policy)
{
    static const ngx_str_t  name = ngx_string("Authorization");

    return h->key.len == name.len
           && ngx_strncasecmp(h->key.data, name.data, name.len) == 0
           ? NGX_DECLINED : NGX_OK;
}


/*
 * Removes the token of r.  A subrequest and an internal redirect begin with
 * the headers of the request.
 */

ngx_int_t
ngx_http_sspi_drop_onward(ngx_http_request_t *r)
{
    if (r->headers_in.authorization == NULL
        || !ngx_http_sspi_is_onward(r->headers_in.authorization))
    {
        return NGX_OK;
    }

    if (ngx_http_sspi_edit_headers(r, ngx_http_sspi_drop_token, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->headers_in.authorization = NULL;

    ngx_http_sspi_forget_authorization(r);

    return NGX_OK;
}


/* adds a token to a copy of the list, which a subrequest shares */

ngx_int_t
ngx_http_sspi_push_onward(ngx_http_request_t *r, const struct sspi_view *value)
{
    ngx_table_elt_t  *h;

    if (ngx_http_sspi_edit_headers(r, ngx_http_sspi_drop_token, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    h = ngx_list_push(&r->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->key.data = ngx_http_sspi_onward_key;
    h->key.len = sizeof(ngx_http_sspi_onward_key) - 1;
    h->lowcase_key = ngx_http_sspi_onward_lowcase;
    h->hash = ngx_hash_key(h->lowcase_key, h->key.len);

    if (ngx_http_sspi_copy(r->pool, &h->value, value) != NGX_OK) {
        return NGX_ERROR;
    }

    r->headers_in.authorization = h;

    ngx_http_sspi_forget_authorization(r);

    return NGX_OK;
}


static ngx_int_t
ngx_http_sspi_drop_token(ngx_http_request_t *r, ngx_table_elt_t *h,
    const struct sspi_policy *policy)
{
    return ngx_http_sspi_is_onward(h) ? NGX_DECLINED : NGX_OK;
}


static ngx_uint_t
ngx_http_sspi_is_onward(ngx_table_elt_t *h)
{
    return h->key.data == ngx_http_sspi_onward_key;
}
