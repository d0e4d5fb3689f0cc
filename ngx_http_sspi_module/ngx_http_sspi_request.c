/* SPDX-License-Identifier: Apache-2.0 */
#include "ngx_http_sspi_module.h"


/*
 * How often the core may want something done before its verdict: each file
 * of a policy read once, winbind's names, the body, a domain controller, and
 * room.
 */
#define NGX_HTTP_SSPI_STEPS  12


static ngx_int_t ngx_http_sspi_make_exchange(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx);
static ngx_int_t ngx_http_sspi_realm(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf, struct sspi_view *realm);
static ngx_int_t ngx_http_sspi_step(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, const struct sspi_policy *policy,
    struct sspi_view realm);
static ngx_int_t ngx_http_sspi_apply_policy(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf, const struct sspi_policy *policy);
static ngx_int_t ngx_http_sspi_apply_result(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, const struct sspi_result *result);
static ngx_int_t ngx_http_sspi_challenge(ngx_http_request_t *r,
    const struct sspi_result *result);
static void ngx_http_sspi_challenge_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_http_sspi_discard_body(ngx_http_request_t *r);


/*
 * Judges the client's request under the policy of the location that r, the
 * main request or a subrequest, has come to.  NGX_OK: proven; NGX_DECLINED:
 * anonymous, which satisfies nothing; NGX_AGAIN or NGX_DONE: not known yet,
 * the phases of r go on later and judge again; else the status to refuse
 * with.
 */

ngx_int_t
ngx_http_sspi_authenticate(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf)
{
    return ngx_http_sspi_apply_policy(r, slcf, &slcf->policy);
}


/*
 * The same for a main request that another module has admitted already, such
 * as by its address under "satisfy any".  No user is demanded, but if the
 * client sent credentials, they name the user or are refused.
 */

ngx_int_t
ngx_http_sspi_authenticate_open(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf)
{
    bool                 tls;
    struct sspi_policy   policy;

    tls = false;

#if (NGX_HTTP_SSL)
    tls = (r->connection->ssl != NULL);
#endif

    if (r->headers_in.authorization == NULL
        && !sspi_connection_keeps_login(ngx_http_sspi_find_connection(r)))
    {
        return NGX_DECLINED;
    }

    if (!sspi_policy_open(&slcf->policy, tls, &policy)) {
        return NGX_DECLINED;
    }

    return ngx_http_sspi_apply_policy(r, slcf, &policy);
}


static ngx_int_t
ngx_http_sspi_apply_policy(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf, const struct sspi_policy *policy)
{
    ngx_int_t             rc;
    ngx_uint_t            had_user;
    struct sspi_view      realm;
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

    if (r == r->main) {
        had_user = ctx->granted;

        ctx->granted = 0;
        ctx->keepalive = 0;
        ctx->admitted = NULL;
        ctx->n_challenges = 0;

        if (policy == &slcf->policy) {
            ctx->checked = slcf;
        }

        /* had_user: of the location that redirected to this one */

        if (policy == &slcf->policy || had_user) {
            ngx_http_sspi_set_remote_user(r, ctx);
        }
    }

    if (ngx_http_sspi_realm(r, slcf, &realm) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_sspi_step(r, ctx, policy, realm);
}


/* steps until a verdict is final, or something has to be waited for */

static ngx_int_t
ngx_http_sspi_step(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    const struct sspi_policy *policy, struct sspi_view realm)
{
    ngx_int_t                  rc;
    const struct sspi_result  *result;

    for ( ;; ) {
        result = sspi_exchange_step(ctx->exchange, policy, realm);

        ngx_http_sspi_log_result(r, result);

        if (result->need != SSPI_NEED_ENTITY
            && result->need != SSPI_NEED_JOB)
        {
            ctx->n_steps = 0;

            return ngx_http_sspi_apply_result(r, ctx, result);
        }

        if (ctx->n_steps++ == NGX_HTTP_SSPI_STEPS) {
            sspi_job_unref(result->job);

            ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                          "sspi: no verdict after %d steps",
                          NGX_HTTP_SSPI_STEPS);

            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (result->need == SSPI_NEED_ENTITY) {
            ctx->authenticate = ngx_http_sspi_authenticate;
            rc = ngx_http_sspi_pass_body(r, ctx);

        } else {
            rc = ngx_http_sspi_run_job(r, ctx, result->job);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }
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
    if (result->need == SSPI_NEED_HTTP_1_1) {
        return ngx_http_sspi_force_http1(r);
    }

    if (result->has_user) {
        if (ngx_http_sspi_keep_user(r, ctx, result) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_OK;
    }

    switch (result->status) {

    case 0:
        return NGX_DECLINED;

    case NGX_HTTP_UNAUTHORIZED:

        /*
         * Beyond the main request's access phase they come too late, and no
         * answer of a background subrequest, as of a mirror, counts.
         */

        if (ctx->admitted == NULL
            && !r->background
            && ngx_http_sspi_keep_headers(r->main->pool, result,
                                          ctx->challenges, &ctx->n_challenges)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_sspi_challenge(r, result);

    case NGX_HTTP_BAD_REQUEST:

        /*
         * nginx closes the connection after a 400, since it may have lost
         * the border between requests.  Bad credentials are no such case.
         */

        if (r == r->main && r->keepalive && ngx_http_sspi_discard_body(r)) {
            ctx->keepalive = 1;
        }

        break;
    }

    return result->status;
}


/*
 * A client that sent "Expect: 100-continue" and gets a 401 may leave out its
 * body, and then the server does not know where the next request begins.  So
 * the module asks for the body.  It reads the body and does not discard it,
 * because error_page may pass the request to an upstream: nginx would
 * announce the body there and never send it, and the upstream would read the
 * next request as the body.  Under "satisfy any" another module may still
 * need the body.
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
    ngx_http_finalize_request(r, NGX_HTTP_UNAUTHORIZED);
}


/*
 * If error_page may pass the request on, the body is not discarded, for the
 * reason above.  nginx closes such a connection, as after any other 400.
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

    /* no 100 for a body that is not needed */

    r->expect_tested = 1;

    return ngx_http_discard_request_body(r) == NGX_OK;
}


static ngx_int_t
ngx_http_sspi_make_exchange(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
    struct sspi_request         request;
    ngx_http_sspi_main_conf_t  *smcf;

    r = r->main;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sspi_module);

    if (ngx_http_sspi_describe_request(r, smcf->acceptor, &request)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->exchange = sspi_exchange_new(smcf->acceptor, &request);

    if (ctx->exchange == NULL) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "sspi: no memory for the request");
        return NGX_ERROR;
    }

    return NGX_OK;
}
