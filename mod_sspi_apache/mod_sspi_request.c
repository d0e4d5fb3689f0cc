/* SPDX-License-Identifier: Apache-2.0 */
/* The request context. One exchange serves a client's request with its subrequests and internal
 * redirects. The first of them that reaches a location of this module makes it, and the client's
 * own request owns it. Each of them steps the exchange under the policy of its own location. */
#include "mod_sspi.h"

#include "apr_strings.h"
#include "http_core.h"
#include "http_log.h"
#include "http_ssl.h"

APLOG_USE_MODULE(sspi);

/* The most needs of one request before it is decided. A request may need five changed files, one of
 * them twice, the SIDs of groups, winbind's names, a domain controller and its local groups: ten
 * needs. Digest has a lookup and a body instead of the last three. Delegated tickets by three ways,
 * and a login at the upstream, are four more. The rest is reserve. */
#define ROUNDS_LIMIT 16

struct mod_sspi_request_state *mod_sspi_request_state_of(request_rec *r)
{
    struct mod_sspi_request_state *state = ap_get_module_config(r->request_config, &sspi_module);

    if (state == NULL) {
        state = apr_pcalloc(r->pool, sizeof(*state));
        ap_set_module_config(r->request_config, &sspi_module, state);
    }
    return state;
}

struct mod_sspi_request_ctx *mod_sspi_request_find(request_rec *r)
{
    const struct mod_sspi_request_state *state =
        ap_get_module_config(mod_sspi_request_top(r)->request_config, &sspi_module);

    return state != NULL ? state->ctx : NULL;
}

const char *mod_sspi_request_credentials_name(request_rec *r)
{
    return mod_sspi_request_top(r)->proxyreq == PROXYREQ_PROXY ? "Proxy-Authorization"
                                                               : "Authorization";
}

const char *mod_sspi_request_credentials(request_rec *r)
{
    request_rec *top = mod_sspi_request_top(r);
    struct mod_sspi_request_state *state = mod_sspi_request_state_of(top);

    if (state->credentials == NULL) {
        state->credentials = apr_table_get(top->headers_in, mod_sspi_request_credentials_name(top));
    }
    return state->credentials;
}

static int count_value(void *count, const char *name, const char *value)
{
    ++*(int *)count;
    return 1;
}

static bool has_several_credentials(request_rec *top)
{
    int n_values = 0;

    if (mod_sspi_request_credentials(top) == NULL) {
        return false; /* most requests with a session */
    }
    apr_table_do(count_value, &n_values, top->headers_in, mod_sspi_request_credentials_name(top),
                 NULL);
    return n_values > 1;
}

const char *mod_sspi_request_cookies(request_rec *r)
{
    request_rec *top = mod_sspi_request_top(r);
    struct mod_sspi_request_state *state = mod_sspi_request_state_of(top);

    if (state->cookies == NULL) {
        state->cookies = apr_table_getm(top->pool, top->headers_in, "Cookie");
    }
    return state->cookies;
}

/* Returns the length of the body according to the headers. */
static uint64_t entity_length(const request_rec *top)
{
    const char *text = apr_table_get(top->headers_in, "Content-Length");
    apr_off_t len;
    char *end;

    if (apr_table_get(top->headers_in, "Transfer-Encoding") != NULL) {
        return SSPI_ENTITY_UNKNOWN;
    }
    if (text == NULL) {
        /* Only the end of an HTTP/2 stream shows that it has no body. */
        return top->connection->master != NULL ? SSPI_ENTITY_UNKNOWN : 0;
    }
    if (apr_strtoff(&len, text, &end, 10) != APR_SUCCESS || *end != '\0' || len < 0) {
        return SSPI_ENTITY_UNKNOWN; /* httpd refuses such a request when its body is read */
    }
    return (uint64_t)len;
}

/* Returns the address of the connection's other end. r->useragent_ip may be another address, which
 * mod_remoteip took from a header. */
static struct sspi_view peer_of(const conn_rec *c)
{
    return mod_sspi_view(c->client_addr->family == APR_UNIX ? NULL : c->client_ip);
}

