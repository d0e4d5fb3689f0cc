/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks answers as private if the request had no Authorization header but the
 * answer is for one user.  Caches in front of nginx do not store private
 * answers.  The caches of nginx's upstream modules decide before any header
 * filter runs.  nginx sends a page of these caches only after the access phase
 * of its location.
 */
#include "ngx_http_sspi_module.h"


static size_t ngx_http_sspi_join(ngx_http_request_t *r, u_char *dst);
static ngx_uint_t ngx_http_sspi_is_cache_control(ngx_table_elt_t *h);
static void ngx_http_sspi_erase(ngx_http_request_t *r);


ngx_int_t
ngx_http_sspi_make_private(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
    u_char            *p;
    size_t             len;
    ngx_table_elt_t   *h;
    struct sspi_view   value;

    if (!sspi_http_is_private(ctx ? ctx->exchange : NULL,
                              ngx_http_sspi_find_connection(r),
                              r->headers_in.authorization == NULL))
    {
        return NGX_OK;
    }

    len = ngx_http_sspi_join(r, NULL);

    p = ngx_pnalloc(r->pool, len + SSPI_PRIVATE_SIZE(len));
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = (const char *) p;
    value.len = ngx_http_sspi_join(r, p);

    p += len;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    ngx_http_sspi_erase(r);

    h->hash = 1;
    ngx_str_set(&h->key, "Cache-Control");
    h->value.data = p;
    h->value.len = sspi_http_private_cache_control(value, (char *) p);

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
                dst = ngx_cpymem(dst, h[i].value.data, h[i].value.len);
                *dst++ = ',';
            }

            len += h[i].value.len + 1;
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
