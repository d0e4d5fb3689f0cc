/* SPDX-License-Identifier: Apache-2.0 */
/* Adds the header lines of this module to the answer when its final status is known. A 401 may
 * still become another status (an error document that is a program, another index file). A granted
 * request may become a 401 (Require). So no line is added before, and lines of an earlier status
 * are removed. */
#include "mod_sspi.h"

#include "http_protocol.h"
#include "http_request.h"
#include "util_filter.h"

#define FILTER_NAME "SSPI_ANSWER"

static ap_filter_rec_t *filter;

static bool is_among(const apr_array_header_t *lines, const char *value)
{
    for (int i = 0; i < lines->nelts; i++) {
        if (APR_ARRAY_IDX(lines, i, struct mod_sspi_line).value == value) {
            return true;
        }
    }
    return false;
}

/* Removes `lines` from the table. Compares pointers, because other modules' lines of the same name
 * must stay. */
static void remove_lines(request_rec *r, const apr_array_header_t *lines)
{
    const apr_array_header_t *old = apr_table_elts(r->err_headers_out);
    apr_table_t *kept = apr_table_make(r->pool, old->nelts + SSPI_HEADERS_LIMIT);

    for (int i = 0; i < old->nelts; i++) {
        const apr_table_entry_t *entry = &APR_ARRAY_IDX(old, i, apr_table_entry_t);

        if (!is_among(lines, entry->val)) {
            apr_table_addn(kept, entry->key, entry->val);
        }
    }
    r->err_headers_out = kept;
}

/* False: httpd has dropped the lines. If a range is not satisfiable, httpd finds that out after it
 * has put all lines into the answer, and begins another answer. */
static bool is_kept(const request_rec *r, const apr_array_header_t *lines)
{
    return lines == NULL || lines->nelts == 0 ||
           apr_table_get(r->err_headers_out, APR_ARRAY_IDX(lines, 0, struct mod_sspi_line).name) !=
               NULL;
}

/* Adds one header field for each line. Lines are never joined, because some clients do not parse
 * several challenges in one field. */
static void send_lines(request_rec *r, apr_array_header_t **sent, apr_array_header_t *lines)
{
    if (*sent == lines && is_kept(r, lines)) {
        return;
    }
    if (*sent != NULL) {
        remove_lines(r, *sent);
    }
    for (int i = 0; lines != NULL && i < lines->nelts; i++) {
        const struct mod_sspi_line *line = &APR_ARRAY_IDX(lines, i, struct mod_sspi_line);

        apr_table_addn(r->err_headers_out, line->name, line->value);
    }
    *sent = lines;
}

/* True if r has the status of a refusal. For a forward proxy that status is 407, because a 401
 * comes from the origin server. */
static bool is_refusal(const request_rec *r)
{
    return r->status ==
           (r->proxyreq == PROXYREQ_PROXY ? HTTP_PROXY_AUTHENTICATION_REQUIRED : HTTP_UNAUTHORIZED);
}

/* True for lines of a granted request that must not be sent with a 401 of another module or server.
 * In such an answer, the client would read the last token as a challenge, and would relate
 * Persistent-Auth to the refused login. */
static bool is_misleading(const char *name)
{
    return ap_cstr_casecmp(name, "WWW-Authenticate") == 0 ||
           ap_cstr_casecmp(name, "Proxy-Authenticate") == 0 ||
           ap_cstr_casecmp(name, "Persistent-Auth") == 0;
}

/* Returns the lines of a granted request that may be sent with a 401 of another module or server.
 */
static apr_array_header_t *without_challenges(const struct mod_sspi_request_ctx *ctx)
{
    const apr_array_header_t *granted = ctx->granted;
    apr_array_header_t *lines = apr_array_make(ctx->pool, 1, sizeof(struct mod_sspi_line));

    for (int i = 0; granted != NULL && i < granted->nelts; i++) {
        const struct mod_sspi_line *line = &APR_ARRAY_IDX(granted, i, struct mod_sspi_line);

        if (!is_misleading(line->name)) {
            APR_ARRAY_PUSH(lines, struct mod_sspi_line) = *line;
        }
    }
    return lines;
}

/* `own` is true if httpd or a module made the status, and false if a handler made it. */
static void answer(request_rec *r, struct mod_sspi_request_ctx *ctx, bool own)
{
    if (r->status == HTTP_TOO_MANY_REQUESTS && own && ctx->limited != NULL) {
        send_lines(r, &ctx->sent, ctx->limited);
    } else if (!is_refusal(r)) {
        send_lines(r, &ctx->sent, ctx->granted);
    } else if (own && ctx->challenge != NULL) {
        send_lines(r, &ctx->sent, ctx->challenge);
    } else {
        send_lines(r, &ctx->sent, without_challenges(ctx));
    }
    send_lines(r, &ctx->sent_cookies, ctx->cookies);
}

void mod_sspi_answer_add(request_rec *r)
{
    answer(r, mod_sspi_request_find(r), true);
}

/* Runs for an error that httpd itself writes. */
static void answer_error(request_rec *r)
{
    struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);

    if (ctx != NULL && r->main == NULL) {
        mod_sspi_note_denied(r);
        mod_sspi_drop_user(r);
        answer(r, ctx, true);
    }
}

/* Runs for an answer that a handler writes. A 401 is then the handler's own, such as that of a
 * proxied server. But if the handler writes an error document, this module may have caused the 401.
 */
static apr_status_t answer_handler(ap_filter_t *f, apr_bucket_brigade *brigade)
{
    request_rec *r = f->r;
    struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);

    mod_sspi_proxy_clean_answer(r);
    if (ctx != NULL) {
        answer(r, ctx, r->prev != NULL);
    }
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, brigade);
}

/* A local error document is an internal redirect. After this hook, httpd copies the environment of
 * the request that it leaves, with REDIRECT_ before each name. The tickets are not for the target,
 * which gets its own if its location delegates. */
static int begin_redirect(request_rec *r)
{
    if (r->prev == NULL) {
        return OK;
    }
    if (r->prev->main == NULL) {
        mod_sspi_note_denied(r->prev);
    }
    mod_sspi_withdraw_tickets(r->prev);
    return OK;
}

static void insert_answer(request_rec *r)
{
    if (r->main == NULL && mod_sspi_request_find(r) != NULL) {
        ap_add_output_filter_handle(filter, NULL, r, r->connection);
    }
}

void mod_sspi_answer_register_hooks(void)
{
    /* First: mod_headers runs after it, so that it can edit these lines. */
    ap_hook_insert_error_filter(answer_error, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_create_request(begin_redirect, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_insert_filter(insert_answer, NULL, NULL, APR_HOOK_FIRST);
    filter = ap_register_output_filter(FILTER_NAME, answer_handler, NULL, AP_FTYPE_CONTENT_SET);
}
