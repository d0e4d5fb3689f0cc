/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The symbols that nginx reads from a dynamic module.  This module exports no
 * others.  nginx's own build generates such a file.
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
 * nginx puts each module before the next one of this list.  Handlers run in
 * reverse order: that of ngx_http_sspi_module runs directly after allow and
 * deny, and before auth_basic.  Filters also run in reverse order.  So the
 * filter runs after that of add_header and expires, which may change
 * Cache-Control, and before the filter that sends the header.
 */

NGX_HTTP_SSPI_EXPORT char  *ngx_module_order[] = {
    "ngx_http_sspi_module",
    "ngx_http_access_module",
    "ngx_http_sspi_filter_module",
    "ngx_http_headers_filter_module",
    NULL
};
