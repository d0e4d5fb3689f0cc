/* SPDX-License-Identifier: Apache-2.0 */
/* Methods whose requests need no user (SSPIExempt). httpd admits a request without a user only if
 * its Require lines do. So this module replaces the provider of `Require valid-user` by one that an
 * exempt request meets, and all other lines stay in force. */
#include "mod_sspi_scope.h"

#include "ap_provider.h"
#include "http_core.h"
#include "http_log.h"
#include "http_request.h"
#include "http_ssl.h"
#include "mod_auth.h"

APLOG_USE_MODULE(sspi);

#define LINE_NAME "valid-user"

/* ---- which requests ---- */

/* The method that decides for r. A subrequest is a GET, but it belongs to its main request:
 * mod_dir looks for the index file of an OPTIONS by a subrequest. The request for an error document
 * is a GET, and it is not exempt. */
static struct sspi_view method_of(const request_rec *r)
{
    while (r->main != NULL) {
        r = r->main;
    }
    return mod_sspi_view(r->method);
}

bool mod_sspi_exempt_is(request_rec *r)
{
    const struct mod_sspi_dir_config *dir = ap_get_module_config(r->per_dir_config, &sspi_module);

    return dir->policy.exempt.n > 0 && mod_sspi_dir_config_is_sspi(r) &&
           sspi_policy_exempts(&dir->policy, method_of(r)) &&
           sspi_policy_exempts(&dir->policy, mod_sspi_request_method(r)) &&
           (!dir->policy.require_tls || ap_ssl_conn_is_ssl(r->connection) != 0);
}

/* ---- the lines of Require ---- */

authz_status mod_sspi_exempt_status(bool is_reversed_line)
{
    return is_reversed_line ? AUTHZ_DENIED : AUTHZ_GRANTED;
}

/* Under `Satisfy Any`, the line would admit an address that Deny refuses. There the line keeps its
 * meaning, and the authentication hook refuses the request without a challenge. */
bool mod_sspi_exempt_meets(request_rec *r)
{
    return r->user == NULL && ap_satisfies(r) != SATISFY_ANY && mod_sspi_exempt_is(r);
}

/* A line of valid-user. */
struct line {
    const authz_provider *original;
    const void *parsed; /* by the original provider */
    bool is_reversed;
};

/* The provider of mod_authz_user, since the last reading of the configuration. */
static const authz_provider *original_provider;

static authz_status check_valid_user(request_rec *r, const char *text, const void *parsed)
{
    const struct line *line = parsed;

    if (mod_sspi_exempt_meets(r)) {
        return mod_sspi_exempt_status(line->is_reversed);
    }
    return line->original->check_authorization(r, text, line->parsed);
}

static const char *parse_valid_user(cmd_parms *cmd, const char *text, const void **ret_parsed)
{
    struct line *line = apr_pcalloc(cmd->pool, sizeof(*line));

    line->original = original_provider;
    line->is_reversed = mod_sspi_directive_is_reversed(cmd);
    *ret_parsed = line;
    return original_provider->parse_require_line == NULL
               ? NULL
               : original_provider->parse_require_line(cmd, text, &line->parsed);
}

static const authz_provider provider = {check_valid_user, parse_valid_user};

/* Hook pre_config: all modules are loaded, and no directive is read yet. */
int mod_sspi_exempt_replace_provider(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    const authz_provider *found =
        ap_lookup_provider(AUTHZ_PROVIDER_GROUP, LINE_NAME, AUTHZ_PROVIDER_VERSION);

    if (found == NULL || found == &provider) {
        return OK; /* mod_authz_user is not loaded, so the configuration has no such line */
    }
    original_provider = found;
    /* ap_register_auth_provider() would count the provider a second time. */
    ap_register_provider(pconf, AUTHZ_PROVIDER_GROUP, LINE_NAME, AUTHZ_PROVIDER_VERSION, &provider);
    return OK;
}

/* ---- subrequests ---- */

/* Hook handler: a part that mod_include takes from another page is the answer to a GET. */
int mod_sspi_exempt_refuse_part(request_rec *r)
{
    const struct mod_sspi_dir_config *dir = ap_get_module_config(r->per_dir_config, &sspi_module);

    if (r->main == NULL || r->user != NULL || !mod_sspi_exempt_is(r) ||
        sspi_policy_exempts(&dir->policy, mod_sspi_view(r->method))) {
        return DECLINED;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "a part of the answer to an exempt %s request needs a user",
                  mod_sspi_request_top(r)->method);
    return HTTP_FORBIDDEN;
}
