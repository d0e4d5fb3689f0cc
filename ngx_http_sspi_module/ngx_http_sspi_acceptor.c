/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The acceptor of a cycle: keys, users and certificates.  The master opens it.
 */
#include "ngx_http_sspi_module.h"


static ngx_int_t ngx_http_sspi_set_worker(ngx_conf_t *cf,
    struct sspi_acceptor_config *config);
static ngx_uint_t ngx_http_sspi_check_realm(ngx_http_sspi_loc_conf_t *slcf,
    char *error);
static ngx_int_t ngx_http_sspi_open_policies(ngx_conf_t *cf,
    ngx_http_sspi_main_conf_t *smcf);
static void ngx_http_sspi_look_up_groups(ngx_http_sspi_main_conf_t *smcf);
static ngx_int_t ngx_http_sspi_add_tls(ngx_conf_t *cf,
    struct sspi_acceptor *acceptor);
static ngx_int_t ngx_http_sspi_check_threads(ngx_cycle_t *cycle,
    ngx_http_sspi_main_conf_t *smcf);
static ngx_int_t ngx_http_sspi_check_tls(ngx_conf_t *cf,
    ngx_http_sspi_main_conf_t *smcf);
static void ngx_http_sspi_acceptor_cleanup(void *data);


ngx_int_t
ngx_http_sspi_open_acceptor(ngx_conf_t *cf, ngx_http_sspi_main_conf_t *smcf)
{
    uint64_t                      size;
    ngx_pool_cleanup_t           *cln;
    ngx_http_sspi_loc_conf_t     *slcf;
    struct sspi_acceptor_config   config;

    if (ngx_http_sspi_set_worker(cf, &config) != NGX_OK) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    smcf->acceptor = sspi_acceptor_new(&config);

    if (smcf->acceptor == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "sspi: out of memory for the acceptor");
        return NGX_ERROR;
    }

    cln->handler = ngx_http_sspi_acceptor_cleanup;
    cln->data = smcf->acceptor;

    /* the configuration of the http block */

    slcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_sspi_module);

    size = slcf->policy.state_size;
    smcf->state_size = ngx_align((size_t) size, ngx_pagesize);

    if (ngx_http_sspi_open_policies(cf, smcf) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_sspi_look_up_groups(smcf);

    if (ngx_http_sspi_add_tls(cf, smcf->acceptor) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_sspi_check_tls(cf, smcf);
}


/* nginx opens the configured logs after postconfiguration and before this */

ngx_int_t
ngx_http_sspi_init_module(ngx_cycle_t *cycle)
{
    size_t                        i, n;
    ngx_uint_t                    level;
    ngx_http_sspi_main_conf_t    *smcf;
    const struct sspi_log_entry  *entries;

    smcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_sspi_module);

    if (smcf == NULL || smcf->acceptor == NULL) {
        return NGX_OK;
    }

#if (NGX_THREADS)
    if (ngx_http_sspi_init_threads(cycle, smcf) != NGX_OK) {
        return NGX_ERROR;
    }
#endif

    if (ngx_http_sspi_check_threads(cycle, smcf) != NGX_OK) {
        return NGX_ERROR;
    }

    n = sspi_acceptor_log_entries(smcf->acceptor, &entries);

    for (i = 0; i < n; i++) {
        level = ngx_http_sspi_log_level(entries[i].severity);

        ngx_log_error(level, cycle->log, 0, "%s", entries[i].text);
    }

    return NGX_OK;
}


/* without threads, a silent KDC would block the worker for about 27 s */

static ngx_int_t
ngx_http_sspi_check_threads(ngx_cycle_t *cycle,
    ngx_http_sspi_main_conf_t *smcf)
{
    ngx_uint_t                  i;
    ngx_http_sspi_loc_conf_t  **slcfp;

#if (NGX_THREADS)
    if (smcf->threads[NGX_HTTP_SSPI_POOL_KDC].pool) {
        return NGX_OK;
    }
#endif

    slcfp = smcf->protected.elts;

    for (i = 0; i < smcf->protected.nelts; i++) {

        if (sspi_policy_asks_kdc(&slcfp[i]->policy)) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "sspi: Basic by the KDC, \"sspi_delegation\" and "
                          "\"sspi_proxy_negotiate\" need threads, for the "
                          "\"sspi\" in %V:%ui: use epoll or kqueue, and an "
                          "nginx that is built --with-threads",
                          &slcfp[i]->file, slcfp[i]->line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * Sets the account of the workers by the rules of nginx's core module.  That
 * module applies its defaults after http{} is read, and a "user" directive
 * after http{} is not known here.
 */

static ngx_int_t
ngx_http_sspi_set_worker(ngx_conf_t *cf, struct sspi_acceptor_config *config)
{
    struct group     *grp;
    struct passwd    *pwd;
    ngx_core_conf_t  *ccf;

    /* max_waiting_jobs stays 0: the number of threads is the limit */

    ngx_memzero(config, sizeof(struct sspi_acceptor_config));

    config->server = SSPI_SERVER_NGINX;
    config->matches = ngx_http_sspi_matches;
    config->worker_uid = geteuid();
    config->worker_gid = getegid();

    if (geteuid() != 0) {
        return NGX_OK;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                           ngx_core_module);

    if (ccf->user != (ngx_uid_t) NGX_CONF_UNSET_UINT) {
        config->worker_uid = ccf->user;
        config->worker_gid = ccf->group;
        return NGX_OK;
    }

    pwd = getpwnam(NGX_USER);
    if (pwd == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      "getpwnam(\"" NGX_USER "\") failed");
        return NGX_ERROR;
    }

    config->worker_uid = pwd->pw_uid;

    grp = getgrnam(NGX_GROUP);
    if (grp == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      "getgrnam(\"" NGX_GROUP "\") failed");
        return NGX_ERROR;
    }

    config->worker_gid = grp->gr_gid;

    return NGX_OK;
}


