/* SPDX-License-Identifier: Apache-2.0 */
/* The authentication hooks, and the variables of the verified user for the pages behind them. */
#include "mod_sspi.h"

#include "apr_strings.h"
#include "http_core.h"
#include "http_log.h"
#include "http_protocol.h"

APLOG_USE_MODULE(sspi);

static const char *const variable_names[SSPI_VARIABLE_COUNT] = {
#define SSPI_VARIABLE(id, environment, variable, help) environment,
#include "sspi_variables.def"
#undef SSPI_VARIABLE
};

/* Most requests have none of these variables, so this looks first. */
static void unset_variables(request_rec *r)
{
    const apr_array_header_t *entries = apr_table_elts(r->subprocess_env);
    bool found = false;

    for (int i = 0; i < entries->nelts && !found; i++) {
        found = ap_cstr_casecmpn(APR_ARRAY_IDX(entries, i, apr_table_entry_t).key, "SSPI_", 5) == 0;
    }
    for (int i = 0; i < SSPI_VARIABLE_COUNT && found; i++) {
        apr_table_unset(r->subprocess_env, variable_names[i]);
    }
}

/* Returns the variable that names the credential cache to programs: libkrb5's own, unless the
 * location has another one. NULL: the location delegates nothing. */
static const char *ccache_variable(request_rec *r)
{
    const struct mod_sspi_dir_config *dir = ap_get_module_config(r->per_dir_config, &sspi_module);
    const struct sspi_words *names = &dir->policy.delegation_variable;

    if (dir->policy.delegation.order[0] == SSPI_DELEGATION_NONE) {
        return NULL;
    }
    return names->n == 0 ? "KRB5CCNAME"
                         : apr_pstrmemdup(r->pool, names->words[0].data, names->words[0].len);
}

/* Removes the variables that named a cache of another location of this client's request, or that
 * SetEnvIf made of a header. */
static void unset_ccache(request_rec *r, const char *variable)
{
    const struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);

    for (int i = 0; ctx != NULL && i < ctx->ccache_variables->nelts; i++) {
        apr_table_unset(r->subprocess_env, APR_ARRAY_IDX(ctx->ccache_variables, i, const char *));
    }
    if (variable != NULL) {
        apr_table_unset(r->subprocess_env, variable);
    }
}

void mod_sspi_withdraw_tickets(request_rec *r)
{
    if (mod_sspi_request_find(r) != NULL) {
        apr_table_unset(r->subprocess_env, variable_names[SSPI_VARIABLE_CCACHE]);
        unset_ccache(r, NULL);
    }
}

/* A subrequest begins with a copy of the parent's environment, and httpd adds that of a directory
 * to that of its index file. The tickets are only for a request that was granted itself. */
static void withdraw_inherited_tickets(request_rec *r)
{
    const struct mod_sspi_request_state *state =
        ap_get_module_config(r->request_config, &sspi_module);

    if (state == NULL || !state->granted) {
        mod_sspi_withdraw_tickets(r);
    }
}

static void export_ccache(request_rec *r, const struct mod_sspi_request_state *state)
{
    const char *variable = ccache_variable(r);
    const char *ccache = state->variables[SSPI_VARIABLE_CCACHE];
    struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);

    unset_ccache(r, variable);
    if (variable != NULL && ccache != NULL && ctx != NULL) {
        apr_table_addn(r->subprocess_env, variable, ccache);
        APR_ARRAY_PUSH(ctx->ccache_variables, const char *) = apr_pstrdup(ctx->pool, variable);
    }
}

static void export_variables(request_rec *r, const struct mod_sspi_request_state *state)
{
    unset_variables(r);
    export_ccache(r, state);
    for (int i = 0; i < SSPI_VARIABLE_COUNT; i++) {
        if (state->variables[i] != NULL) {
            apr_table_addn(r->subprocess_env, variable_names[i], state->variables[i]);
        }
    }
}