static bool has_proxy_header(const request_rec *top)
{
    const apr_array_header_t *headers = apr_table_elts(top->headers_in);

    for (int i = 0; i < headers->nelts; i++) {
        const char *name = APR_ARRAY_IDX(headers, i, apr_table_entry_t).key;

        if (sspi_http_is_proxy_header(mod_sspi_view(name))) {
            return true;
        }
    }
    return false;
}

/* True if mod_remoteip took the client's address from a header. It removes that header, which may
 * have any name. The address then has no port or, in older versions, the port of the connection. An
 * address with another port comes from the PROXY protocol: its line precedes all requests of the
 * connection, so that connection serves only one client. */
static bool is_address_from_header(const request_rec *top)
{
    const apr_sockaddr_t *peer = top->connection->client_addr;
    const apr_sockaddr_t *client = top->useragent_addr;

    return client != peer && (client->port == 0 || client->port == peer->port);
}

static void describe_request(request_rec *r, request_rec *top, struct sspi_acceptor *acceptor,
                             struct sspi_request *ret_request)
{
    *ret_request = (struct sspi_request){
        .method = mod_sspi_request_method(top),
        .target = mod_sspi_view(top->unparsed_uri),
        .authority = mod_sspi_view(apr_table_get(top->headers_in, "Host")),
        .authorization = mod_sspi_view(mod_sspi_request_credentials(top)),
        .several_authorizations = has_several_credentials(top),
        .proxy = top->proxyreq == PROXYREQ_PROXY,
        .tls = ap_ssl_conn_is_ssl(top->connection) != 0,
        .ssl = mod_sspi_tls_of(top->connection),
        .host_tls = mod_sspi_tls_of_host(top->server),
        .connection = mod_sspi_connection_get(top->connection, acceptor),
        .can_force_http1 = true,
        .entity_length = entity_length(top),
        .cookies = mod_sspi_view(mod_sspi_request_cookies(top)),
        .peer = peer_of(top->connection),
        .forwarded = has_proxy_header(top) || is_address_from_header(top),
        .log_from = mod_sspi_log_from(r),
    };
}

static apr_status_t free_exchange(void *exchange)
{
    sspi_exchange_free(exchange);
    return APR_SUCCESS;
}

/* NULL: no memory. */
static struct mod_sspi_request_ctx *ctx_of(request_rec *r)
{
    request_rec *top = mod_sspi_request_top(r);
    struct mod_sspi_request_state *state = mod_sspi_request_state_of(top);
    const struct mod_sspi_server_config *config =
        ap_get_module_config(top->server->module_config, &sspi_module);
    struct mod_sspi_request_ctx *ctx = state->ctx;
    struct sspi_request request;

    if (ctx != NULL) {
        return ctx;
    }
    ctx = apr_pcalloc(top->pool, sizeof(*ctx));
    ctx->pool = top->pool;
    describe_request(r, top, config->acceptor, &request);
    ctx->exchange = sspi_exchange_new(config->acceptor, &request);
    if (ctx->exchange == NULL) {
        return NULL;
    }
    apr_pool_cleanup_register(top->pool, ctx->exchange, free_exchange, apr_pool_cleanup_null);
    ctx->logged = apr_array_make(top->pool, 1, sizeof(const char *));
    ctx->ccache_variables = apr_array_make(top->pool, 1, sizeof(const char *));
    state->ctx = ctx;
    return ctx;
}

/* Returns the realm for Digest. httpd escapes its quotes for a header. They are restored here,
 * because the core escapes them itself, and compares the realm with the users' file. */
static struct sspi_view realm_of(request_rec *r)
{
    const char *name = ap_auth_name(r);
    char *realm;
    char *to;

    if (name == NULL || strstr(name, "\\\"") == NULL) {
        return mod_sspi_view(name);
    }
    to = realm = apr_pstrdup(r->pool, name);
    for (const char *from = realm; *from != '\0'; from++) {
        if (from[0] != '\\' || from[1] != '"') {
            *to++ = *from;
        }
    }
    *to = '\0';
    return mod_sspi_view(realm);
}

