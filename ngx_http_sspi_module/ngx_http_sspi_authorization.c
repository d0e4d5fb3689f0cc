/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Authorization header of a request.  The core reads it as the client sent
 * it.  With "sspi_forward_authorization off", handlers, upstreams and
 * $http_authorization do not get it.
 */
#include "ngx_http_sspi_module.h"


static ngx_int_t ngx_http_sspi_drop_line(ngx_http_request_t *r,
    ngx_table_elt_t *h, const struct sspi_policy *policy);


/* true if the client has sent the header, also if it is hidden now */

ngx_uint_t
ngx_http_sspi_has_authorization(ngx_http_request_t *r)
{
    ngx_http_sspi_ctx_t  *ctx;

    if (r->headers_in.authorization) {
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
    ngx_http_sspi_ctx_t  *ctx;

    static const ngx_str_t  variable = ngx_string("http_authorization");

    ctx = ngx_http_sspi_get_ctx(r);

    if (ctx == NULL || r->headers_in.authorization == NULL
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

    ngx_http_sspi_forget_variable(r, &variable);

    return NGX_OK;
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
