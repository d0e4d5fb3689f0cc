/* SPDX-License-Identifier: Apache-2.0 */
/* The Cookie lines of a request. The core reads them as the client sent them. Handlers, programs
 * and upstreams get them without the cookie of a session. */
#include "mod_sspi.h"

#define FIELD_NAME "Cookie"

/* httpd joins several lines of one name by commas, and so does this. The core accepts that. A
 * subrequest has its own copy of the headers, and an internal redirect uses those of the request.
 */
void mod_sspi_cookies_strip(request_rec *r)
{
    const struct mod_sspi_dir_config *dir = ap_get_module_config(r->per_dir_config, &sspi_module);
    struct sspi_view value;
    char *stripped;
    size_t len;

    if (!dir->policy.session) {
        return;
    }
    value = mod_sspi_view(apr_table_getm(r->pool, r->headers_in, FIELD_NAME));
    if (value.data == NULL) {
        return;
    }
    stripped = apr_palloc(r->pool, value.len + 1);
    len = sspi_http_strip_session_cookie(&dir->policy, value, stripped);
    if (len == value.len) {
        return;
    }
    (void)mod_sspi_request_cookies(r); /* keeps them for later locations */
    stripped[len] = '\0';
    if (len > 0) {
        apr_table_setn(r->headers_in, FIELD_NAME, stripped);
    } else {
        apr_table_unset(r->headers_in, FIELD_NAME);
    }
}
