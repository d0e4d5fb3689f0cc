/* SPDX-License-Identifier: Apache-2.0 */
/* The Authorization header of a request. The core reads it as the client sent it. With
 * SSPIForwardAuthorization off, handlers, programs and upstreams do not get it. */
#include "mod_sspi.h"

/* A subrequest has its own copy of the headers, and an internal redirect uses those of the request.
 */
void mod_sspi_authorization_hide(request_rec *r)
{
    const struct mod_sspi_dir_config *dir = ap_get_module_config(r->per_dir_config, &sspi_module);
    const struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);

    if (ctx == NULL || !sspi_exchange_hides_authorization(ctx->exchange, &dir->policy)) {
        return;
    }
    (void)mod_sspi_request_credentials(r); /* keeps them for later locations */
    apr_table_unset(r->headers_in, mod_sspi_request_credentials_name(r));
}
