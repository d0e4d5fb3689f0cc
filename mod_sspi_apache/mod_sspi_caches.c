/* SPDX-License-Identifier: Apache-2.0 */
/* Marks answers as private if the request had no Authorization header but the answer is for one
 * user. Caches do not store private answers. Answers that set the cookie of a session tell caches
 * not to store that. mod_cache reads the headers when the first octet of the answer reaches its
 * filter. By default that filter runs after this one. If the administrator puts it before this one
 * (the filter CACHE, a subrequest), the header must be set earlier. So mod_sspi_caches_mark() sets
 * it before the handler runs. */
#include "mod_sspi.h"

#include "apr_strings.h"
#include "http_protocol.h"
#include "http_request.h"
#include "util_filter.h"

#define FILTER_NAME "SSPI_PRIVATE"
#define FIELD_NAME  "Cache-Control"

static ap_filter_rec_t *filter;

/* What the answer must tell caches. */
struct orders {
    bool is_private;
    bool sets_cookie;
};

static struct orders orders_for(request_rec *r)
{
    const struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);
    const struct sspi_exchange *exchange = ctx != NULL ? ctx->exchange : NULL;
    bool has_no_header = exchange == NULL && mod_sspi_request_credentials(r) == NULL;

    return (struct orders){
        .is_private =
            sspi_http_is_private(exchange, mod_sspi_connection_find(r->connection), has_no_header),
        .sets_cookie = sspi_http_sets_cookie(exchange),
    };
}

/* Writes another Cache-Control for `value` by a function of sspi_http.h, which needs `size` octets.
 */
static struct sspi_view write_control(apr_pool_t *p, struct sspi_view value, size_t size,
                                      size_t (*write)(struct sspi_view value, char *to))
{
    char *merged = apr_palloc(p, size + 1);
    size_t len = write(value, merged);

    merged[len] = '\0';
    return (struct sspi_view){merged, len};
}

/* Returns the values of both tables. NULL: there is none. */
static const char *values_of(request_rec *r)
{
    const char *first = apr_table_getm(r->pool, r->err_headers_out, FIELD_NAME);
    const char *second = apr_table_getm(r->pool, r->headers_out, FIELD_NAME);

    if (first == NULL || second == NULL) {
        return first != NULL ? first : second;
    }
    return apr_pstrcat(r->pool, first, ",", second, NULL);
}

/* Puts the directives of this module and the values of both tables into err_headers_out. False:
 * there are no orders, and the tables are unchanged. */
static bool set_control(request_rec *r)
{
    struct orders orders = orders_for(r);
    struct sspi_view value;

    if (!orders.is_private && !orders.sets_cookie) {
        return false;
    }
    value = mod_sspi_view(values_of(r));
    if (orders.is_private) {
        value = write_control(r->pool, value, SSPI_PRIVATE_SIZE(value.len),
                              sspi_http_private_cache_control);
    }
    if (orders.sets_cookie) {
        value = write_control(r->pool, value, SSPI_COOKIE_CONTROL_SIZE(value.len),
                              sspi_http_cookie_cache_control);
    }
    apr_table_setn(r->err_headers_out, FIELD_NAME, value.data);
    return true;
}

/* Removes fields that some caches follow instead of Cache-Control. */
static void unset_others(apr_table_t *table)
{
    const apr_array_header_t *entries = apr_table_elts(table);
    int i = 0;

    while (i < entries->nelts) {
        const char *name = APR_ARRAY_IDX(entries, i, apr_table_entry_t).key;

        if (sspi_http_overrides_cache_control(mod_sspi_view(name))) {
            apr_table_unset(table, name); /* the next entry may take its place */
        } else {
            i++;
        }
    }
}

void mod_sspi_caches_mark(request_rec *r)
{
    (void)set_control(r);
}

static apr_status_t make_private(ap_filter_t *f, apr_bucket_brigade *brigade)
{
    request_rec *r = f->r;

    if (set_control(r)) {
        apr_table_unset(r->headers_out, FIELD_NAME);
        unset_others(r->err_headers_out);
        unset_others(r->headers_out);
    }
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, brigade);
}

static void insert_private(request_rec *r)
{
    if (r->main == NULL) {
        ap_add_output_filter_handle(filter, NULL, r, r->connection);
    }
}

void mod_sspi_caches_register_hooks(void)
{
    /* After mod_headers, which could remove the header. */
    static const char *const before[] = {"mod_headers.c", NULL};

    ap_hook_insert_filter(insert_private, before, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_insert_error_filter(insert_private, before, NULL, APR_HOOK_REALLY_LAST);
    filter = ap_register_output_filter(FILTER_NAME, make_private, NULL, AP_FTYPE_CONTENT_SET);
}
