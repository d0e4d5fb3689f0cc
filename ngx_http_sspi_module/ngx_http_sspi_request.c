/* SPDX-License-Identifier: Apache-2.0 */
#include "ngx_http_sspi_module.h"


/*
 * The most needs of one request before the exchange decides.  A request may
 * need each file of a policy, winbind's names, the body, a domain controller,
 * delegated tickets and a login at the upstream; the rest is reserve.
 */
#define NGX_HTTP_SSPI_STEPS  16


static ngx_int_t ngx_http_sspi_realm(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf, struct sspi_view *realm);
static ngx_int_t ngx_http_sspi_step(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, const struct sspi_policy *policy,
    struct sspi_view realm);
static void ngx_http_sspi_forget_result(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf, ngx_http_sspi_ctx_t *ctx, ngx_uint_t open);
static ngx_uint_t ngx_http_sspi_has_other_method(ngx_http_request_t *r,
    const struct sspi_policy *policy);
static ngx_int_t ngx_http_sspi_serve_need(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, const struct sspi_result *result);
static ngx_int_t ngx_http_sspi_apply_policy(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf, ngx_uint_t open);
static ngx_int_t ngx_http_sspi_misconfigured(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, const char *error);
static ngx_int_t ngx_http_sspi_apply_result(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, const struct sspi_result *result);
static ngx_int_t ngx_http_sspi_keep_challenges(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, const struct sspi_result *result);
static ngx_int_t ngx_http_sspi_challenge(ngx_http_request_t *r,
    const struct sspi_result *result);
static void ngx_http_sspi_challenge_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_http_sspi_discard_body(ngx_http_request_t *r);


/*
 * Authenticates the client's request under the policy of the location of r,
 * which is the main request or a subrequest.  NGX_OK: the credentials are
 * verified.  NGX_DECLINED: the request is anonymous, so it does not satisfy
 * "satisfy any".  NGX_AGAIN or NGX_DONE: not decided yet; the phases of r
 * continue later and call this again.  Otherwise: the status of the answer.
 */

ngx_int_t
ngx_http_sspi_authenticate(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf)
{
    return ngx_http_sspi_apply_policy(r, slcf, 0);
}


/*
 * The same for a main request that another module has already admitted, such
 * as by its address under "satisfy any".  No user is required.  If the client
 * sent credentials, they are verified, and invalid ones are refused.
 */

ngx_int_t
ngx_http_sspi_authenticate_open(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf)
{
    if (!ngx_http_sspi_has_authorization(r)
        && !sspi_connection_keeps_login(ngx_http_sspi_find_connection(r))
        && !ngx_http_sspi_has_session(r, slcf))
    {
        return NGX_DECLINED;
    }

    return ngx_http_sspi_apply_policy(r, slcf, 1);
}


/*
 * Whether the access phase of this location has admitted the main request, and
 * with that the subrequest r.  If the value of "sspi" or "sspi_packages" is
 * not the same for every request, or if the main request needed no user
 * because of its method, r needs a decision of its own.
 */

ngx_uint_t
ngx_http_sspi_is_admitted(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf)
{
    ngx_http_sspi_ctx_t  *ctx;

    ctx = ngx_http_sspi_get_ctx(r);

    return ctx && ctx->admitted == slcf
           && slcf->mode == NULL
           && slcf->packages == NULL
           && !sspi_policy_exempts(&slcf->policy,
                                   ngx_http_sspi_view(&r->main->method_name));
}


/* open: another module has admitted the request */

