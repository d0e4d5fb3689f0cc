/* SPDX-License-Identifier: Apache-2.0 */
#include "ngx_http_sspi_module.h"


static ngx_int_t ngx_http_sspi_preaccess_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_sspi_access_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_sspi_precontent_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_sspi_admit(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf);
static ngx_int_t ngx_http_sspi_add_handler(ngx_conf_t *cf,
    ngx_http_phases phase, ngx_http_handler_pt handler);
static ngx_int_t ngx_http_sspi_init(ngx_conf_t *cf);


#define NGX_HTTP_SSPI_SECTION_SCOPE                                           \
    NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_HTTP_LMT_CONF
#define NGX_HTTP_SSPI_HTACCESS_SCOPE  NGX_HTTP_SSPI_SECTION_SCOPE
#define NGX_HTTP_SSPI_HOST_SCOPE      NGX_HTTP_SSPI_SECTION_SCOPE
#define NGX_HTTP_SSPI_SERVER_SCOPE    NGX_HTTP_MAIN_CONF

/*
 * A row of sspi_options.def may have no name for nginx.  It is in the table,
 * too, but no context allows it.  Its name has the length 1, because the length
 * 0 would end the table.
 */
#define ngx_http_sspi_has(name)       (sizeof(name) > 1)


static ngx_command_t  ngx_http_sspi_commands[] = {

#define SSPI_OPTION(id, apache, nginx, min, max, kind, scope, help)           \
    { { ngx_http_sspi_has(nginx) ? sizeof(nginx) - 1 : 1, (u_char *) nginx }, \
      ngx_http_sspi_has(nginx)                                                \
          ? (NGX_HTTP_SSPI_##scope##_SCOPE)|NGX_CONF_ANY : 0,                 \
      ngx_http_sspi_set,                                                      \
      NGX_HTTP_LOC_CONF_OFFSET,                                               \
      SSPI_OPTION_##id,                                                       \
      NULL },

#include "sspi_options.def"

      ngx_null_command
};


static ngx_http_module_t  ngx_http_sspi_module_ctx = {
    ngx_http_sspi_add_variables,           /* preconfiguration */
    ngx_http_sspi_init,                    /* postconfiguration */

    ngx_http_sspi_create_main_conf,        /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_sspi_create_loc_conf,         /* create location configuration */
    ngx_http_sspi_merge_loc_conf           /* merge location configuration */
};


ngx_module_t  ngx_http_sspi_module = {
    NGX_MODULE_V1,
    &ngx_http_sspi_module_ctx,             /* module context */
    ngx_http_sspi_commands,                /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_sspi_init_module,             /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/*
 * nginx skips the access phase for subrequests.  This handler authenticates
 * them, so that neither auth_request nor an included fragment reaches a
 * protected location without verified credentials.
 */

static ngx_int_t
ngx_http_sspi_preaccess_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_sspi_ctx_t       *ctx;
    ngx_http_sspi_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sspi_module);

    /* with "sspi off", an upstream could use the cookie at other locations */

    if (ngx_http_sspi_strip_cookies(r, slcf) != NGX_OK
        || ngx_http_sspi_drop_onward(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (slcf->policy.mode == SSPI_MODE_OFF) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_sspi_get_ctx(r);

    if (r == r->main) {

        /*
         * Under "satisfy any" the access handler may not run.  Then
         * $remote_user would be the unverified name in Authorization.
         */

        ngx_http_sspi_set_remote_user(r, ctx);

        return NGX_DECLINED;
    }

    if (ngx_http_sspi_is_admitted(r, slcf)) {
        return NGX_DECLINED;
    }

    rc = ngx_http_sspi_authenticate(r, slcf);

    /* the error page of a refusal does not get the header either */

    if (ngx_http_sspi_hide_authorization(r, slcf) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE && r->header_only) {

        /*
         * auth_request uses only the status of its subrequest.  "error_page
         * 401 = /login" would turn a refusal into a permission.
         */

        r->error_page = 1;

        /* auth_request answers 500 to any other status */

        if (rc == NGX_HTTP_BAD_REQUEST
            || rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE)
        {
            rc = NGX_HTTP_FORBIDDEN;
        }
    }

    return rc == NGX_OK ? NGX_DECLINED : rc;
}


static ngx_int_t
ngx_http_sspi_access_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_sspi_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sspi_module);

    if (slcf->policy.mode == SSPI_MODE_OFF) {
        return NGX_DECLINED;
    }

    rc = ngx_http_sspi_authenticate(r, slcf);

    /* if the body is complete, nginx may already have freed r */

    if (rc == NGX_DONE) {
        return rc;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* under "satisfy any" the next handler may need the header */

    if (clcf->satisfy == NGX_HTTP_SATISFY_ALL
        && ngx_http_sspi_hide_authorization(r, slcf) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc != NGX_HTTP_UNAUTHORIZED || ngx_http_sspi_has_authorization(r)) {
        return rc;
    }

    if (clcf->auth_delay == 0 || clcf->satisfy != NGX_HTTP_SATISFY_ALL) {
        return rc;
    }

    /*
     * auth_delay slows down guesses of passwords, but this client has not got
     * a challenge yet.  Under "satisfy any" other handlers must run, too.
     */

    ngx_http_finalize_request(r, NGX_HTTP_UNAUTHORIZED);

    return NGX_DONE;
}


static ngx_int_t
ngx_http_sspi_precontent_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_sspi_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sspi_module);

    rc = ngx_http_sspi_admit(r, slcf);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    /* the access phase may have been satisfied before sspi evaluated it */

    if (ngx_http_sspi_hide_authorization(r, slcf) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


/*
 * The precontent phase runs only for requests that passed the access phase, so
 * a later 401 is not from this module.  A request for an error page still has
 * its error in r->err_status.
 */

static ngx_int_t
ngx_http_sspi_admit(ngx_http_request_t *r, ngx_http_sspi_loc_conf_t *slcf)
{
    ngx_int_t             rc;
    ngx_http_sspi_ctx_t  *ctx;

    if (r != r->main || r->err_status) {
        return NGX_DECLINED;
    }

    if (slcf->policy.mode == SSPI_MODE_OFF) {
        ctx = ngx_http_sspi_get_ctx(r);

    } else {
        ctx = ngx_http_sspi_make_ctx(r);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ctx->checked != slcf) {
            rc = ngx_http_sspi_authenticate_open(r, slcf);

            if (rc != NGX_OK && rc != NGX_DECLINED) {
                return rc;
            }
        }

        /* under "satisfy any" another module has admitted the request */

        ngx_str_null(&ctx->error);
    }

    if (ctx) {
        ctx->checked = NULL;
        ctx->n_challenges = 0;
        ctx->admitted = slcf;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_sspi_add_handler(ngx_conf_t *cf, ngx_http_phases phase,
    ngx_http_handler_pt handler)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[phase].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = handler;

    return NGX_OK;
}


static ngx_int_t
ngx_http_sspi_init(ngx_conf_t *cf)
{
    ngx_http_sspi_main_conf_t  *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_sspi_module);

    if (ngx_http_sspi_check_directives(cf, smcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (smcf->protected.nelts == 0) {
        return NGX_OK;
    }

    smcf->remote_user = ngx_http_sspi_remote_user_index(cf);
    if (smcf->remote_user == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (ngx_http_sspi_open_acceptor(cf, smcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_sspi_set_state(cf, smcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_sspi_add_handler(cf, NGX_HTTP_PREACCESS_PHASE,
                                  ngx_http_sspi_preaccess_handler)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_sspi_wrap_upstreams(cf, smcf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_sspi_wrap_basic(cf, smcf);

    if (ngx_http_sspi_add_handler(cf, NGX_HTTP_ACCESS_PHASE,
                                  ngx_http_sspi_access_handler)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_sspi_add_handler(cf, NGX_HTTP_PRECONTENT_PHASE,
                                     ngx_http_sspi_precontent_handler);
}