/* Writes each log entry once, although several hooks may step the exchange. */
static void log_entries(request_rec *r, struct mod_sspi_request_ctx *ctx,
                        const struct sspi_result *result)
{
    for (size_t i = 0; i < result->n_entries; i++) {
        const char *text = result->entries[i].text;
        bool written = false;

        for (int j = 0; j < ctx->logged->nelts; j++) {
            written |= strcmp(APR_ARRAY_IDX(ctx->logged, j, const char *), text) == 0;
        }
        if (!written) {
            APR_ARRAY_PUSH(ctx->logged, const char *) = apr_pstrdup(ctx->pool, text);
            mod_sspi_log_request(r, &result->entries[i]);
        }
    }
}

/* Copies the lines of a result. A cookie is for every answer to this request, so it has an array of
 * its own, which a later step without a cookie does not change. */
static void copy_lines(struct mod_sspi_request_ctx *ctx, const struct sspi_result *result)
{
    apr_pool_t *p = ctx->pool;
    apr_array_header_t *cookies = NULL;

    ctx->lines = apr_array_make(p, (int)result->n_headers, sizeof(struct mod_sspi_line));
    for (size_t i = 0; i < result->n_headers; i++) {
        const struct sspi_header *header = &result->headers[i];
        const char *name = apr_pstrmemdup(p, header->name.data, header->name.len);
        bool is_cookie = strcmp(name, "Set-Cookie") == 0;
        struct mod_sspi_line *line;

        if (is_cookie && cookies == NULL) {
            cookies = apr_array_make(p, 1, sizeof(*line));
        }
        line = apr_array_push(is_cookie ? cookies : ctx->lines);
        line->name = name;
        line->value = apr_pstrmemdup(p, header->value.data, header->value.len);
    }
    if (cookies != NULL) {
        ctx->cookies = cookies;
    }
}

/* Once the request itself is admitted, the challenges of an earlier subrequest have no effect. If
 * the error document of a 401 is admitted, the answer still needs them. */
static void drop_challenge(const request_rec *r, struct mod_sspi_request_ctx *ctx)
{
    if (r->main == NULL && !ap_is_HTTP_ERROR(r->status)) {
        ctx->challenge = NULL;
    }
}

/* Keeps the lines of a result. mod_sspi_answer.c sends them when the final status is known. */
static void keep_lines(const request_rec *r, struct mod_sspi_request_ctx *ctx,
                       const struct sspi_result *result)
{
    if (result->has_user) {
        ctx->granted = ctx->lines;
    }
    if (result->has_user || mod_sspi_request_is_anonymous(result)) {
        drop_challenge(r, ctx);
    } else if (result->status == HTTP_UNAUTHORIZED && (ctx->challenge == NULL || r->prev == NULL)) {
        /* The error document of a 401 may be in a location of this module, too. The answer keeps
         * the challenges of the first location. */
        ctx->challenge = ctx->lines;
    } else if (result->status == HTTP_TOO_MANY_REQUESTS) {
        ctx->limited = ctx->lines;
    }
}

/* Reads the body that a step needs. The exchange must not be stepped before this returns OK,
 * because it would treat a partial body as complete. So httpd's error documents, which it may serve
 * while it reads the body, get `body_failure`, and so does every location after a failure. */
static int read_body(request_rec *r, struct mod_sspi_request_ctx *ctx)
{
    int status = ctx->body_failure;

    if (status != OK) {
        return status;
    }
    if (r->main == NULL) {
        ctx->body_failure = HTTP_BAD_REQUEST; /* for error documents during the read */
    }
    status = mod_sspi_body_read(r, ctx->exchange);
    if (r->main == NULL) {
        ctx->body_failure = status;
    }
    ctx->needs_body = status != OK;
    return status;
}

