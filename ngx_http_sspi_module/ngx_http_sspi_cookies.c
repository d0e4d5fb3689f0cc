/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Cookie lines of a request.  The core reads them as the client sent them.
 * Handlers, upstreams and $http_cookie get them without the cookie of a
 * session, if the location has sessions.
 */
#include "ngx_http_sspi_module.h"


static ngx_table_elt_t *ngx_http_sspi_first_cookie(ngx_http_request_t *r,
    ngx_uint_t *several);
static ngx_uint_t ngx_http_sspi_is_cookie(ngx_table_elt_t *h);
static size_t ngx_http_sspi_join_cookies(ngx_http_request_t *r, u_char *dst);
static ngx_uint_t ngx_http_sspi_has_session_cookie(ngx_http_request_t *r,
    const struct sspi_policy *policy);
static ngx_int_t ngx_http_sspi_strip_line(ngx_http_request_t *r,
    ngx_table_elt_t *h, const struct sspi_policy *policy);
static ngx_int_t ngx_http_sspi_link_cookies(ngx_http_request_t *r);
static void ngx_http_sspi_forget_cookies(ngx_http_request_t *r);


/*
 * Keeps the cookies of the client's request, before any line is changed.  One
 * line is borrowed; several lines are joined.
 */

ngx_int_t
ngx_http_sspi_keep_cookies(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
    u_char           *p;
    size_t            len;
    ngx_uint_t        several;
    ngx_table_elt_t  *h;

    if (ctx->has_cookies) {
        return NGX_OK;
    }

    r = r->main;

    h = ngx_http_sspi_first_cookie(r, &several);

    if (h && h->hash && !several) {
        ctx->cookies = h->value;

    } else if (h) {
        len = ngx_http_sspi_join_cookies(r, NULL);

        p = ngx_pnalloc(r->pool, len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ctx->cookies.data = p;
        ctx->cookies.len = ngx_http_sspi_join_cookies(r, p);
    }

    ctx->has_cookies = 1;

    return NGX_OK;
}


/* returns nginx's pointer to the first Cookie line; NULL: there is none */

static ngx_table_elt_t *
ngx_http_sspi_first_cookie(ngx_http_request_t *r, ngx_uint_t *several)
{
#if (nginx_version >= 1023000)

    *several = r->headers_in.cookie && r->headers_in.cookie->next;

    return r->headers_in.cookie;

#else

    ngx_table_elt_t  **h;

    *several = r->headers_in.cookies.nelts > 1;

    h = r->headers_in.cookies.elts;

    return r->headers_in.cookies.nelts ? h[0] : NULL;

#endif
}


static ngx_uint_t
ngx_http_sspi_is_cookie(ngx_table_elt_t *h)
{
    static ngx_str_t  name = ngx_string("Cookie");

    return h->hash
           && h->key.len == name.len
           && ngx_strncasecmp(h->key.data, name.data, name.len) == 0;
}


/*
 * Joins the values of all Cookie lines by "; " (RFC 9113 section 8.2.3).
 * Returns their length, and writes them if there is room.
 */

static size_t
ngx_http_sspi_join_cookies(ngx_http_request_t *r, u_char *dst)
{
    size_t            len;
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    n = 0;
    len = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (!ngx_http_sspi_is_cookie(&h[i])) {
                continue;
            }

            if (dst) {

                if (n) {
                    *dst++ = ';';
                    *dst++ = ' ';
                }

                dst = ngx_cpymem(dst, h[i].value.data, h[i].value.len);
            }

            len += h[i].value.len + (n ? 2 : 0);
            n++;
        }
    }

    return len;
}


/*
 * True if the client has sent the cookie of a session.  The preaccess phase of
 * a location with sessions has kept and removed it.
 */

ngx_uint_t
ngx_http_sspi_has_session(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf)
{
    ngx_http_sspi_ctx_t  *ctx;

    ctx = ngx_http_sspi_get_ctx(r);

    return ctx && ctx->cookies.data
           && sspi_http_has_session_cookie(&slcf->policy,
                                           ngx_http_sspi_view(&ctx->cookies));
}


