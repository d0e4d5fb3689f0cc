/* SPDX-License-Identifier: Apache-2.0 */
#include "ngx_http_sspi_module.h"


static ngx_uint_t ngx_http_sspi_delegates(ngx_http_request_t *r);
static ngx_int_t ngx_http_sspi_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_sspi_make_list(ngx_http_request_t *r,
    ngx_http_sspi_ctx_t *ctx, uintptr_t variable);
static void ngx_http_sspi_set_value(ngx_http_variable_value_t *v,
    const ngx_str_t *value);


static const ngx_http_variable_t  ngx_http_sspi_vars[] = {

#define SSPI_VARIABLE(id, environment, variable, help)                        \
    { ngx_string(variable), NULL, ngx_http_sspi_variable,                     \
      SSPI_VARIABLE_##id, NGX_HTTP_VAR_NOCACHEABLE, 0 },

#include "sspi_variables.def"

#undef SSPI_VARIABLE

      ngx_http_null_variable
};


ngx_int_t
ngx_http_sspi_add_variables(ngx_conf_t *cf)
{
    ngx_str_t                   name;
    ngx_http_variable_t        *var;
    const ngx_http_variable_t  *v;

    for (v = ngx_http_sspi_vars; v->name.len; v++) {
        name = v->name;

        var = ngx_http_add_variable(cf, &name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/*
 * Adds a variable with the value of $sspi_ccache.  Several locations may name
 * the same one.  Fails if another module has a variable of this name.
 */

ngx_int_t
ngx_http_sspi_add_ccache_variable(ngx_conf_t *cf, const ngx_str_t *name)
{
    ngx_str_t                  *known, *added, copy;
    ngx_uint_t                  i;
    ngx_http_variable_t        *var;
    ngx_http_sspi_main_conf_t  *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_sspi_module);

    known = smcf->ccache_names.elts;

    for (i = 0; i < smcf->ccache_names.nelts; i++) {
        if (known[i].len == name->len
            && ngx_strncmp(known[i].data, name->data, name->len) == 0)
        {
            return NGX_OK;
        }
    }

    copy = *name;

    var = ngx_http_add_variable(cf, &copy, NGX_HTTP_VAR_NOCACHEABLE);
    added = ngx_array_push(&smcf->ccache_names);

    if (var == NULL || added == NULL) {
        return NGX_ERROR;
    }

    var->get_handler = ngx_http_sspi_variable;
    var->data = SSPI_VARIABLE_CCACHE;

    *added = *name;

    return NGX_OK;
}


ngx_int_t
ngx_http_sspi_remote_user_index(ngx_conf_t *cf)
{
    ngx_str_t  name = ngx_string("remote_user");

    return ngx_http_get_variable_index(cf, &name);
}


/*
 * nginx reads $remote_user from Authorization, even if it is not verified, and
 * caches it.  So the module replaces the cached value.  ctx may be NULL.
 */

void
ngx_http_sspi_set_remote_user(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
    ngx_http_sspi_main_conf_t  *smcf;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sspi_module);

    ngx_http_sspi_set_value(&r->main->variables[smcf->remote_user],
                            ctx && ctx->granted
                                ? &ctx->variables[SSPI_VARIABLE_USER] : NULL);
}


/* sets a user that auth_basic has verified, unless sspi has verified one */

void
ngx_http_sspi_set_basic_user(ngx_http_request_t *r)
{
    ngx_http_sspi_ctx_t        *ctx;
    ngx_http_sspi_main_conf_t  *smcf;

    ctx = ngx_http_sspi_get_ctx(r);

    if (ctx && ctx->granted) {
        return;
    }

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sspi_module);

    ngx_http_sspi_set_value(&r->main->variables[smcf->remote_user],
                            &r->headers_in.user);
}


/*
 * The error page of a refused request gets no tickets, nor does a location
 * without delegation to which another one redirects, or which it includes.
 */

static ngx_uint_t
ngx_http_sspi_delegates(ngx_http_request_t *r)
{
    ngx_http_sspi_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sspi_module);

    return slcf->policy.mode != SSPI_MODE_OFF
           && slcf->policy.delegation.order[0] != SSPI_DELEGATION_NONE
           && r->main->err_status != NGX_HTTP_UNAUTHORIZED
           && r->main->err_status != NGX_HTTP_FORBIDDEN;
}


static ngx_int_t
ngx_http_sspi_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_http_sspi_ctx_t  *ctx;

    ctx = ngx_http_sspi_get_ctx(r);

    if (ctx
        && (data == SSPI_VARIABLE_GROUPS || data == SSPI_VARIABLE_GROUP_SIDS)
        && ngx_http_sspi_make_list(r, ctx, data) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (data == SSPI_VARIABLE_CCACHE && !ngx_http_sspi_delegates(r)) {
        ctx = NULL;
    }

    if (ctx && data == SSPI_VARIABLE_ERROR) {
        ngx_http_sspi_set_value(v, &ctx->error);

    } else {
        ngx_http_sspi_set_value(v, ctx && ctx->granted ? &ctx->variables[data]
                                                       : NULL);
    }

    v->no_cacheable = 1;

    return NGX_OK;
}


/* before a subrequest may change the user of the exchange */

ngx_int_t
ngx_http_sspi_make_groups(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx)
{
    if (ngx_http_sspi_make_list(r, ctx, SSPI_VARIABLE_GROUPS) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_sspi_make_list(r, ctx, SSPI_VARIABLE_GROUP_SIDS);
}


/* the text of very many groups is long, so it is made when it is first read */

static ngx_int_t
ngx_http_sspi_make_list(ngx_http_request_t *r, ngx_http_sspi_ctx_t *ctx,
    uintptr_t variable)
{
    struct sspi_view  value;

    if (!ctx->granted || ctx->lists & (ngx_uint_t) 1 << variable) {
        return NGX_OK;
    }

    value = sspi_exchange_group_variable(ctx->exchange, &ctx->granting->policy,
                                         (enum sspi_variable) variable);

    ctx->lists |= (ngx_uint_t) 1 << variable;

    return ngx_http_sspi_copy(r->main->pool, &ctx->variables[variable], &value);
}


static void
ngx_http_sspi_set_value(ngx_http_variable_value_t *v, const ngx_str_t *value)
{
    ngx_memzero(v, sizeof(ngx_http_variable_value_t));

    if (value == NULL || value->data == NULL) {
        v->not_found = 1;
        return;
    }

    v->data = value->data;
    v->len = value->len;
    v->valid = 1;
}
