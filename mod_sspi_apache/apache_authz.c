/* SPDX-License-Identifier: Apache-2.0 */
/* `Require sspi-user NAME...`: full names, so that users of different schemes never meet. `Require
 * sspi-channel-bound`: who proved to use this TLS channel. */
#include "mod_sspi.h"

#include "ap_expr.h"
#include "apr_strings.h"
#include "http_log.h"
#include "http_request.h"
#include "mod_auth.h"

APLOG_USE_MODULE(sspi);

/* AUTHZ_GRANTED: somebody of ours has come, and the exchange knows him; else what to answer. */
static authz_status find_user(request_rec *r)
{
    const struct sspi_result *result;

    if (r->user == NULL) {
        return AUTHZ_DENIED_NO_USER;
    }
    if (!apache_dir_is_ours(r)) {
        return AUTHZ_DENIED; /* a user of another AuthType */
    }
    if (!apache_place_of(r)->granted) {
        return AUTHZ_DENIED_NO_USER; /* another module's user: ours is still to be proven */
    }
    /* The exchange knows the user of its last step, which must be that of this place. */
    result = apache_visit_step(r);
    return result != NULL && result->verdict == SSPI_GRANTED ? AUTHZ_GRANTED : AUTHZ_GENERAL_ERROR;
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

        if (sspi_exchange_user_is(apache_visit_find(r)->exchange,
                                  (struct sspi_view){name, strlen(name)})) {
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
    return sspi_exchange_is_bound(apache_visit_find(r)->exchange) ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

static const char *parse_bound(cmd_parms *cmd, const char *line, const void **ret_parsed)
{
    return *line == '\0' ? NULL : "Require sspi-channel-bound takes no words";
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

void apache_authz_register(apr_pool_t *p)
{
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "sspi-user", AUTHZ_PROVIDER_VERSION,
                              &user_provider, AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "sspi-channel-bound", AUTHZ_PROVIDER_VERSION,
                              &bound_provider, AP_AUTH_INTERNAL_PER_CONF);
}

static bool is_require(const ap_directive_t *node, const char *provider)
{
    const char *args = node->args;

    return ap_cstr_casecmp(node->directive, "Require") == 0 &&
           (provider == NULL || ap_cstr_casecmpn(args, provider, strlen(provider)) == 0);
}

/* mod_authz_core takes Require lines for alternatives: beside another one, being bound would be
 * asked of nobody. In <RequireAll> each must be met. */
const char *apache_authz_check(apr_pool_t *p, const ap_directive_t *node)
{
    int n_lines = 0;
    int bound_line = 0;
    const char *error = NULL;
    bool all = node != NULL && node->parent != NULL &&
               ap_cstr_casecmp(node->parent->directive, "<RequireAll") == 0;

    for (; node != NULL && error == NULL; node = node->next) {
        bool nested = ap_cstr_casecmpn(node->directive, "<Require", 8) == 0;

        n_lines += nested || is_require(node, NULL) ? 1 : 0;
        if (is_require(node, "sspi-channel-bound")) {
            bound_line = node->line_num;
        }
        error = apache_authz_check(p, node->first_child);
    }
    if (error == NULL && bound_line != 0 && n_lines > 1 && !all) {
        error = apr_psprintf(p,
                             "line %d: Require sspi-channel-bound beside another Require protects "
                             "nothing, because either is enough: put both into <RequireAll>",
                             bound_line);
    }
    return error;
}
