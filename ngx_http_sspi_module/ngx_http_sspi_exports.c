/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nginx reads from a dynamic module, and all that this one exports.
 * nginx's own build makes such a file by itself.
 */
#include "ngx_http_sspi_module.h"


#define NGX_HTTP_SSPI_EXPORT  __attribute__((visibility("default")))


extern char  *ngx_module_order[];


NGX_HTTP_SSPI_EXPORT ngx_module_t  *ngx_modules[] = {
    &ngx_http_sspi_module,
    &ngx_http_sspi_filter_module,
    NULL
};


NGX_HTTP_SSPI_EXPORT char  *ngx_module_names[] = {
    "ngx_http_sspi_module",
    "ngx_http_sspi_filter_module",
    NULL
};


/*
 * Each name stands before the next.  Handlers run in reverse: just before
 * ngx_http_access_module means right after allow and deny, and before
 * auth_basic.  The filter must be installed after the one that sends, and
 * runs after the one of add_header and expires, which may change
 * Cache-Control.
 */

NGX_HTTP_SSPI_EXPORT char  *ngx_module_order[] = {
    "ngx_http_sspi_module",
    "ngx_http_access_module",
    "ngx_http_sspi_filter_module",
    "ngx_http_headers_filter_module",
    NULL
};
