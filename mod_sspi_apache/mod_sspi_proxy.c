/* SPDX-License-Identifier: Apache-2.0 */
/* The user's own login at the upstream (SSPIProxyNegotiate), for mod_proxy_http.
 *
 * An upstream may log a user in for the connection (NTLM, and Kerberos on IIS). So a connection
 * that carried a login must never carry the request of another user: the worker of mod_proxy
 * reuses no connection. An upstream accepts a token once, so each attempt, at any member of a
 * balancer, has its own. */
#include "mod_sspi.h"

#include <dlfcn.h>

#include "apr_optional_hooks.h"
#include "apr_strings.h"
#include "http_protocol.h"
#include "mod_proxy.h"

static bool logs_in(request_rec *r)
{
    const struct mod_sspi_dir_config *dir = ap_get_module_config(r->per_dir_config, &sspi_module);

    return r->proxyreq == PROXYREQ_REVERSE && dir->policy.proxy_negotiate.n > 0 &&
           (mod_sspi_dir_config_is_sspi(r) || mod_sspi_dir_config_is_none(r));
}

/* A connection of the pool may carry the login of a user whose credentials another location passed
 * to this upstream. mod_proxy closes it before its next request, if the worker does not reuse
 * connections. */
static void stop_reuse(proxy_worker *worker)
{
    if (!worker->s->disablereuse) {
        worker->s->disablereuse = 1;
        worker->s->disablereuse_set = 1;
    }
}

/* Runs for each attempt, when the worker is known. The step that granted the request has made the
 * first token. */
static int begin_attempt(request_rec *r, proxy_worker *worker, proxy_server_conf *conf, char *url,
                         const char *proxy_host, apr_port_t proxy_port)
{
    struct mod_sspi_request_state *state;
    const struct sspi_result *result;

    if (!logs_in(r)) {
        return DECLINED;
    }
    stop_reuse(worker);
    state = mod_sspi_request_state_of(r);
    if (!state->granted || state->has_onward) {
        return DECLINED;
    }
    result = mod_sspi_request_step(r);
    state->has_onward = true;
    if (result == NULL || !result->has_user) {
        return DECLINED; /* the upstream gets no login */
    }
    state->onward = apr_pstrmemdup(r->pool, result->onward.data, result->onward.len);
    return DECLINED;
}

/* mod_proxy_http calls this with a copy of the headers for the upstream. So neither a subrequest
 * nor a log gets the token. */
static int add_token(request_rec *r)
{
    struct mod_sspi_request_state *state;

    if (!logs_in(r)) {
        return DECLINED;
    }
    state = mod_sspi_request_state_of(r);
    apr_table_unset(r->headers_in, "Authorization");
    if (state->granted && state->onward != NULL) {
        apr_table_setn(r->headers_in, "Authorization", state->onward);
    }
    state->onward = NULL;
    state->has_onward = false;
    return OK;
}

/* The client must not begin a login with the upstream. */
static void remove_challenges(apr_table_t *headers)
{
    apr_table_unset(headers, "WWW-Authenticate");
    apr_table_unset(headers, "Authentication-Info");
    apr_table_unset(headers, "Persistent-Auth");
}

/* True: the upstream refused the login. */
static bool clean(request_rec *r, int status)
{
    remove_challenges(r->headers_out);
    remove_challenges(r->err_headers_out);
    if (status != HTTP_UNAUTHORIZED) {
        return false;
    }
    mod_sspi_request_note_upstream(r);
    return true;
}

void mod_sspi_proxy_clean_answer(request_rec *r)
{
    if (logs_in(r) && clean(r, r->status)) {
        r->status = HTTP_BAD_GATEWAY;
        r->status_line = NULL;
    }
}

/* With ProxyErrorOverride, mod_proxy returns the status instead of an answer. */
static int end_attempts(int *status, request_rec *r)
{
    if (logs_in(r) && ap_is_HTTP_ERROR(*status) && clean(r, *status)) {
        *status = HTTP_BAD_GATEWAY;
    }
    return DECLINED;
}

/* mod_proxy may be loaded after this module, or not at all, so its function is looked up. */
static int add_hooks(apr_pool_t *p, apr_pool_t *plog, apr_pool_t *ptemp)
{
    void (*add_scheme_handler)(proxy_HOOK_scheme_handler_t * function, const char *const *before,
                               const char *const *after, int order);

    *(void **)&add_scheme_handler = dlsym(RTLD_DEFAULT, "proxy_hook_scheme_handler");
    if (add_scheme_handler != NULL) {
        add_scheme_handler(begin_attempt, NULL, NULL, APR_HOOK_REALLY_FIRST);
    }
    return OK;
}

void mod_sspi_proxy_register_hooks(void)
{
    ap_hook_pre_config(add_hooks, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(proxy, fixups, add_token, NULL, NULL, APR_HOOK_REALLY_LAST);
    APR_OPTIONAL_HOOK(proxy, request_status, end_attempts, NULL, NULL, APR_HOOK_REALLY_FIRST);
}