/* each step checks a realm with variables */

static ngx_uint_t
ngx_http_sspi_check_realm(ngx_http_sspi_loc_conf_t *slcf, char *error)
{
    if (slcf->realm == NULL || slcf->realm->lengths) {
        return 1;
    }

    return sspi_policy_check_realm(&slcf->policy,
                                   ngx_http_sspi_view(&slcf->realm->value),
                                   SSPI_SERVER_NGINX, error);
}


/* locations of a server block are found by the position of their "sspi" */

static void
ngx_http_sspi_check_sessions(ngx_http_sspi_main_conf_t *smcf,
    ngx_http_sspi_loc_conf_t *slcf)
{
    u_char            host[NGX_MAX_ERROR_STR], location[NGX_MAX_ERROR_STR];
    struct sspi_view  realm;

    realm.data = NULL;
    realm.len = 0;

    if (slcf->realm && slcf->realm->lengths == NULL) {
        realm = ngx_http_sspi_view(&slcf->realm->value);
    }

    *ngx_snprintf(host, sizeof(host) - 1, "%V", &slcf->server->server_name)
        = '\0';
    *ngx_snprintf(location, sizeof(location) - 1, "the \"sspi\" in %V:%ui",
                  &slcf->file, slcf->line)
        = '\0';

    sspi_acceptor_check_sessions(smcf->acceptor, &slcf->policy,
                                 (const char *) host, (const char *) location,
                                 realm);
}


static ngx_int_t
ngx_http_sspi_open_policies(ngx_conf_t *cf, ngx_http_sspi_main_conf_t *smcf)
{
    char                        error[SSPI_ERROR_SIZE];
    ngx_uint_t                  i;
    ngx_http_sspi_loc_conf_t  **slcfp;

    slcfp = smcf->protected.elts;

    for (i = 0; i < smcf->protected.nelts; i++) {

        if (slcfp[i]->packages) {
            sspi_policy_offer_configured(&slcfp[i]->policy,
                                         slcfp[i]->realm != NULL,
                                         SSPI_SERVER_NGINX);
        }

        if (!ngx_http_sspi_check_realm(slcfp[i], error)
            || !sspi_acceptor_open(smcf->acceptor, &slcfp[i]->policy, true,
                                   slcfp[i]->realm != NULL, error))
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "%s, for the \"sspi\" in %V:%ui",
                          error, &slcfp[i]->file, slcfp[i]->line);
            return NGX_ERROR;
        }

        /* with a variable, the request decides which sessions count */

        if (slcfp[i]->packages == NULL) {
            ngx_http_sspi_check_sessions(smcf, slcfp[i]);
        }
    }

    return NGX_OK;
}


/* every server has this limit, but only those with sspi are checked */

static void
ngx_http_sspi_look_up_groups(ngx_http_sspi_main_conf_t *smcf)
{
    ngx_uint_t                  i;
    ngx_http_sspi_loc_conf_t  **slcfp;

    sspi_acceptor_look_up_groups(smcf->acceptor);

    slcfp = smcf->protected.elts;

    for (i = 0; i < smcf->protected.nelts; i++) {
        sspi_acceptor_check_header_limit(smcf->acceptor,
                            slcfp[i]->server->large_client_header_buffers.size);
    }
}


static ngx_int_t
ngx_http_sspi_add_tls(ngx_conf_t *cf, struct sspi_acceptor *acceptor)
{
#if (NGX_HTTP_SSL)
    ngx_uint_t                   i;
    ngx_http_ssl_srv_conf_t     *sscf;
    ngx_http_core_srv_conf_t   **cscfp;
    ngx_http_core_main_conf_t   *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscfp = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        sscf = cscfp[i]->ctx->srv_conf[ngx_http_ssl_module.ctx_index];

        if (sscf == NULL || sscf->ssl.ctx == NULL) {
            continue;
        }

        if (!sspi_acceptor_add_tls(acceptor, sscf->ssl.ctx)) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "sspi: out of memory for the hashes of certificates");
            return NGX_ERROR;
        }
    }
#endif

    return NGX_OK;
}


/* does not know certificates from variables: a step reports those */

static ngx_int_t
ngx_http_sspi_check_tls(ngx_conf_t *cf, ngx_http_sspi_main_conf_t *smcf)
{
#if (NGX_HTTP_SSL)
    char                        error[SSPI_ERROR_SIZE];
    ngx_uint_t                  i;
    ngx_http_sspi_loc_conf_t  **slcfp;

    slcfp = smcf->protected.elts;

    for (i = 0; i < smcf->protected.nelts; i++) {

        if (slcfp[i]->ssl == NULL || slcfp[i]->ssl->ssl.ctx == NULL) {
            continue;
        }

        if (!sspi_acceptor_check_tls(smcf->acceptor, &slcfp[i]->policy,
                                     slcfp[i]->ssl->ssl.ctx, error))
        {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "%s, for the \"sspi\" in %V:%ui",
                          error, &slcfp[i]->file, slcfp[i]->line);
            return NGX_ERROR;
        }
    }
#endif

    return NGX_OK;
}


static void
ngx_http_sspi_acceptor_cleanup(void *data)
{
    sspi_acceptor_free(data);
}
