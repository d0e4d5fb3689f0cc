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

static bool is_private(request_rec *r)
{
    const struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);

    return sspi_http_is_private(ctx != NULL ? ctx->exchange : NULL,
                                mod_sspi_connection_find(r->connection),
                                mod_sspi_request_credentials(r) == NULL);
}

static bool sets_cookie(request_rec *r)
{
    const struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);

    return ctx != NULL && sspi_http_sets_cookie(ctx->exchange);
}

/* Writes another Cache-Control for `value` by a function of sspi_http.h, which needs `size` octets.
 */
static const char *write_control(apr_pool_t *p, const char *value, size_t size,
                                 size_t (*write)(struct sspi_view value, char *to))
{
    char *merged = apr_palloc(p, size + 1);

    merged[write(mod_sspi_view(value), merged)] = '\0';
    return merged;
}

/* Merges the directives of this module with the values of both tables. */
static const char *merge(request_rec *r)
{
    const char *first = apr_table_getm(r->pool, r->err_headers_out, FIELD_NAME);
    const char *second = apr_table_getm(r->pool, r->headers_out, FIELD_NAME);
    const char *value =
        apr_pstrcat(r->pool, first != NULL ? first : "", first != NULL && second != NULL ? "," : "",
                    second != NULL ? second : "", NULL);

    if (is_private(r)) {
        value = write_control(r->pool, value, SSPI_PRIVATE_SIZE(strlen(value)),
                              sspi_http_private_cache_control);
    }
    if (sets_cookie(r)) {
        value = write_control(r->pool, value, SSPI_COOKIE_CONTROL_SIZE(strlen(value)),
                              sspi_http_cookie_cache_control);
    }
    return value;
}

/* Removes fields that some caches follow instead of Cache-Control. */
static void unset_others(request_rec *r, apr_table_t *table)
{
    const apr_array_header_t *copy = apr_table_elts(apr_table_copy(r->pool, table));

    for (int i = 0; i < copy->nelts; i++) {
        const char *name = APR_ARRAY_IDX(copy, i, apr_table_entry_t).key;

        if (sspi_http_overrides_cache_control(mod_sspi_view(name))) {
            apr_table_unset(table, name);
        }
    }
}

void mod_sspi_caches_mark(request_rec *r)
{
    if (is_private(r) || sets_cookie(r)) {
        apr_table_setn(r->err_headers_out, FIELD_NAME, merge(r));
    }
}

static apr_status_t make_private(ap_filter_t *f, apr_bucket_brigade *brigade)
{
    request_rec *r = f->r;

    if (is_private(r) || sets_cookie(r)) {
        apr_table_setn(r->err_headers_out, FIELD_NAME, merge(r));
        apr_table_unset(r->headers_out, FIELD_NAME);
        unset_others(r, r->err_headers_out);
        unset_others(r, r->headers_out);
    }
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, brigade);
}

static void insert_private(request_rec *r)
{
    if (r->main == NULL) {
        ap_add_output_filter(FILTER_NAME, NULL, r, r->connection);
    }
}

void mod_sspi_caches_register_hooks(void)
{
    /* After mod_headers, which could remove the header. */
    static const char *const before[] = {"mod_headers.c", NULL};

    ap_hook_insert_filter(insert_private, before, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_insert_error_filter(insert_private, before, NULL, APR_HOOK_REALLY_LAST);
    ap_register_output_filter(FILTER_NAME, make_private, NULL, AP_FTYPE_CONTENT_SET);
}
