/* SPDX-License-Identifier: Apache-2.0 */
/* `Require sspi-user NAME...`: full names, so that users of different schemes never meet. */
#include "mod_sspi.h"

#include "ap_expr.h"
#include "apr_strings.h"
#include "http_log.h"
#include "http_request.h"
#include "mod_auth.h"

APLOG_USE_MODULE(sspi);

static authz_status check_user(request_rec *r, const char *line, const void *parsed)
{
    const ap_expr_info_t *expression = parsed;
    const struct sspi_result *result;
    const char *error = NULL;
    const char *names;

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
    if (result == NULL || result->verdict != SSPI_GRANTED) {
        return AUTHZ_GENERAL_ERROR;
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

void apache_authz_register(apr_pool_t *p)
{
    ap_register_auth_provider(p, AUTHZ_PROVIDER_GROUP, "sspi-user", AUTHZ_PROVIDER_VERSION,
                              &user_provider, AP_AUTH_INTERNAL_PER_CONF);
}
