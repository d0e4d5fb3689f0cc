/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request whose credentials protect it (Digest's qop auth-int). The module reads the
 * body before the handler runs, passes it to the core, which hashes it, and keeps it. An input
 * filter then gives the kept body to the handler. */
#include "mod_sspi.h"

#include "apr_strings.h"
#include "http_log.h"
#include "http_protocol.h"
#include "util_filter.h"

APLOG_USE_MODULE(sspi);

/* APR's macros for rings cast a qualifier away. */
#pragma GCC diagnostic ignored "-Wcast-qual"

#define FILTER_NAME "SSPI_BODY"

/* The type of HTTP_IN, httpd's filter that reads the body, which this filter replaces. Filters that
 * change bodies (DEFLATE) stay between this filter and the handler. An internal redirect keeps it,
 * because it removes only filters of a lower type. */
#define FILTER_TYPE AP_FTYPE_PROTOCOL

/* In octets. A longer body is kept in a temporary file, not in memory. */
#define MEMORY_LIMIT (64 * 1024)
#define READ_SIZE    8192

struct body {
    request_rec *r;
    apr_bucket_brigade *kept;
    apr_off_t kept_len; /* octets in the file if there is one, otherwise in the brigade */
    apr_file_t *file;   /* NULL: the body is kept in memory */
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

/* Moves the octets in memory to a new file. Removes its name, so that no other process opens it. */
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

/* ---- reading from the client ---- */

/* Passes the buckets of one read to the core, and keeps them. Sets *ret_more to false at the end of
 * the body, or if the body is over the core's limit. */
static apr_status_t take_brigade(struct body *body, apr_bucket_brigade *brigade,
                                 struct sspi_exchange *exchange, bool *ret_more)
{
    for (apr_bucket *b = APR_BRIGADE_FIRST(brigade); b != APR_BRIGADE_SENTINEL(brigade);
         b = APR_BUCKET_NEXT(b)) {
        const char *data;
        apr_size_t len;
        apr_status_t rv;

        if (APR_BUCKET_IS_EOS(b)) {
            sspi_exchange_end_entity(exchange);
            *ret_more = false;
            return APR_SUCCESS;
        }
        if (APR_BUCKET_IS_METADATA(b)) {
            continue;
        }
        rv = apr_bucket_read(b, &data, &len, APR_BLOCK_READ);
        if (rv == APR_SUCCESS && !sspi_exchange_update_entity(exchange, data, len)) {
            /* An error document must not get a part of the body. The connection must close, because
             * the rest of the body would be read as the next request. */
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
        /* Reads the body as the client sent it, because the filters that change bodies are not
         * called. */
        apr_status_t rv = ap_get_brigade(r->proto_input_filters, brigade, AP_MODE_READBYTES,
                                         APR_BLOCK_READ, READ_SIZE);

        if (rv != APR_SUCCESS) {
            ap_log_rerror(APLOG_MARK, APLOG_INFO, rv, r,
                          "the body of an auth-int request could not be read to its end");
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

/* Replaces the filters that read the body from the connection, so that the handler reads the kept
 * body. */
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

/* True if a header announces a body. HTTP_IN decides by the same headers. */
static bool announces_body(const request_rec *r)
{
    return apr_table_get(r->headers_in, "Content-Length") != NULL ||
           apr_table_get(r->headers_in, "Transfer-Encoding") != NULL;
}

/* True if the handler that caused this internal redirect has read a part of the body: HTTP_IN then
 * has a context. If HTTP/2 does not announce a body, this is always false. The rest of such a body
 * has another hash than the client's, so the core refuses it. */
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
        /* The handler that makes the subrequest may have read a part of the body. */
        if (announces_body(r)) {
            ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                          "a subrequest cannot read the body that auth-int protects: protect the "
                          "location that the client itself requests, or offer qop auth for %s",
                          uri);
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    if (was_read(r)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "the body that auth-int protects was read before this redirect: protect the "
                      "location that the client itself requests, or offer qop auth for %s",
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

/* ---- the filter for the handler ---- */

/* Copies up to `len` octets of the kept body to `to`, and keeps them. */
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
    /* An EOS bucket follows the last octets. Each later read returns only that bucket. */
    if (rv == APR_SUCCESS && APR_BRIGADE_EMPTY(body->kept)) {
        APR_BRIGADE_INSERT_TAIL(to, apr_bucket_eos_create(f->c->bucket_alloc));
    }
    return rv;
}

void mod_sspi_body_register_filter(void)
{
    ap_register_input_filter(FILTER_NAME, give_body, NULL, FILTER_TYPE);
}