/* A request has no user until its credentials are verified, even if another module, SetEnvIf or the
 * parent request names one. A subrequest begins with a copy of the parent's environment, which
 * mod_include fills with variables for programs. */
static void clear_user(request_rec *r)
{
    struct mod_sspi_request_state *state = mod_sspi_request_state_of(r);

    r->user = NULL;
    if (state->granted) {
        r->ap_auth_type = NULL;
    }
    state->granted = false;
    memset(state->variables, 0, sizeof(state->variables));
    export_variables(r, state);
    apr_table_unset(r->subprocess_env, "REMOTE_USER");
    apr_table_unset(r->subprocess_env, "AUTH_TYPE");
}

/* Programs get the groups by their environment, which httpd makes before it knows whether a program
 * runs. So the texts are made for each request with a user. */
static void set_groups(request_rec *r, struct mod_sspi_request_state *state)
{
    static const enum sspi_variable lists[] = {SSPI_VARIABLE_GROUPS, SSPI_VARIABLE_GROUP_SIDS};
    const struct mod_sspi_dir_config *dir = ap_get_module_config(r->per_dir_config, &sspi_module);

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct sspi_view value = sspi_exchange_group_variable(mod_sspi_request_find(r)->exchange,
                                                              &dir->policy, lists[i]);

        if (value.data != NULL) {
            state->variables[lists[i]] = apr_pstrmemdup(r->pool, value.data, value.len);
        }
    }
}

static void grant(request_rec *r, const struct sspi_result *result)
{
    struct mod_sspi_request_state *state = mod_sspi_request_state_of(r);

    for (int i = 0; i < SSPI_VARIABLE_COUNT; i++) {
        const struct sspi_view *value = &result->variables[i];

        if (value->data != NULL) {
            state->variables[i] = apr_pstrmemdup(r->pool, value->data, value->len);
        }
    }
    set_groups(r, state);
    state->granted = true;
    state->config = r->per_dir_config;
    state->has_onward = true;
    state->onward = apr_pstrmemdup(r->pool, result->onward.data, result->onward.len);
    r->user = apr_pstrdup(r->pool, state->variables[SSPI_VARIABLE_USER]);
    r->ap_auth_type = apr_pstrdup(r->pool, state->variables[SSPI_VARIABLE_PACKAGE]);
    export_variables(r, state);
    mod_sspi_caches_mark(r);
}

/* Hides from handlers, programs and upstreams what could log in as the user. */
static void hide_credentials(request_rec *r)
{
    mod_sspi_cookies_strip(r);
    mod_sspi_authorization_hide(r);
}

/* httpd calls this if Require is met without a user. If the client sends credentials, they are
 * verified, as on IIS: valid ones name the user, invalid ones are refused. A request without a user
 * skips check_authn, because httpd treats a check_authn without a user as an error. */
int mod_sspi_force_authn(request_rec *r)
{
    const struct mod_sspi_dir_config *dir = ap_get_module_config(r->per_dir_config, &sspi_module);
    const struct sspi_result *result;

    if (!mod_sspi_dir_config_is_sspi(r)) {
        return DECLINED;
    }
    mod_sspi_request_state_of(r)->hook_ran = true;
    clear_user(r);
    if (dir->policy.optional) {
        result = mod_sspi_request_step(r);
    } else if (!mod_sspi_request_step_open(r, &result)) {
        return DECLINED;
    }
    hide_credentials(r);
    return result != NULL && mod_sspi_request_is_anonymous(result) ? DECLINED : OK;
}

/* With this note and the status 403, mod_http2 resets the stream with the error HTTP_1_1_REQUIRED
 * (RFC 9113 section 7). The client then repeats the request over HTTP/1.1. */
static int force_http1(request_rec *r)
{
    apr_table_setn(r->notes, "ssl-renegotiate-forbidden", "an exchange of several legs");
    return HTTP_FORBIDDEN;
}

