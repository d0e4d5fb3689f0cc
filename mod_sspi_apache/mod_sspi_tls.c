/* SPDX-License-Identifier: Apache-2.0 */
/* The connection config: OpenSSL's object, which mod_ssl passes to a hook, and the core's object
 * with an unfinished exchange and a login.
 *
 * mod_ssl's hooks are optional hooks: each module works without the other, and the order in which
 * httpd loads them does not matter. The header mod_ssl_openssl.h is not installed on every system,
 * so the two hooks are declared here. */
#include "mod_sspi.h"

#include "apr_optional_hooks.h"
#include "apr_strings.h"
#include "http_core.h"
#include "http_log.h"
#include "http_main.h"
#include "http_ssl.h"

APLOG_USE_MODULE(sspi);

typedef int ssl_HOOK_init_server_t(server_rec *s, apr_pool_t *p, int is_proxy,
                                   struct ssl_ctx_st *ctx);
typedef int ssl_HOOK_pre_handshake_t(conn_rec *c, struct ssl_st *ssl, int is_proxy);

struct connection_config {
    struct ssl_st *ssl;
    struct sspi_connection *connection;
};

static struct connection_config *connection_config_of(conn_rec *c)
{
    struct connection_config *config = ap_get_module_config(c->conn_config, &sspi_module);

    if (config == NULL) {
        config = apr_pcalloc(c->pool, sizeof(*config));
        ap_set_module_config(c->conn_config, &sspi_module, config);
    }
    return config;
}

/* True if the host's certificates have the channel bindings that the scopes themselves demand. */
static bool check_certificates(const apr_array_header_t *dirs, const struct sspi_acceptor *acceptor,
                               server_rec *s, struct ssl_ctx_st *ctx)
{
    char error[SSPI_ERROR_SIZE];

    for (int i = 0; i < dirs->nelts; i++) {
        const struct mod_sspi_dir_config *dir =
            APR_ARRAY_IDX(dirs, i, struct mod_sspi_dir_config *);

        if (!sspi_acceptor_check_tls(acceptor, &dir->policy, ctx, error)) {
            ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, s, "%s (%s)", error,
                         s->server_hostname);
            return false;
        }
    }
    return true;
}

static int read_certificates(server_rec *s, apr_pool_t *p, int is_proxy, struct ssl_ctx_st *ctx)
{
    const struct mod_sspi_server_config *config =
        ap_get_module_config(s->module_config, &sspi_module);
    struct mod_sspi_server_config *main_config =
        ap_get_module_config(ap_server_conf->module_config, &sspi_module);

    if (is_proxy || config->acceptor == NULL) {
        return OK;
    }
    if (!sspi_acceptor_add_tls(config->acceptor, ctx)) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, s,
                     "out of memory for the certificate hashes of %s", s->server_hostname);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (main_config->tls == NULL) {
        main_config->tls = apr_hash_make(p);
    }
    apr_hash_set(main_config->tls, apr_pmemdup(p, &s, sizeof(s)), sizeof(s), ctx);
    /* Sections of the main server apply to its virtual hosts, too. */
    if (!check_certificates(config->dirs, config->acceptor, s, ctx) ||
        (config != main_config &&
         !check_certificates(main_config->dirs, config->acceptor, s, ctx))) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

static int keep_ssl(conn_rec *c, struct ssl_st *ssl, int is_proxy)
{
    if (!is_proxy) {
        connection_config_of(c)->ssl = ssl;
    }
    return OK;
}

void mod_sspi_tls_register_hooks(void)
{
    APR_OPTIONAL_HOOK(ssl, init_server, read_certificates, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ssl, pre_handshake, keep_ssl, NULL, NULL, APR_HOOK_MIDDLE);
}

struct ssl_st *mod_sspi_tls_of(conn_rec *c)
{
    /* A stream of HTTP/2 has a conn_rec of its own; the handshake belongs to its master. Streams
     * run in parallel, so the master's connection config is only read here. */
    conn_rec *client = c->master != NULL ? c->master : c;
    const struct connection_config *config =
        ap_get_module_config(client->conn_config, &sspi_module);

    /* If the client sends plain HTTP to the TLS port, mod_ssl frees the object.
     * ap_ssl_conn_is_ssl() is false then. */
    if (config == NULL || !ap_ssl_conn_is_ssl(c)) {
        return NULL;
    }
    return config->ssl;
}

struct ssl_ctx_st *mod_sspi_tls_of_host(const server_rec *s)
{
    const struct mod_sspi_server_config *main_config =
        ap_get_module_config(ap_server_conf->module_config, &sspi_module);

    return main_config->tls != NULL ? apr_hash_get(main_config->tls, &s, sizeof(s)) : NULL;
}

static apr_status_t free_connection(void *connection)
{
    sspi_connection_free(connection);
    return APR_SUCCESS;
}

const struct sspi_connection *mod_sspi_connection_find(conn_rec *c)
{
    const struct connection_config *config = ap_get_module_config(c->conn_config, &sspi_module);

    return config != NULL && c->master == NULL ? config->connection : NULL;
}

struct sspi_connection *mod_sspi_connection_get(conn_rec *c, struct sspi_acceptor *acceptor)
{
    struct connection_config *config;

    if (c->master != NULL) {
        return NULL;
    }
    config = connection_config_of(c);
    if (config->connection == NULL) {
        config->connection = sspi_connection_new(acceptor);
        if (config->connection != NULL) {
            apr_pool_cleanup_register(c->pool, config->connection, free_connection,
                                      apr_pool_cleanup_null);
        }
    }
    return config->connection;
}
