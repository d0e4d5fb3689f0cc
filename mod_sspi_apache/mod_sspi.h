/* SPDX-License-Identifier: Apache-2.0 */
/* mod_sspi inside: what its files share. httpd on one side, sspi_http.h on the other.
 *
 * Four lifetimes. A *dir* is a scope of the configuration (pconf, or a request's pool for
 * .htaccess). A *site* is the module's part of a server_rec; all sites share one acceptor. A *link*
 * is a client connection. A *visit* is one request of a client together with all subrequests and
 * internal redirects that httpd makes of it: it has the one exchange, so that no token is ever
 * evaluated twice. */
#ifndef MOD_SSPI_H
#define MOD_SSPI_H

#include <stdbool.h>

#include "httpd.h"
#include "http_config.h"
#include "apr_hash.h"
#include "apr_tables.h"

#include "sspi_http.h"

#define SSPI_AUTH_TYPE "SSPI"

extern module AP_MODULE_DECLARE_DATA sspi_module;

/* ---- mod_sspi_config.c ---- */

enum mod_sspi_auth_type { MOD_SSPI_AUTH_UNSET, MOD_SSPI_AUTH_SSPI, MOD_SSPI_AUTH_OTHER };

struct mod_sspi_dir_config {
    struct sspi_policy policy; /* what this scope itself says; merged: with all outer ones */
    /* The last AuthType that is not None, and whether AuthType None stands within it. */
    enum mod_sspi_auth_type auth_type;
    bool auth_none;
    /* While httpd reads the scope: the methods (bits, as in cmd_parms) that one Require line
     * applies to, those of several lines, and those of sspi-channel-bound outside <RequireAll>. */
    apr_int64_t required, required_again, bound_as_alternative;
};

struct mod_sspi_server_config {
    apr_array_header_t
        *dirs; /* struct mod_sspi_dir_config *: the scopes to be looked at at start */
    /* Of the whole server; NULL until the configuration is checked. */
    struct sspi_acceptor *acceptor;
    /* Of the main server: struct ssl_ctx_st * by server_rec *. Hosts without a directive of this
     * module share the main server's struct. NULL: no host has TLS. */
    apr_hash_t *tls;
};

void *mod_sspi_dir_config_create(apr_pool_t *p, char *path);
void *mod_sspi_dir_config_merge(apr_pool_t *p, void *outer, void *inner);
void *mod_sspi_server_config_create(apr_pool_t *p, server_rec *s);

/* Handlers of directives: of an option, and of AuthType. They return NULL, or an error message. */
const char *mod_sspi_set_option(cmd_parms *cmd, void *dir, const char *args);
const char *mod_sspi_set_auth_type(cmd_parms *cmd, void *dir, const char *type);

/* True if AuthType SSPI holds for r. */
bool mod_sspi_dir_config_is_sspi(request_rec *r);

/* True for AuthType None within AuthType SSPI: credentials are optional, but verified if sent. */
bool mod_sspi_dir_config_is_none(const request_rec *r);

/* The complete policy of r's place. Its words live as long as r. */
void mod_sspi_dir_config_policy(const request_rec *r, struct sspi_policy *ret_policy);

/* ---- mod_sspi_log.c ---- */

/* The least severity that the error log keeps of r's place. */
enum sspi_severity mod_sspi_log_from(const request_rec *r);

/* Writes the new log entries of the acceptor to the error log of `s`, each only once. */
void mod_sspi_log_acceptor(server_rec *s);

/* Writes a log entry of a request to the error log. */
void mod_sspi_log_request(request_rec *r, const struct sspi_log_entry *entry);

/* ---- mod_sspi_body.c ---- */

/* Reads the body of r through `exchange` and keeps it for the handler. OK, also when the exchange
 * wants no more of it; else the status to answer with. A subrequest comes too late for a body. */
int mod_sspi_body_read(request_rec *r, struct sspi_exchange *exchange);

void mod_sspi_body_register_filter(void);

/* ---- mod_sspi_caches.c ---- */

/* Marks the answer to r as private if it is for one user, for a mod_cache whose filter runs before
 * this module's filter. */
void mod_sspi_caches_mark(request_rec *r);

void mod_sspi_caches_register_hooks(void);

/* ---- mod_sspi_provider.c ---- */

/* NULL when `name` is an authn provider that Digest can use, else what is wrong with `directive`.
 */
const char *mod_sspi_provider_check(apr_pool_t *p, const char *directive, const char *name);

/* Looks up who `result` asks for, by the providers of r's policy. False: one of them failed. */
bool mod_sspi_provider_look_up(request_rec *r, const struct sspi_policy *policy,
                               struct sspi_exchange *exchange, const struct sspi_result *result);

/* ---- mod_sspi_resources.c ---- */