/* If a client sent Expect: 100-continue, its connection stays open only if the body is read. The
 * body is read here, because httpd sends the 100 only while the status is not an error. */
static void drain(request_rec *r)
{
    if (r->main == NULL && r->expecting_100 && ap_discard_request_body(r) == OK) {
        r->expecting_100 = 0;
    }
}

/* Names the refusal for the error document, which httpd runs with the variable
 * REDIRECT_SSPI_ERROR. A subrequest does not change the variable of its parent. */
static void export_error(request_rec *r, const struct sspi_result *result)
{
    const struct sspi_view *error = &result->variables[SSPI_VARIABLE_ERROR];

    if (r->main == NULL && error->data != NULL) {
        apr_table_setn(r->subprocess_env, variable_names[SSPI_VARIABLE_ERROR],
                       apr_pstrmemdup(r->pool, error->data, error->len));
    }
}

/* Returns the status of r for `result`. */
static int status_of(request_rec *r, const struct sspi_result *result)
{
    if (result == NULL) {
        return mod_sspi_request_failure(r);
    }
    if (result->need == SSPI_NEED_HTTP_1_1) {
        return force_http1(r);
    }
    if (result->has_user) {
        grant(r, result);
        return OK;
    }
    if (mod_sspi_request_is_anonymous(result) && mod_sspi_exempt_is(r)) {
        /* A line of another module demands a user. An exempt request is never challenged. */
        result = mod_sspi_request_deny(r);
        export_error(r, result);
        return (int)result->status;
    }
    if (mod_sspi_request_is_anonymous(result)) {
        /* Credentials are optional, but Require admits no anonymous request. */
        return mod_sspi_request_challenge(r) ? HTTP_UNAUTHORIZED : HTTP_INTERNAL_SERVER_ERROR;
    }
    if (result->drains) {
        drain(r);
    }
    export_error(r, result);
    return (int)result->status; /* httpd changes 401 to 407 for a forward proxy */
}

static int answer(request_rec *r, const struct sspi_result *result)
{
    int status = status_of(r, result);
    struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);

    if (ctx != NULL) {
        ctx->refusal = status;
    }
    return status;
}

void mod_sspi_drop_user(request_rec *r)
{
    const struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);

    if (ctx != NULL && ctx->refusal == r->status && mod_sspi_request_state_of(r)->granted) {
        clear_user(r);
    }
}

int mod_sspi_check_authn(request_rec *r)
{
    int status;

    if (!mod_sspi_dir_config_is_sspi(r)) {
        return DECLINED;
    }
    mod_sspi_request_state_of(r)->hook_ran = true;
    clear_user(r);
    status = answer(r, mod_sspi_request_step(r));
    mod_sspi_request_state_of(r)->in_authorization = status == OK;
    hide_credentials(r); /* error documents do not get them either */
    return status;
}

/* Authorization refused the request with 401, so the answer needs challenges. */
int mod_sspi_note_auth_failure(request_rec *r, const char *auth_type)
{
    if (ap_cstr_casecmp(auth_type, SSPI_AUTH_TYPE) != 0) {
        return DECLINED;
    }
    return mod_sspi_request_challenge(r) ? OK : DECLINED;
}

/* httpd calls this hook next after the authorization, unless that refused the request. The hook of
 * mod_authz_core returns its refusal to httpd, so no later hook of its own phase runs. */
int mod_sspi_note_authorized(request_rec *r)
{
    struct mod_sspi_request_state *state = ap_get_module_config(r->request_config, &sspi_module);

    if (state != NULL) {
        state->in_authorization = false;
    }
    return DECLINED;
}

