/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "sspi" and "sspi_packages" with variables: each request evaluates their
 * values.
 */
#include "ngx_http_sspi_module.h"


static ngx_int_t ngx_http_sspi_evaluate(ngx_http_request_t *r,
    ngx_http_complex_value_t *cv, struct sspi_policy *policy,
    enum sspi_option option, char *error);


/* whether the directive that nginx reads has a variable */

ngx_uint_t
ngx_http_sspi_is_choice(ngx_conf_t *cf, enum sspi_option option)
{
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (option != SSPI_OPTION_MODE && option != SSPI_OPTION_PACKAGES) {
        return 0;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_script_variables_count(&value[i])) {
            return 1;
        }
    }

    return 0;
}


/*
 * Each request evaluates the value.  Until then, the policy has a value that
 * may be needed: "sspi" is not off, and ngx_http_sspi_open_policies() sets the
 * schemes.
 */

char *
ngx_http_sspi_set_choice(ngx_conf_t *cf, ngx_http_sspi_loc_conf_t *slcf,
    enum sspi_option option)
{
    size_t                             len;
    u_char                            *p;
    ngx_str_t                         *value, text;
    ngx_uint_t                         i;
    ngx_http_complex_value_t          *cv;
    ngx_http_compile_complex_value_t   ccv;

    value = cf->args->elts;
    len = 0;

    for (i = 1; i < cf->args->nelts; i++) {
        len += value[i].len + 1;
    }

    text.data = ngx_pnalloc(cf->pool, len);
    if (text.data == NULL) {
        return NGX_CONF_ERROR;
    }

    p = text.data;

    for (i = 1; i < cf->args->nelts; i++) {
        p = ngx_cpymem(p, value[i].data, value[i].len);
        *p++ = ' ';
    }

    text.len = len - 1;

    cv = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (cv == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &text;
    ccv.complex_value = cv;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (option == SSPI_OPTION_MODE) {
        slcf->mode = cv;
        slcf->policy.mode = SSPI_MODE_ON;

    } else {
        slcf->packages = cv;
    }

    slcf->policy.set |= (uint64_t) 1 << option;

    return NGX_CONF_OK;
}


/*
 * Writes the policy of slcf for r.  NGX_DECLINED: the value of a variable is
 * not valid; error says why.
 */

ngx_int_t
ngx_http_sspi_choose_policy(ngx_http_request_t *r,
    ngx_http_sspi_loc_conf_t *slcf, struct sspi_policy *policy, char *error)
{
    ngx_int_t  rc;

    *policy = slcf->policy;

    rc = ngx_http_sspi_evaluate(r, slcf->mode, policy, SSPI_OPTION_MODE, error);

    if (rc != NGX_OK || policy->mode == SSPI_MODE_OFF) {
        return rc;
    }

    return ngx_http_sspi_evaluate(r, slcf->packages, policy,
                                  SSPI_OPTION_PACKAGES, error);
}


static ngx_int_t
ngx_http_sspi_evaluate(ngx_http_request_t *r, ngx_http_complex_value_t *cv,
    struct sspi_policy *policy, enum sspi_option option, char *error)
{
    ngx_str_t  value;

    if (cv == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, cv, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    return sspi_policy_set_text(policy, option, ngx_http_sspi_view(&value),
                                SSPI_SERVER_NGINX, error)
           ? NGX_OK : NGX_DECLINED;
}