/* Hook check_config: opens keytabs and user files, so that -t tells what is not usable. */
int mod_sspi_resources_open(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/* ---- mod_sspi_state.c ---- */

/* For check_config: checks whether the state file can be used, if one is configured. Logs an error.
 */
bool mod_sspi_state_check(server_rec *s, const struct mod_sspi_server_config *config);

/* Hook post_config: the memory that all workers share. */
int mod_sspi_state_open(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/* ---- mod_sspi_tls.c ---- */

void mod_sspi_tls_register_hooks(void);

/* OpenSSL's connection of the client, NULL when it is plain or mod_ssl does not serve it. */
struct ssl_st *mod_sspi_tls_of(conn_rec *c);

/* The TLS context of a host; NULL: the host has none. */
struct ssl_ctx_st *mod_sspi_tls_of_host(const server_rec *s);

/* What unfinished exchanges need on an HTTP/1.x connection; NULL on HTTP/2 or without memory. */
struct sspi_connection *mod_sspi_connection_get(conn_rec *c, struct sspi_acceptor *acceptor);

/* Returns it only if it exists already. */
const struct sspi_connection *mod_sspi_connection_find(conn_rec *c);

/* ---- mod_sspi_request.c ---- */

/* A header field of the answer, in the pool of the client's own request. */
struct mod_sspi_line {
    const char *name;
    const char *value;
};

struct mod_sspi_request_ctx {
    apr_pool_t *pool; /* of the client's own request */
    struct sspi_exchange *exchange;
    /* The last step: whose place asked, and the answer; NULL when that is lent no more. */
    const struct ap_conf_vector_t *config;
    const struct sspi_result *result;
    bool wants_body;  /* a step asked for the body, which was not read to its end yet */
    int body_failure; /* why the body cannot be read; 0: it was not tried, or the body was read */
    int failure;      /* status of a step that failed in the server; 0: none */
    int refusal;      /* status of the last location if it refused; 0: it did not refuse */
    apr_array_header_t *logged; /* const char *: written already */
    /* Arrays of struct mod_sspi_line: the last verdict's, those to send with 401 and 407, those to
     * send with any other status, and which of the two stand in err_headers_out. */
    apr_array_header_t *lines;
    apr_array_header_t *challenge;
    apr_array_header_t *granted;
    apr_array_header_t *sent;
};

/* What is known of one request_rec: who came, when its own place was asked for that. */
struct mod_sspi_request_state {
    struct mod_sspi_request_ctx *ctx; /* only in the client's own request */
    bool hook_ran;                    /* a hook of authentication ran */
    bool granted;
    const struct ap_conf_vector_t *config; /* of the location that granted it */
    const char *variables[SSPI_VARIABLE_COUNT];
};

/* The place of r, made when there is none. Never NULL. */
struct mod_sspi_request_state *mod_sspi_request_state_of(request_rec *r);

/* The visit that r belongs to. NULL: it has none. */
struct mod_sspi_request_ctx *mod_sspi_request_find(request_rec *r);

/* Returns the request that the client sent. */
request_rec *mod_sspi_request_top(request_rec *r);

/* Returns its Authorization, or its Proxy-Authorization for a forward proxy. NULL: it has none. */
const char *mod_sspi_request_credentials(request_rec *r);

/* The final verdict of r's place. NULL: it could not be come to; mod_sspi_request_failure() says
 * what to answer. */
const struct sspi_result *mod_sspi_request_step(request_rec *r);
int mod_sspi_request_failure(request_rec *r);

/* True if `result` admits the request without a user. */
bool mod_sspi_request_is_anonymous(const struct sspi_result *result);

/* The same for a location whose own rules admit r without a user. False: r has no credentials and
 * no login that could name a user there, so there is no verdict. */
bool mod_sspi_request_step_open(request_rec *r, const struct sspi_result **ret_result);

/* Makes the challenges of r's place stand ready for a 401. False: no memory. */
bool mod_sspi_request_challenge(request_rec *r);

/* ---- mod_sspi_auth.c ---- */

/* Removes the user from a request that is answered with the refusal of another location, such as
 * that of its index file. */
void mod_sspi_drop_user(request_rec *r);

int mod_sspi_force_authn(request_rec *r);
int mod_sspi_check_authn(request_rec *r);
int mod_sspi_note_auth_failure(request_rec *r, const char *auth_type);
int mod_sspi_fixup_open(request_rec *r);
int mod_sspi_fixup_environment(request_rec *r);
int mod_sspi_fixup_user(request_rec *r);

/* ---- mod_sspi_answer.c ---- */

void mod_sspi_answer_register_hooks(void);

/* ---- mod_sspi_status.c ---- */

int mod_sspi_status_handler(request_rec *r);

/* ---- mod_sspi_authz.c ---- */

void mod_sspi_authz_register(apr_pool_t *p);

/* A second handler of Require. It refuses lines that protect nothing. */
const char *mod_sspi_authz_count(cmd_parms *cmd, void *dir, const char *args);

/* ---- mod_sspi_check.c ---- */

/* Finds mistakes in the whole configuration. False: the server must refuse it, and the error log
 * says why. A doubtful configuration only makes a record of the acceptor. */
bool mod_sspi_check(apr_pool_t *ptemp, server_rec *s, struct sspi_acceptor *acceptor,
                    const ap_directive_t *tree);

#endif
