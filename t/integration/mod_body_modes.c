/* SPDX-License-Identifier: Apache-2.0 */
/* A handler that reads the body in one of httpd's modes, which the query names. No module of httpd
 * uses all of these modes. The handler answers with the octets that it read. */
#include "httpd.h"
#include "http_config.h"
#include "http_protocol.h"
#include "util_filter.h"

/* For clang: the macros of brigades remove a volatile qualifier. */
#pragma GCC diagnostic ignored "-Wcast-qual"

#define PIECE 1000

/* Moves the read buckets to `to`. True: the body is at its end. */
static int take(apr_bucket_brigade *piece, apr_bucket_brigade *to)
{
    while (!APR_BRIGADE_EMPTY(piece)) {
        apr_bucket *bucket = APR_BRIGADE_FIRST(piece);

        if (APR_BUCKET_IS_EOS(bucket)) {
            apr_brigade_cleanup(piece);
            return 1;
        }
        APR_BUCKET_REMOVE(bucket);
        APR_BRIGADE_INSERT_TAIL(to, bucket);
    }
    return 0;
}

/* Reads speculatively before each read. Both must return the same octets. */
static apr_status_t look_ahead(request_rec *r, apr_bucket_brigade *piece)
{
    char seen[PIECE], read[PIECE];
    apr_size_t seen_len = sizeof(seen), read_len = sizeof(read);
    apr_status_t rv =
        ap_get_brigade(r->input_filters, piece, AP_MODE_SPECULATIVE, APR_BLOCK_READ, PIECE);

    if (rv == APR_SUCCESS) {
        rv = apr_brigade_flatten(piece, seen, &seen_len);
    }
    apr_brigade_cleanup(piece);
    if (rv == APR_SUCCESS) {
        rv = ap_get_brigade(r->input_filters, piece, AP_MODE_READBYTES, APR_BLOCK_READ, PIECE);
    }
    if (rv == APR_SUCCESS) {
        rv = apr_brigade_flatten(piece, read, &read_len);
    }
    if (rv == APR_SUCCESS && (seen_len != read_len || memcmp(seen, read, read_len) != 0)) {
        rv = APR_EGENERAL;
    }
    return rv;
}

static apr_status_t read_piece(request_rec *r, const char *mode, apr_bucket_brigade *piece)
{
    if (strcmp(mode, "lines") == 0) {
        return ap_get_brigade(r->input_filters, piece, AP_MODE_GETLINE, APR_BLOCK_READ, 0);
    }
    if (strcmp(mode, "exhaustive") == 0) {
        return ap_get_brigade(r->input_filters, piece, AP_MODE_EXHAUSTIVE, APR_NONBLOCK_READ, 0);
    }
    return look_ahead(r, piece);
}

/* Reads as most modules do. */
static int answer_block(request_rec *r)
{
    char data[PIECE];
    long len;
    int status = ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK);

    if (status != OK) {
        return status;
    }
    ap_set_content_type(r, "text/plain");
    if (ap_should_client_block(r)) {
        while ((len = ap_get_client_block(r, data, sizeof(data))) > 0) {
            ap_rwrite(data, (int)len, r);
        }
    }
    return OK;
}

static int answer(request_rec *r)
{
    apr_bucket_brigade *piece, *all;
    apr_status_t rv;

    if (r->handler == NULL || strcmp(r->handler, "body-modes") != 0) {
        return DECLINED;
    }
    if (r->args == NULL || strcmp(r->args, "block") == 0) {
        return answer_block(r);
    }
    piece = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    all = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    do {
        rv = read_piece(r, r->args, piece);
        if (rv != APR_SUCCESS || APR_BRIGADE_EMPTY(piece)) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    } while (!take(piece, all));
    /* A read after the end returns only the end. */
    rv = ap_get_brigade(r->input_filters, piece, AP_MODE_READBYTES, APR_BLOCK_READ, PIECE);
    if (rv != APR_SUCCESS || APR_BRIGADE_EMPTY(piece) || !take(piece, all)) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    ap_set_content_type(r, "text/plain");
    APR_BRIGADE_INSERT_TAIL(all, apr_bucket_eos_create(all->bucket_alloc));
    return ap_pass_brigade(r->output_filters, all) == APR_SUCCESS ? OK : AP_FILTER_ERROR;
}

static void register_hooks(apr_pool_t *p)
{
    ap_hook_handler(answer, NULL, NULL, APR_HOOK_MIDDLE);
}

extern module AP_MODULE_DECLARE_DATA body_modes_module;

module AP_MODULE_DECLARE_DATA __attribute__((visibility("default"))) body_modes_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, AP_MODULE_FLAG_NONE,
};