static void run_job(request_rec *r, const struct sspi_result *result)
{
    if (result->in_background) {
        mod_sspi_job_begin(result->job);
    } else if (!mod_sspi_job_run(result->job)) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "a changed file, a domain controller or a KDC takes longer than %d seconds: "
                      "the request continues without it",
                      SSPI_JOB_DEADLINE_MS / 1000);
    }
}

/* Serves the need of a step. OK: step again. DECLINED: the step has decided. Otherwise: the status
 * of a failure. */
static int serve_need(request_rec *r, struct mod_sspi_request_ctx *ctx,
                      const struct sspi_policy *policy, const struct sspi_result *result)
{
    switch (result->need) {
    case SSPI_NEED_ENTITY:
        ctx->needs_body = true;
        return OK;
    case SSPI_NEED_HASH:
        return mod_sspi_provider_look_up(r, policy, ctx->exchange, result)
                   ? OK
                   : HTTP_INTERNAL_SERVER_ERROR;
    case SSPI_NEED_JOB:
        run_job(r, result);
        return OK;
    case SSPI_NEED_WAIT:
        apr_sleep(apr_time_from_msec(result->wait_ms));
        return OK;
    case SSPI_NEED_NONE:
    case SSPI_NEED_HTTP_1_1:
        break;
    }
    return DECLINED;
}

static void drop_h2c(request_rec *r)
{
    const char *upgrade = apr_table_get(r->headers_in, "Upgrade");
    apr_array_header_t *names = NULL;
    const char *kept = NULL;

    if (upgrade == NULL || ap_parse_token_list_strict(r->pool, upgrade, &names, 0) != NULL) {
        return; /* httpd ignores a list that it cannot parse */
    }
    for (int i = 0; names != NULL && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        if (ap_cstr_casecmp(name, "h2c") != 0 && ap_cstr_casecmp(name, "h2") != 0) {
            kept = kept == NULL ? name : apr_pstrcat(r->pool, kept, ", ", name, NULL);
        }
    }
    if (kept != NULL) {
        apr_table_setn(r->headers_in, "Upgrade", kept);
    } else {
        apr_table_unset(r->headers_in, "Upgrade");
    }
}

/* If the client requests HTTP/2 by Upgrade, mod_http2 processes the request a second time. Its
 * credentials would then be a replay, and the login of its connection would not be available. A
 * server may ignore an Upgrade (RFC 9110 section 7.8), so the answer is sent over HTTP/1.1. */
static void refuse_h2c(request_rec *r)
{
    for (; r != NULL; r = r->main != NULL ? r->main : r->prev) {
        drop_h2c(r);
    }
}

static const struct sspi_result *step_by(request_rec *r, struct mod_sspi_request_ctx *ctx,
                                         const struct sspi_policy *policy)
{
    const struct sspi_result *result = NULL;
    int status = OK;

    ctx->stepped = r;
    ctx->config = r->per_dir_config;
    ctx->result = NULL;
    for (int round = 0; round < ROUNDS_LIMIT && status == OK; round++) {
        if (ctx->needs_body) {
            status = read_body(r, ctx);
            continue;
        }
        result = sspi_exchange_step(ctx->exchange, policy, realm_of(r));
        log_entries(r, ctx, result);
        status = serve_need(r, ctx, policy, result);
        if (result->need == SSPI_NEED_WAIT) {
            round--; /* the core ends this after a while */
        }
    }
    if (status != DECLINED) {
        ctx->failure = status;
        return NULL;
    }
    ctx->result = result;
    copy_lines(ctx, result);
    keep_lines(r, ctx, result);
    if (!mod_sspi_request_is_anonymous(result)) {
        refuse_h2c(r);
    }
    return result;
}

bool mod_sspi_request_is_anonymous(const struct sspi_result *result)
{
    return result->status == 0 && !result->has_user;
}

/* The policy for a step. The core checks only the method of the client. */
static void find_policy(request_rec *r, struct sspi_policy *ret_policy)
{
    mod_sspi_dir_config_policy(r, ret_policy);
    if (ret_policy->exempt.n > 0 && !mod_sspi_exempt_is(r)) {
        ret_policy->exempt.n = 0;
    }
}

