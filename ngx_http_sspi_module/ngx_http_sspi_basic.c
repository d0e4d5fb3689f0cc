/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user of auth_basic, which may be used beside sspi ("satisfy any").
 *
 * $remote_user is empty unless a user is verified.  nginx has no flag for a
 * user whom auth_basic has verified.  It sets r->headers_in.user before the
 * password is checked, and another module may satisfy the access phase.
 *
 * Therefore this module replaces the handler of auth_basic by one that calls
 * it and checks its return code.  That is NGX_OK if and only if the handler
 * has read user and password from Authorization into r->headers_in and the
 * password is correct.  If "auth_basic" is off, it is NGX_DECLINED.
 *
 * Each module adds its handlers in turn.  If auth_basic is the module
 * directly before this one, its handler is the last one in the access phase
 * when this module adds its own.  The list ngx_module_order ensures this.
 * In any other order this module does not recognize the handler of
 * auth_basic, and $remote_user does not show its users.
 */
#include "ngx_http_sspi_module.h"


static ngx_uint_t ngx_http_sspi_follows_basic(ngx_conf_t *cf);
static ngx_int_t ngx_http_sspi_basic_handler(ngx_http_request_t *r);


/* called before this module adds a handler of its own */

void
ngx_http_sspi_wrap_basic(ngx_conf_t *cf, ngx_http_sspi_main_conf_t *smcf)
{
    ngx_array_t                *handlers;
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    handlers = &cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers;

    if (handlers->nelts == 0 || !ngx_http_sspi_follows_basic(cf)) {
        return;
    }

    h = handlers->elts;
    h += handlers->nelts - 1;

    smcf->basic = *h;
    *h = ngx_http_sspi_basic_handler;
}


static ngx_uint_t
ngx_http_sspi_follows_basic(ngx_conf_t *cf)
{
    ngx_uint_t      i;
    ngx_module_t  **modules;

    modules = cf->cycle->modules;

    for (i = 1; i < cf->cycle->modules_n; i++) {

        if (modules[i] == &ngx_http_sspi_module) {
            return ngx_strcmp(modules[i - 1]->name,
                              "ngx_http_auth_basic_module") == 0;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_sspi_basic_handler(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_http_sspi_main_conf_t  *smcf;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_sspi_module);

    rc = smcf->basic(r);

    if (rc == NGX_OK) {
        ngx_http_sspi_set_basic_user(r);
    }

    return rc;
}
