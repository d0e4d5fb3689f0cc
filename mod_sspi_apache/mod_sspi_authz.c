/* SPDX-License-Identifier: Apache-2.0 */
/* `Require sspi-user NAME...` compares full names, because short names of different schemes can be
 * equal. `Require sspi-channel-bound` admits clients that proved that they use this TLS channel. */
#include "mod_sspi_scope.h"

#include "ap_expr.h"
#include "apr_strings.h"
#include "http_log.h"
#include "http_request.h"
#include "mod_auth.h"

APLOG_USE_MODULE(sspi);

/* AUTHZ_GRANTED: this module verified the user, and the exchange has that user. Otherwise returns
 * the status for httpd. */
static authz_status find_user(request_rec *r)
{
    const struct sspi_result *result;

    if (r->user == NULL) {
        return AUTHZ_DENIED_NO_USER;
    }
    if (!mod_sspi_dir_config_is_sspi(r)) {
        return AUTHZ_DENIED; /* a user of another AuthType */
    }
    if (!mod_sspi_request_state_of(r)->granted) {
        return AUTHZ_DENIED_NO_USER; /* another module's user: credentials are not verified yet */
    }
    /* The exchange has the user of its last step, so that step must be for this location. */
    result = mod_sspi_request_step(r);
    return result != NULL && result->has_user ? AUTHZ_GRANTED : AUTHZ_GENERAL_ERROR;
}

static authz_status check_user(request_rec *r, const char *line, const void *parsed)
{
    const ap_expr_info_t *expression = parsed;
    authz_status status = find_user(r);
    const char *error = NULL;
    const char *names;

    if (status != AUTHZ_GRANTED) {
        return status;
    }
    names = ap_expr_str_exec(r, expression, &error);
    if (error != NULL) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "Require sspi-user: %s", error);
        return AUTHZ_GENERAL_ERROR;
    }
    while (*names != '\0') {
        const char *name = ap_getword_conf(r->pool, &names);

        if (sspi_exchange_user_is(mod_sspi_request_find(r)->exchange, mod_sspi_view(name))) {
            return AUTHZ_GRANTED;
        }
    }
    return AUTHZ_DENIED;
}

static authz_status check_bound(request_rec *r, const char *line, const void *parsed)
{
    authz_status status = find_user(r);

    if (status != AUTHZ_GRANTED) {
        return status;
    }
    return sspi_exchange_is_bound(mod_sspi_request_find(r)->exchange) ? AUTHZ_GRANTED
                                                                      : AUTHZ_DENIED;
}

static const char *parse_bound(cmd_parms *cmd, const char *line, const void **ret_parsed)
{
    return *line == '\0' ? NULL : "Require sspi-channel-bound takes no arguments: remove them";
}

static const char *parse_line(cmd_parms *cmd, const char *line, const void **ret_parsed)
{
    const char *error = NULL;

    if (*line == '\0') {
        return "Require sspi-user takes one or more names: alice@REALM, or digest:alice for Digest";
    }
    *ret_parsed = ap_expr_parse_cmd(cmd, line, AP_EXPR_FLAG_STRING_RESULT, &error, NULL);
    if (error != NULL) {
        return apr_psprintf(cmd->pool, "Require sspi-user: %s", error);
    }
    return NULL;
}

static const authz_provider user_provider = {check_user, parse_line};
static const authz_provider bound_provider = {check_bound, parse_bound};

void mod_sspi_authz_register(apr_pool_t *p)
{
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "sspi-user", AUTHZ_PROVIDER_VERSION,
                              &user_provider, AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "sspi-channel-bound", AUTHZ_PROVIDER_VERSION,
                              &bound_provider, AP_AUTH_INTERNAL_PER_CONF);
}

static size_t count_requires(const ap_directive_t *node)
{
    size_t n = 0;

    for (; node != NULL; node = node->next) {
        n += mod_sspi_directive_is_require_section(node) || mod_sspi_directive_is(node, "Require");
    }
    return n;
}

/* True if the line is an alternative to other lines of its scope, because it is not in
 * <RequireAll>. */
static bool is_alternative(const ap_directive_t *line)
{
    for (const ap_directive_t *at = line->parent; at != NULL; at = at->parent) {
        if (mod_sspi_directive_is(at, "<RequireAll")) {
            return false;
        }
        if (!mod_sspi_directive_is_require_section(at) || count_requires(at->first_child) > 1) {
            break;
        }
    }
    return true;
}

/* mod_authz_core treats Require lines as alternatives: a request that meets any other line does not
 * need to meet `Require sspi-channel-bound`. In <RequireAll> each line must be met. httpd calls
 * every module that has a directive of this name. So this handler counts the lines while
 * mod_authz_core reads them. An error in .htaccess makes httpd answer its requests with 500. */
const char *mod_sspi_authz_count(cmd_parms *cmd, void *dir_, const char *args)
{
    struct mod_sspi_dir_config *dir = dir_;
    const char *provider = ap_getword_conf(cmd->temp_pool, &args);

    if (ap_find_linked_module("mod_authz_core.c") == NULL) {
        return "Require needs mod_authz_core: load it";
    }
    /* Lines for different methods (<Limit>, <LimitExcept>) never apply to one request. */
    dir->required_again |= dir->required & cmd->limited;
    dir->required |= cmd->limited;
    if (strcmp(provider, "sspi-channel-bound") == 0 && is_alternative(cmd->directive)) {
        dir->bound_as_alternative |= cmd->limited;
    }
    if ((dir->bound_as_alternative & dir->required_again) != 0) {
        return "Require sspi-channel-bound beside another Require protects nothing, because httpd "
               "admits a request that meets only one of them: put both into <RequireAll>";
    }
    return NULL;
}