const struct sspi_result *mod_sspi_request_step(request_rec *r)
{
    struct mod_sspi_request_ctx *ctx = ctx_of(r);
    struct sspi_policy policy;

    if (ctx == NULL) {
        return NULL;
    }
    find_policy(r, &policy);
    return step_by(r, ctx, &policy);
}

const struct sspi_result *mod_sspi_request_result(request_rec *r)
{
    const struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);

    return ctx != NULL && ctx->stepped == r && ctx->config == r->per_dir_config &&
                   ctx->result != NULL
               ? ctx->result
               : mod_sspi_request_step(r);
}

/* False: credentials are not accepted on this connection. */
static bool open_policy(request_rec *r, struct sspi_policy *ret_policy)
{
    struct sspi_policy policy;

    find_policy(r, &policy);
    return sspi_policy_make_optional(&policy, ap_ssl_conn_is_ssl(r->connection) != 0, ret_policy);
}

/* True if r has credentials, a login or the cookie of a session, which could name a user. */
static bool may_have_user(request_rec *r, const struct sspi_policy *policy)
{
    /* An error document has the status of its error, and httpd shows it to every client. */
    return !ap_is_HTTP_ERROR(r->status) &&
           (mod_sspi_request_credentials(r) != NULL ||
            sspi_connection_keeps_login(mod_sspi_connection_find(r->connection)) ||
            sspi_http_has_session_cookie(policy, mod_sspi_view(mod_sspi_request_cookies(r))));
}

bool mod_sspi_request_step_open(request_rec *r, const struct sspi_result **ret_result)
{
    struct mod_sspi_request_ctx *ctx;
    struct sspi_policy policy;

    if (!open_policy(r, &policy) || !may_have_user(r, &policy)) {
        return false;
    }
    ctx = ctx_of(r);
    *ret_result = ctx != NULL ? step_by(r, ctx, &policy) : NULL;
    return true;
}

int mod_sspi_request_failure(request_rec *r)
{
    const struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);

    return ctx != NULL && ctx->failure != OK ? ctx->failure : HTTP_INTERNAL_SERVER_ERROR;
}

bool mod_sspi_request_challenge(request_rec *r)
{
    struct mod_sspi_request_ctx *ctx = ctx_of(r);
    struct sspi_policy policy;
    const struct sspi_result *result;

    if (ctx == NULL) {
        return false;
    }
    mod_sspi_dir_config_policy(r, &policy);
    ctx->result = NULL;
    result = sspi_exchange_challenge(ctx->exchange, &policy, realm_of(r));
    copy_lines(ctx, result);
    log_entries(r, ctx, result);
    keep_lines(r, ctx, result);
    return true;
}

const struct sspi_result *mod_sspi_request_deny(request_rec *r)
{
    struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);
    const struct sspi_result *result;

    if (ctx == NULL) {
        return NULL;
    }
    ctx->result = NULL;
    result = sspi_exchange_deny(ctx->exchange);
    log_entries(r, ctx, result);
    return result;
}

void mod_sspi_request_note_upstream(request_rec *r)
{
    struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);
    struct sspi_policy policy;

    if (ctx == NULL) {
        return;
    }
    mod_sspi_dir_config_policy(r, &policy);
    ctx->result = NULL;
    log_entries(r, ctx, sspi_exchange_note_upstream(ctx->exchange, &policy));
}

const struct sspi_result *mod_sspi_request_log_out(request_rec *r, const struct sspi_logout *logout)
{
    struct mod_sspi_request_ctx *ctx = ctx_of(r);
    struct sspi_policy policy;
    const struct sspi_result *result;

    if (ctx == NULL) {
        return NULL;
    }
    mod_sspi_dir_config_policy(r, &policy);
    ctx->result = NULL;
    result = sspi_exchange_log_out(ctx->exchange, &policy, logout);
    log_entries(r, ctx, result);
    copy_lines(ctx, result);
    ctx->granted = ctx->lines;
    ctx->challenge = NULL;
    return result;
}