void mod_sspi_note_denied(request_rec *r)
{
    struct mod_sspi_request_state *state = ap_get_module_config(r->request_config, &sspi_module);
    const struct sspi_result *result;

    if (state == NULL || !state->in_authorization) {
        return;
    }
    state->in_authorization = false;
    /* The error document gets no tickets. */
    state->variables[SSPI_VARIABLE_CCACHE] = NULL;
    apr_table_unset(r->subprocess_env, variable_names[SSPI_VARIABLE_CCACHE]);
    export_ccache(r, state);
    /* The status is 302 if ErrorDocument is the URL of another server. */
    result = ap_is_HTTP_SERVER_ERROR(r->status) ? NULL : mod_sspi_request_deny(r);
    if (result != NULL) {
        export_error(r, result);
    }
}

/* True if r's location verifies credentials: AuthType is SSPI, or None within SSPI. */
static bool accepts_credentials(request_rec *r)
{
    return mod_sspi_dir_config_is_sspi(r) || mod_sspi_dir_config_is_none(r);
}

/* Does the work of mod_sspi_force_authn() if httpd calls no authentication hook. That is so if
 * `Satisfy Any` of mod_access_compat admits the client's address, or if AuthType is None. */
static int authenticate_open(request_rec *r)
{
    const struct sspi_result *result;

    if (r->user != NULL || !accepts_credentials(r) || mod_sspi_request_state_of(r)->hook_ran) {
        return DECLINED;
    }
    clear_user(r);
    if (!mod_sspi_request_step_open(r, &result) ||
        (result != NULL && mod_sspi_request_is_anonymous(result))) {
        return DECLINED;
    }
    return answer(r, result);
}

/* A location that needs no user removes the cookie of a session as well, also if its AuthType is
 * not SSPI. Its application could otherwise use the cookie at other locations of the host. */
int mod_sspi_fixup_open(request_rec *r)
{
    int status;

    withdraw_inherited_tickets(r);
    status = authenticate_open(r);
    hide_credentials(r);
    return status;
}

/* Returns the state of the request that was granted the user of r: r itself, or an outer request
 * with the same configuration. From that outer request, httpd copies the user without calling a
 * hook. NULL: this module did not verify the user. */
static const struct mod_sspi_request_state *find_granting_state(const request_rec *r)
{
    const struct ap_conf_vector_t *config = r->per_dir_config;

    for (; r != NULL && r->per_dir_config == config; r = r->prev != NULL ? r->prev : r->main) {
        const struct mod_sspi_request_state *state =
            ap_get_module_config(r->request_config, &sspi_module);

        if (state != NULL && state->granted) {
            return state;
        }
    }
    return NULL;
}

/* A request that inherits its user also inherits the variables. The error document of a refusal
 * inherits neither. */
int mod_sspi_fixup_environment(request_rec *r)
{
    const struct mod_sspi_request_state *from;
    struct mod_sspi_request_state *state;

    if (r->user == NULL || (from = find_granting_state(r)) == NULL || !accepts_credentials(r)) {
        return DECLINED;
    }
    state = mod_sspi_request_state_of(r);
    if (from != state) {
        state->granted = true;
        state->config = from->config;
        memcpy(state->variables, from->variables, sizeof(state->variables));
        export_variables(r, state);
        mod_sspi_caches_mark(r);
    }
    mod_sspi_drop_user(r);
    return OK;
}

/* httpd may answer the request of a directory with its index file, without calling a hook. The
 * request then has the user whom the module verified for that file, not the user of the directory.
 */
int mod_sspi_fixup_user(request_rec *r)
{
    const struct mod_sspi_request_ctx *ctx = mod_sspi_request_find(r);
    const struct mod_sspi_request_state *state =
        ap_get_module_config(r->request_config, &sspi_module);

    if (state != NULL && state->granted && state->config != r->per_dir_config) {
        clear_user(r);
    }
    withdraw_inherited_tickets(r);
    if (r->user != NULL || ctx == NULL || ctx->result == NULL || !accepts_credentials(r)) {
        return DECLINED;
    }
    if (ctx->config != r->per_dir_config || !ctx->result->has_user) {
        return DECLINED;
    }
    grant(r, ctx->result);
    return OK;
}
