/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request whose credentials vouch for it (Digest's auth-int): read before the handler
 * runs, hashed on its way, kept, and given to the handler as if nobody had read it. */
#include "mod_sspi.h"

#include "apr_strings.h"
#include "http_log.h"
#include "http_protocol.h"
#include "http_request.h"
#include "util_filter.h"

APLOG_USE_MODULE(sspi);

/* APR's macros for rings cast a qualifier away. */
#pragma GCC diagnostic ignored "-Wcast-qual"

#define FILTER_NAME "SSPI_BODY"

/* That of httpd's own reading of the body, in whose place it comes: filters that change bodies
 * (DEFLATE) stay between this one and the handler, and an internal redirect, which drops all
 * filters of a lower type, keeps it. */
#define FILTER_TYPE AP_FTYPE_PROTOCOL

/* What is kept in memory; beyond it a temporary file is. */
#define MEMORY_LIMIT (64 * 1024)
#define READ_SIZE    8192

struct body {
    request_rec *r;
    apr_bucket_brigade *kept;
    apr_off_t kept_len; /* in the brigade, or in the file once there is one */
    apr_file_t *file;   /* NULL until the memory is not enough */
};

/* ---- keeping ---- */

static apr_status_t write_kept(struct body *body)
{
    for (apr_bucket *b = APR_BRIGADE_FIRST(body->kept); b != APR_BRIGADE_SENTINEL(body->kept);
         b = APR_BUCKET_NEXT(b)) {
        const char *data;
        apr_size_t len;
        apr_status_t rv = apr_bucket_read(b, &data, &len, APR_BLOCK_READ);

        if (rv == APR_SUCCESS) {
            rv = apr_file_write_full(body->file, data, len, NULL);
        }
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    return apr_brigade_cleanup(body->kept);
}

/* What is in memory moves into a file without a name that others could open. */
static apr_status_t open_file(struct body *body)
{
    const char *directory;
    char *path;
    apr_status_t rv = apr_temp_dir_get(&directory, body->r->pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    path = apr_pstrcat(body->r->pool, directory, "/sspi-body.XXXXXX", NULL);
    rv = apr_file_mktemp(&body->file, path,
                         APR_CREATE | APR_READ | APR_WRITE | APR_EXCL | APR_BINARY, body->r->pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    (void)apr_file_remove(path, body->r->pool);
    return write_kept(body);
}

static apr_status_t keep(struct body *body, const char *data, apr_size_t len)
{
    apr_status_t rv = APR_SUCCESS;

    if (len == 0) {
        return APR_SUCCESS;
    }
    if (body->file == NULL && body->kept_len + (apr_off_t)len > MEMORY_LIMIT) {
        rv = open_file(body);
    }
    if (rv == APR_SUCCESS) {
        rv = body->file != NULL ? apr_file_write_full(body->file, data, len, NULL)
                                : apr_brigade_write(body->kept, NULL, NULL, data, len);
    }
    body->kept_len += (apr_off_t)len;
    return rv;
}

/* ---- reading ---- */

/* Takes the buckets of one read. *ret_more is false at the end of the body, or beyond the core's
 * limit. */
static apr_status_t take_brigade(struct body *body, apr_bucket_brigade *brigade,
                                 struct sspi_exchange *exchange, bool *ret_more)
{
    for (apr_bucket *b = APR_BRIGADE_FIRST(brigade); b != APR_BRIGADE_SENTINEL(brigade);
         b = APR_BUCKET_NEXT(b)) {
        const char *data;
        apr_size_t len;
        apr_status_t rv;

        if (APR_BUCKET_IS_EOS(b)) {
            sspi_http_entity_end(exchange);
            *ret_more = false;
            return APR_SUCCESS;
        }
        if (APR_BUCKET_IS_METADATA(b)) {
            continue;
        }
        rv = apr_bucket_read(b, &data, &len, APR_BLOCK_READ);
        if (rv == APR_SUCCESS && !sspi_http_entity_update(exchange, data, len)) {
            /* An error document gets no part of it, and the rest of it is no next request. */
            body->r->connection->keepalive = AP_CONN_CLOSE;
            body->file = NULL;
            *ret_more = false;
            return apr_brigade_cleanup(body->kept);
        }
        if (rv == APR_SUCCESS) {
            rv = keep(body, data, len);
        }
        if (rv != APR_SUCCESS) {
            return rv;
        }
    }
    return APR_SUCCESS;
}

static int read_all(struct body *body, struct sspi_exchange *exchange)
{
    request_rec *r = body->r;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    bool more = true;

    while (more) {
        /* As it was sent: not through filters that change bodies. */
        apr_status_t rv = ap_get_brigade(r->proto_input_filters, brigade, AP_MODE_READBYTES,
                                         APR_BLOCK_READ, READ_SIZE);

        if (rv != APR_SUCCESS) {
            ap_log_rerror(APLOG_MARK, APLOG_INFO, rv, r, "the body of an auth-int request ends");
            return ap_map_http_request_error(rv, HTTP_BAD_REQUEST);
        }
        rv = take_brigade(body, brigade, exchange, &more);
        if (rv != APR_SUCCESS) {
            ap_log_rerror(APLOG_MARK, APLOG_ERR, rv, r,
                          "the body of an auth-int request cannot be kept");
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        apr_brigade_cleanup(brigade);
    }
    return OK;
}

/* What read the body from the connection has no more to tell: the kept body takes its place. */
static void put_filter(struct body *body)
{
    ap_filter_t *f = body->r->proto_input_filters;

    while (f != NULL && f->frec->ftype < AP_FTYPE_CONNECTION) {
        ap_filter_t *next = f->next;

        ap_remove_input_filter(f);
        f = next;
    }
    ap_add_input_filter(FILTER_NAME, body, body->r, body->r->connection);
}

/* By its header, as httpd's own reading of the body decides. */
static bool announces_body(const request_rec *r)
{
    return apr_table_get(r->headers_in, "Content-Length") != NULL ||
           apr_table_get(r->headers_in, "Transfer-Encoding") != NULL;
}

/* True when the handler that led to this redirect has read of the body: HTTP_IN has something to
 * remember then. Of a body that HTTP/2 does not announce, what is left has another hash than the
 * client's. */
static bool was_read(const request_rec *r)
{
    const ap_filter_t *f = r->proto_input_filters;

    if (r->prev == NULL || !announces_body(r)) {
        return false;
    }
    while (f != NULL && ap_cstr_casecmp(f->frec->name, "HTTP_IN") != 0) {
        f = f->next;
    }
    return f != NULL && f->ctx != NULL;
}

int mod_sspi_body_read(request_rec *r, struct sspi_exchange *exchange)
{
    struct body *body;
    const char *uri = r->uri;
    int status;

    if (r->main != NULL) {
        while (r->main != NULL) {
            r = r->main;
        }
        /* Whoever made the subrequest may have read of it. */
        if (announces_body(r)) {
            ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                          "a subrequest cannot read the body that auth-int vouches for: protect "
                          "the place that the client itself asks for, or offer qop auth for %s",
                          uri);
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    if (was_read(r)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "the body that auth-int vouches for was read before this redirect: protect "
                      "the place that the client itself asks for, or offer qop auth for %s",
                      uri);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    body = apr_pcalloc(r->pool, sizeof(*body));
    body->r = r;
    body->kept = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    status = read_all(body, exchange);
    if (status != OK) {
        return status;
    }
    if (body->file != NULL) {
        apr_brigade_insert_file(body->kept, body->file, 0, body->kept_len, r->pool);
    }
    put_filter(body);
    return OK;
}

/* ---- giving ---- */

/* Up to `len` octets, without taking them. */
static apr_status_t copy_kept(struct body *body, apr_bucket_brigade *to, apr_off_t len)
{
    apr_bucket *end;
    apr_status_t rv = apr_brigade_partition(body->kept, len, &end);

    if (rv != APR_SUCCESS && rv != APR_INCOMPLETE) {
        return rv;
    }
    for (apr_bucket *b = APR_BRIGADE_FIRST(body->kept); b != end; b = APR_BUCKET_NEXT(b)) {
        apr_bucket *copy;

        rv = apr_bucket_copy(b, &copy);
        if (rv != APR_SUCCESS) {
            return rv;
        }
        APR_BRIGADE_INSERT_TAIL(to, copy);
    }
    return APR_SUCCESS;
}

static apr_status_t move_kept(struct body *body, apr_bucket_brigade *to, apr_off_t len)
{
    apr_bucket *end;
    apr_status_t rv = apr_brigade_partition(body->kept, len, &end);

    if (rv != APR_SUCCESS && rv != APR_INCOMPLETE) {
        return rv;
    }
    while (APR_BRIGADE_FIRST(body->kept) != end) {
        apr_bucket *first = APR_BRIGADE_FIRST(body->kept);

        APR_BUCKET_REMOVE(first);
        APR_BRIGADE_INSERT_TAIL(to, first);
    }
    return APR_SUCCESS;
}

static apr_status_t give_body(ap_filter_t *f, apr_bucket_brigade *to, ap_input_mode_t mode,
                              apr_read_type_e block, apr_off_t readbytes)
{
    struct body *body = f->ctx;
    apr_status_t rv = APR_SUCCESS;

    switch (mode) {
    case AP_MODE_READBYTES:
        rv = move_kept(body, to, readbytes);
        break;
    case AP_MODE_SPECULATIVE:
        rv = copy_kept(body, to, readbytes);
        break;
    case AP_MODE_GETLINE:
        rv = apr_brigade_split_line(to, body->kept, block, HUGE_STRING_LEN);
        break;
    case AP_MODE_EXHAUSTIVE:
        APR_BRIGADE_CONCAT(to, body->kept);
        break;
    case AP_MODE_INIT:
    case AP_MODE_EATCRLF:
        return ap_get_brigade(f->next, to, mode, block, readbytes);
    }
    /* The end comes with the last octets, and whenever somebody asks again. */
    if (rv == APR_SUCCESS && APR_BRIGADE_EMPTY(body->kept)) {
        APR_BRIGADE_INSERT_TAIL(to, apr_bucket_eos_create(f->c->bucket_alloc));
    }
    return rv;
}

void mod_sspi_body_register_filter(void)
{
    ap_register_input_filter(FILTER_NAME, give_body, NULL, FILTER_TYPE);
}