static ngx_int_t
ngx_http_sspi_apply_policy(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf, ngx_uint_t open)
{
    bool                  tls;
    char                  error[SSPI_ERROR_SIZE];
    ngx_int_t             rc;
    struct sspi_view      realm;
    struct sspi_policy    policy;
    ngx_http_sspi_ctx_t  *ctx;

    ctx = ngx_http_sspi_make_ctx(r);

    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_sspi_join_job(r, ctx);

    if (rc != NGX_OK) {
        return rc == NGX_AGAIN ? rc : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->exchange == NULL
        && ngx_http_sspi_make_exchange(r, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_sspi_choose_policy(r, slcf, &policy, error);

    if (rc != NGX_OK) {
        return ngx_http_sspi_misconfigured(r, ctx,
                                           rc == NGX_DECLINED ? error : NULL);
    }

    if (policy.mode == SSPI_MODE_OFF) {
        return NGX_DECLINED;
    }

#if (NGX_HTTP_SSL)
    tls = (r->connection->ssl != NULL);
#else
    tls = false;
#endif

    if (open && !sspi_policy_make_optional(&policy, tls, &policy)) {
        return NGX_DECLINED;
    }

    if (r == r->main) {
        ngx_http_sspi_forget_result(r, slcf, ctx, open);

    } else if (ngx_http_sspi_make_groups(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_sspi_realm(r, slcf, &realm) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (policy.exempt.n && ngx_http_sspi_has_other_method(r, &policy)) {
        policy.exempt.n = 0;
    }

    return ngx_http_sspi_step(r, ctx, &policy, realm);
}


/* error: NULL if memory ran out */

static ngx_int_t
ngx_http_sspi_misconfigured(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    const char *error)
{
    const struct sspi_result  *result;

    if (r == r->main) {
        ctx->granted = 0;
        ngx_http_sspi_set_remote_user(r, ctx);
    }

    if (error) {
        result = sspi_exchange_misconfigured(ctx->exchange, error);

        ngx_http_sspi_log_result(r, result);

        (void) ngx_http_sspi_keep_error(r, ctx, result);
    }

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* the main request has come to this location: an earlier result is void */

static void
ngx_http_sspi_forget_result(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf, ngx_http_sspi_ctx_t *ctx, ngx_uint_t open)
{
    ngx_uint_t  had_user;

    had_user = ctx->granted;

    ctx->granted = 0;
    ctx->keepalive = 0;
    ctx->admitted = NULL;

    /* an error page of a 401 needs the challenges, also if it is admitted */

    if (r->err_status != ctx->challenged) {
        ctx->n_challenges = 0;
    }
    ngx_str_null(&ctx->error);

    if (!open) {
        ctx->checked = slcf;
    }

    /* had_user: the location that redirected to this one granted a user */

    if (!open || had_user) {
        ngx_http_sspi_set_remote_user(r, ctx);
    }
}


/*
 * Whether r itself has a method that is not exempt.  The core knows only the
 * method that the client sent.  "error_page 405 =200 $uri" answers a client's
 * OPTIONS like a GET, and an included fragment is a GET as well.  Of the
 * subrequest of auth_request, the client gets no page.
 */

static ngx_uint_t
ngx_http_sspi_has_other_method(ngx_http_request_t *r,
    const struct sspi_policy *policy)
{
    ngx_str_t  *method;

    method = (r != r->main && r->header_only) ? &r->main->method_name
                                              : &r->method_name;

    return !sspi_policy_exempts(policy, ngx_http_sspi_view(method));
}


/* steps and serves needs until the exchange decides, or r must wait */

static ngx_int_t
ngx_http_sspi_step(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    const struct sspi_policy *policy, struct sspi_view realm)
{
    ngx_int_t                  rc;
    const struct sspi_result  *result;

    for ( ;; ) {
        result = sspi_exchange_step(ctx->exchange, policy, realm);

        ngx_http_sspi_log_result(r, result);

        rc = ngx_http_sspi_serve_need(r, ctx, result);

        if (rc == NGX_DECLINED) {
            ctx->n_steps = 0;

            return ngx_http_sspi_apply_result(r, ctx, result);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


/*
 * NGX_OK: step again.  NGX_DECLINED: the exchange has decided.  NGX_AGAIN or
 * NGX_DONE: r waits.  Otherwise: the status of the answer.
 */

static ngx_int_t
ngx_http_sspi_serve_need(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    const struct sspi_result *result)
{
    if (result->need == SSPI_NEED_WAIT) {
        return ngx_http_sspi_wait(r, ctx, result->wait_ms);
    }

    if (result->need != SSPI_NEED_ENTITY && result->need != SSPI_NEED_JOB) {
        return NGX_DECLINED;
    }

    if (ctx->n_steps++ == NGX_HTTP_SSPI_STEPS) {
        sspi_job_unref(result->job);

        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                      "sspi: the exchange has not decided after %d steps",
                      NGX_HTTP_SSPI_STEPS);

        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (result->need == SSPI_NEED_JOB && result->in_background) {
        ngx_http_sspi_begin_job(r, result->job);

        return NGX_OK;
    }

    if (result->need == SSPI_NEED_JOB) {
        return ngx_http_sspi_run_job(r, ctx, result->job);
    }

    ctx->refuse = ngx_http_sspi_authenticate;

    return ngx_http_sspi_pass_body(r, ctx);
}


static ngx_int_t
ngx_http_sspi_realm(ngx_http_request_t *r, ngx_http_sspi_loc_conf_t *slcf,
    struct sspi_view *realm)
{
    ngx_str_t  value;

    realm->data = NULL;
    realm->len = 0;

    if (slcf->realm == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, slcf->realm, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len) {
        realm->data = (const char *) value.data;
        realm->len = value.len;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_sspi_apply_result(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    const struct sspi_result *result)
{
    ngx_http_sspi_loc_conf_t  *slcf;

    if (result->need == SSPI_NEED_HTTP_1_1) {
        return ngx_http_sspi_force_http1(r);
    }

    if (ngx_http_sspi_keep_cookie(r, ctx, result) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (result->has_user) {
        slcf = ngx_http_get_module_loc_conf(r, ngx_http_sspi_module);

        if (ngx_http_sspi_keep_user(r, ctx, result) != NGX_OK
            || ngx_http_sspi_add_onward(r, slcf, result) != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_OK;
    }

    if (ngx_http_sspi_keep_error(r, ctx, result) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (result->status) {

    case 0:
        return NGX_DECLINED;

    case NGX_HTTP_UNAUTHORIZED:

        if (ngx_http_sspi_keep_challenges(r, ctx, result) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_sspi_challenge(r, result);

    case NGX_HTTP_TOO_MANY_REQUESTS:

        if (ngx_http_sspi_keep_challenges(r, ctx, result) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        break;

    case NGX_HTTP_BAD_REQUEST:

        /*
         * nginx closes the connection after a 400, because the start of the
         * next request may be unknown.  After malformed credentials it is
         * known.
         */

        if (r == r->main && r->keepalive && ngx_http_sspi_discard_body(r)) {
            ctx->keepalive = 1;
        }

        break;
    }

    return result->status;
}


/*
 * After the main request's access phase, challenges are too late.  nginx
 * ignores the answer of a background subrequest, such as a mirror.
 */

static ngx_int_t
ngx_http_sspi_keep_challenges(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    const struct sspi_result *result)
{
    if (ctx->admitted || r->background) {
        return NGX_OK;
    }

    ctx->challenged = result->status;

    return ngx_http_sspi_keep_headers(r->main->pool, result, ctx->challenges,
                                      &ctx->n_challenges);
}


/*
 * A client that sent "Expect: 100-continue" and gets a 401 may omit its body.
 * The server then does not know where the next request begins.  So the module
 * requests the body.
 *
 * It reads the body instead of discarding it, because error_page may pass the
 * request to an upstream.  There nginx would announce a discarded body and
 * never send it.  The upstream would then read the next request as the body.
 * Under "satisfy any" another module may still need the body.
 */

static ngx_int_t
ngx_http_sspi_challenge(ngx_http_request_t *r,
    const struct sspi_result *result)
{
    ngx_int_t                  rc;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!result->drains || r != r->main || r->headers_in.expect == NULL
        || r->headers_in.content_length_n <= 0 || r->request_body
        || clcf->satisfy != NGX_HTTP_SATISFY_ALL)
    {
        return NGX_HTTP_UNAUTHORIZED;
    }

    r->request_body_no_buffering = 0;

    rc = ngx_http_read_client_request_body(r, ngx_http_sspi_challenge_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


static void
ngx_http_sspi_challenge_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_sspi_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sspi_module);

    /* the error page does not get the header either */

    rc = ngx_http_sspi_hide_authorization(r, slcf);

    ngx_http_finalize_request(r, rc == NGX_OK ? NGX_HTTP_UNAUTHORIZED
                                           : NGX_HTTP_INTERNAL_SERVER_ERROR);
}


/*
 * Discards the body, so that the connection can stay open.  If error_page may
 * pass the request to an upstream, the body is not discarded, for the reason
 * above.  Then nginx closes the connection, as after any other 400.
 */

static ngx_uint_t
ngx_http_sspi_discard_body(ngx_http_request_t *r)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->error_pages
        && (r->headers_in.chunked || r->headers_in.content_length_n > 0))
    {
        return 0;
    }

    /* do not send 100 for a body that is not needed */

    r->expect_tested = 1;

    return ngx_http_discard_request_body(r) == NGX_OK;
}


/* the exchange of the client's request, which it has not yet */

ngx_int_t
ngx_http_sspi_make_exchange(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
    struct sspi_request         request;
    ngx_http_sspi_main_conf_t  *smcf;

    r = r->main;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sspi_module);

    if (ngx_http_sspi_describe_request(r, smcf->acceptor, &request) != NGX_OK
        || ngx_http_sspi_keep_cookies(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx->cookies.data) {
        request.cookies = ngx_http_sspi_view(&ctx->cookies);
    }

    ctx->exchange = sspi_exchange_new(smcf->acceptor, &request);

    if (ctx->exchange == NULL) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "sspi: out of memory for the request");
        return NGX_ERROR;
    }

    return NGX_OK;
}