/*
 * Removes the cookie of a session from the request, which is the main request
 * or a subrequest.
 */

ngx_int_t
ngx_http_sspi_strip_cookies(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf)
{
    ngx_http_sspi_ctx_t  *ctx;

    if (!slcf->policy.session
        || !ngx_http_sspi_has_session_cookie(r, &slcf->policy))
    {
        return NGX_OK;
    }

    ctx = ngx_http_sspi_make_ctx(r);

    if (ctx == NULL
        || ngx_http_sspi_keep_cookies(r, ctx) != NGX_OK
        || ngx_http_sspi_edit_headers(r, ngx_http_sspi_strip_line,
                                      &slcf->policy)
           != NGX_OK
        || ngx_http_sspi_link_cookies(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_sspi_forget_cookies(r);

    return NGX_OK;
}


static ngx_uint_t
ngx_http_sspi_has_session_cookie(ngx_http_request_t *r,
    const struct sspi_policy *policy)
{
    ngx_uint_t        i, several;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    h = ngx_http_sspi_first_cookie(r, &several);

    if (h == NULL) {
        return 0;
    }

    if (!several) {
        return h->hash
               && sspi_http_has_session_cookie(policy,
                                               ngx_http_sspi_view(&h->value));
    }

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_sspi_is_cookie(&h[i])
                && sspi_http_has_session_cookie(policy,
                                             ngx_http_sspi_view(&h[i].value)))
            {
                return 1;
            }
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_sspi_strip_line(ngx_http_request_t *r, ngx_table_elt_t *h,
    const struct sspi_policy *policy)
{
    u_char            *p;
    struct sspi_view   value;

    if (!ngx_http_sspi_is_cookie(h)) {
        return NGX_OK;
    }

    value = ngx_http_sspi_view(&h->value);

    p = ngx_pnalloc(r->pool, value.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    h->value.data = p;
    h->value.len = sspi_http_strip_session_cookie(policy, value, (char *) p);

    p[h->value.len] = '\0';

    return h->value.len ? NGX_OK : NGX_DECLINED;
}


/* nginx has further pointers to the Cookie lines, which $http_cookie uses */

static ngx_int_t
ngx_http_sspi_link_cookies(ngx_http_request_t *r)
{
    ngx_uint_t         i;
    ngx_list_part_t   *part;
    ngx_table_elt_t   *h;
#if (nginx_version >= 1023000)
    ngx_table_elt_t  **last;

    last = &r->headers_in.cookie;
#else
    ngx_table_elt_t  **cookie;

    if (ngx_array_init(&r->headers_in.cookies, r->pool, 1,
                       sizeof(ngx_table_elt_t *))
        != NGX_OK)
    {
        return NGX_ERROR;
    }
#endif

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; i < part->nelts; i++) {

        if (!ngx_http_sspi_is_cookie(&h[i])) {
            continue;
        }

#if (nginx_version >= 1023000)
        *last = &h[i];
        last = &h[i].next;
#else
        cookie = ngx_array_push(&r->headers_in.cookies);
        if (cookie == NULL) {
            return NGX_ERROR;
        }

        *cookie = &h[i];
#endif
    }

#if (nginx_version >= 1023000)
    *last = NULL;
#endif

    return NGX_OK;
}


/*
 * The data of $cookie_NAME point to its own name; a variable of that name which
 * the configuration sets has other data.
 */

static void
ngx_http_sspi_forget_cookies(ngx_http_request_t *r)
{
    ngx_uint_t                  i;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;

    static ngx_str_t  all = ngx_string("http_cookie");
    static ngx_str_t  one = ngx_string("cookie_");

    ngx_http_sspi_forget_variable(r, &all);

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        if (ngx_http_sspi_keeps_variable(r, i)
            && v[i].name.len > one.len
            && ngx_strncmp(v[i].name.data, one.data, one.len) == 0
            && v[i].data == (uintptr_t) &v[i].name)
        {
            r->variables[i].valid = 0;
            r->variables[i].not_found = 0;
        }
    }
}
