/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks answers as private if the request had no Authorization header but the
 * answer is for one user.  Caches in front of nginx do not store private
 * answers.  An answer that sets the cookie of a session tells caches not to
 * store that.  The caches of nginx's upstream modules decide before any header
 * filter runs.  nginx sends a page of these caches only after the access phase
 * of its location.
 */
#include "ngx_http_sspi_module.h"


static ngx_int_t ngx_http_sspi_write_private(ngx_http_request_t *r,
    struct sspi_view *value);
static ngx_int_t ngx_http_sspi_write_cookie(ngx_http_request_t *r,
    struct sspi_view *value);
static size_t ngx_http_sspi_join(ngx_http_request_t *r, u_char *dst);
static ngx_uint_t ngx_http_sspi_is_cache_control(ngx_table_elt_t *h);
static void ngx_http_sspi_erase(ngx_http_request_t *r);


ngx_int_t
ngx_http_sspi_mark_answer(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
    size_t             len;
    ngx_uint_t         is_private, sets_cookie;
    ngx_table_elt_t   *h;
    struct sspi_view   value;

    is_private = sspi_http_is_private(ctx ? ctx->exchange : NULL,
                                      ngx_http_sspi_find_connection(r),
                                      !ngx_http_sspi_has_authorization(r));

    sets_cookie = sspi_http_sets_cookie(ctx ? ctx->exchange : NULL);

    if (!is_private && !sets_cookie) {
        return NGX_OK;
    }

    len = ngx_http_sspi_join(r, NULL);

    value.data = ngx_pnalloc(r->pool, len + 1);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_http_sspi_join(r, (u_char *) value.data);

    if (is_private && ngx_http_sspi_write_private(r, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (sets_cookie && ngx_http_sspi_write_cookie(r, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    ngx_http_sspi_erase(r);

    h->hash = 1;
    ngx_str_set(&h->key, "Cache-Control");
    h->value.data = (u_char *) value.data;
    h->value.len = value.len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_sspi_write_private(ngx_http_request_t *r, struct sspi_view *value)
{
    char  *p;

    p = ngx_pnalloc(r->pool, SSPI_PRIVATE_SIZE(value->len));
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->len = sspi_http_private_cache_control(*value, p);
    value->data = p;

    return NGX_OK;
}


static ngx_int_t
ngx_http_sspi_write_cookie(ngx_http_request_t *r, struct sspi_view *value)
{
    char  *p;

    p = ngx_pnalloc(r->pool, SSPI_COOKIE_CONTROL_SIZE(value->len));
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->len = sspi_http_cookie_cache_control(*value, p);
    value->data = p;

    return NGX_OK;
}


/*
 * Joins the values of all Cache-Control lines by commas.  Returns their
 * length, and writes them if there is room.
 */

static size_t
ngx_http_sspi_join(ngx_http_request_t *r, u_char *dst)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = 0;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].hash == 0 || !ngx_http_sspi_is_cache_control(&h[i])) {
                continue;
            }

            if (dst) {

                if (len) {
                    *dst++ = ',';
                }

                dst = ngx_cpymem(dst, h[i].value.data, h[i].value.len);
            }

            len += h[i].value.len + (len ? 1 : 0);
        }
    }

    return len;
}


static ngx_uint_t
ngx_http_sspi_is_cache_control(ngx_table_elt_t *h)
{
    static ngx_str_t  name = ngx_string("Cache-Control");

    return h->key.len == name.len
           && ngx_strncasecmp(h->key.data, name.data, name.len) == 0;
}


/* erases these lines, and those that caches follow instead of them */

static void
ngx_http_sspi_erase(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].hash == 0) {
                continue;
            }

            if (ngx_http_sspi_is_cache_control(&h[i])
                || sspi_http_overrides_cache_control(
                       ngx_http_sspi_view(&h[i].key)))
            {
                h[i].hash = 0;
            }
        }
    }
}
