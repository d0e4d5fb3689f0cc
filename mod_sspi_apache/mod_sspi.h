/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations that the files of mod_sspi share. The module connects httpd with sspi_http.h.
 *
 * Its data have four lifetimes:
 * - A directory config is one scope of the configuration. It is in pconf; that of an .htaccess file
 *   is in the request's pool.
 * - A server config belongs to a server_rec. All server configs share one acceptor.
 * - A connection config belongs to a client's conn_rec (mod_sspi_tls.c).
 * - A request context belongs to one request of a client, together with all subrequests and
 *   internal redirects that httpd makes of it. They share one exchange, so no token is evaluated
 *   twice. */
#ifndef MOD_SSPI_H
#define MOD_SSPI_H

#include <stdbool.h>
#include <string.h>

#include "httpd.h"
#include "http_config.h"
#include "ap_regex.h"
#include "apr_hash.h"
#include "apr_tables.h"
#include "mod_auth.h"

#include "sspi_http.h"

#define SSPI_AUTH_TYPE "SSPI"

extern module AP_MODULE_DECLARE_DATA sspi_module;

/* Returns a view of a NUL-terminated text, which must outlive it. NULL gives the absent view. */
static inline struct sspi_view mod_sspi_view(const char *text)
{
    return (struct sspi_view){text, text != NULL ? strlen(text) : 0};
}

/* Returns the request that the client sent. */
static inline request_rec *mod_sspi_request_top(request_rec *r)
{
    while (r->main != NULL || r->prev != NULL) {
        r = r->main != NULL ? r->main : r->prev;
    }
    return r;
}

/* Returns the method of the client's request line. The error document of a request has GET in
 * r->method. */
static inline struct sspi_view mod_sspi_request_method(request_rec *r)
{
    const request_rec *top = mod_sspi_request_top(r);

    return (struct sspi_view){top->the_request, strcspn(top->the_request, " ")};
}

/* ---- mod_sspi_config.c ---- */

enum mod_sspi_auth_type { MOD_SSPI_AUTH_UNSET, MOD_SSPI_AUTH_SSPI, MOD_SSPI_AUTH_OTHER };

struct mod_sspi_dir_config {
    struct sspi_policy policy; /* of this scope; once merged, of all outer scopes, too */
    /* `auth_type`: the last AuthType other than None. `auth_none`: a scope within that scope sets
     * AuthType None. */
    enum mod_sspi_auth_type auth_type;
    bool auth_none;
    bool demands_bound; /* the scope has Require sspi-channel-bound */
    const char *path;   /* as the section names it; NULL: the server */
    const char *realm;  /* of AuthName; NULL: not set, or an expression */
    /* Used while httpd reads the scope; the bits are methods, as in cmd_parms. The methods that at
     * least one Require line applies to, those of at least two lines, and those of
     * sspi-channel-bound outside <RequireAll>. */
    apr_int64_t required, required_again, bound_as_alternative;
};

struct mod_sspi_server_config {
    apr_array_header_t
        *dirs; /* struct mod_sspi_dir_config *: the scopes that are checked at start */
    /* All hosts share it. NULL until the configuration is checked. */
    struct sspi_acceptor *acceptor;
    /* Only in the main server's config: struct ssl_ctx_st * by server_rec *. NULL: no host has TLS.
     * A host without a directive of this module uses the main server's config. */
    apr_hash_t *tls;
};

void *mod_sspi_dir_config_create(apr_pool_t *p, char *path);
void *mod_sspi_dir_config_merge(apr_pool_t *p, void *outer, void *inner);
void *mod_sspi_server_config_create(apr_pool_t *p, server_rec *s);

/* Handlers of directives: those of sspi_options.def, AuthType and AuthName. They return NULL, or an
 * error message. */
const char *mod_sspi_set_option(cmd_parms *cmd, void *dir, const char *args);
const char *mod_sspi_set_auth_type(cmd_parms *cmd, void *dir, const char *type);
const char *mod_sspi_set_auth_name(cmd_parms *cmd, void *dir, const char *name);

/* True if AuthType SSPI is in force for r. */
bool mod_sspi_dir_config_is_sspi(request_rec *r);

/* True for AuthType None within AuthType SSPI: credentials are optional, but verified if sent. */
bool mod_sspi_dir_config_is_none(const request_rec *r);

/* Writes the complete policy of r's location. Its words live as long as r. */
void mod_sspi_dir_config_policy(const request_rec *r, struct sspi_policy *ret_policy);

/* ---- mod_sspi_authorization.c ---- */

/* Removes the header of the client's credentials from r, if a step has evaluated it and the
 * location of r does not forward it. Handlers, programs and upstreams do not get it. */
void mod_sspi_authorization_hide(request_rec *r);

/* ---- mod_sspi_cookies.c ---- */

/* Removes the cookie of a session from the headers of r, if its location has sessions. Handlers,
 * programs and upstreams get the other cookies. */
void mod_sspi_cookies_strip(request_rec *r);

/* ---- mod_sspi_exempt.c ---- */

/* True if the location of r demands no user, because of the method (SSPIExempt). */
bool mod_sspi_exempt_is(request_rec *r);

/* True if r, which has no user, meets the Require lines that demand one. */
bool mod_sspi_exempt_meets(request_rec *r);

/* The status of such a line for that request. `is_reversed_line`: httpd reverses the status. */
authz_status mod_sspi_exempt_status(bool is_reversed_line);

int mod_sspi_exempt_replace_provider(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);
int mod_sspi_exempt_refuse_part(request_rec *r);

/* ---- mod_sspi_job.c ---- */

/* Both take over the caller's reference to the job. If there is no thread for it, it does not run.
 * Child processes only. */

/* Runs the job in a thread of its own, and waits for it. False: the job takes longer than its
 * deadline and was left behind. */
bool mod_sspi_job_run(struct sspi_job *job);

/* Begins the job in a thread of its own, and does not wait for it. */
void mod_sspi_job_begin(struct sspi_job *job);

/* ---- mod_sspi_log.c ---- */

/* Returns the least severity that httpd writes to the error log for r. */
enum sspi_severity mod_sspi_log_from(const request_rec *r);

/* Writes the new log entries of the acceptor to the error log of `s`, each only once. */
void mod_sspi_log_acceptor(server_rec *s);

/* Writes a log entry of a request to the error log. */
void mod_sspi_log_request(request_rec *r, const struct sspi_log_entry *entry);

/* ---- mod_sspi_body.c ---- */

/* Reads the body of r, passes it to `exchange`, and keeps it for the handler. Returns OK, also if
 * the exchange refuses the rest of the body; otherwise the status of the answer. For a subrequest
 * it reads the body of the main request, and fails if that announces one. */
int mod_sspi_body_read(request_rec *r, struct sspi_exchange *exchange);

void mod_sspi_body_register_filter(void);

/* ---- mod_sspi_caches.c ---- */

/* Marks the answer to r as private if it is for one user. This is for a mod_cache whose filter runs
 * before this module's filter. */
void mod_sspi_caches_mark(request_rec *r);

void mod_sspi_caches_register_hooks(void);

/* ---- mod_sspi_provider.c ---- */

/* Returns NULL if `name` is an authn provider that Digest can use; otherwise an error message that
 * begins with `directive`. */
const char *mod_sspi_provider_check(apr_pool_t *p, const char *directive, const char *name);

/* Looks up the user of `result` with the providers of `policy`, and gives the hash to `exchange`.
 * False: a provider failed. */
bool mod_sspi_provider_look_up(request_rec *r, const struct sspi_policy *policy,
                               struct sspi_exchange *exchange, const struct sspi_result *result);

/* ---- mod_sspi_proxy.c ---- */

/* If r was passed to an upstream where the user is logged in (SSPIProxyNegotiate), removes the
 * challenges of the upstream from the answer. A 401 becomes 502. */
void mod_sspi_proxy_clean_answer(request_rec *r);

void mod_sspi_proxy_register_hooks(void);

/* ---- mod_sspi_resources.c ---- */

/* Hook check_config: opens keytabs and user files, so that httpd -t reports unusable ones. */
int mod_sspi_resources_open(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/* ---- mod_sspi_state.c ---- */

/* For check_config: checks whether the state file can be used, if one is configured. Logs an error.
 */
bool mod_sspi_state_check(server_rec *s, const struct mod_sspi_server_config *config);

/* Hook post_config: makes or opens the memory that all workers share. */
int mod_sspi_state_open(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/* ---- mod_sspi_tls.c ---- */

void mod_sspi_tls_register_hooks(void);

/* Returns the OpenSSL object of the client's connection. NULL: the connection has no TLS, or
 * another module than mod_ssl provides TLS. */
struct ssl_st *mod_sspi_tls_of(conn_rec *c);

/* Returns the TLS context of a host. NULL: the host has no TLS. */
struct ssl_ctx_st *mod_sspi_tls_of_host(const server_rec *s);

/* Returns the core's object for an HTTP/1.x connection, and makes it if necessary. The object keeps
 * an unfinished exchange and a login, and lives as long as the connection. NULL: the connection is
 * HTTP/2, or there is no memory. */
struct sspi_connection *mod_sspi_connection_get(conn_rec *c, struct sspi_acceptor *acceptor);

/* As mod_sspi_connection_get(), but returns NULL if the object does not exist yet. */
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
    /* The last step: its request, the configuration of its location, and its result. NULL: the
     * result is no longer valid. */
    const request_rec *stepped;
    const struct ap_conf_vector_t *config;
    const struct sspi_result *result;
    bool needs_body;  /* a step needs the body, which was not read to its end yet */
    int body_failure; /* status, if the body cannot be read; 0: not tried yet, or it was read */
    int failure;      /* status of a step that failed in the server; 0: no step failed */
    int refusal;      /* status of the last location if it refused; 0: it did not refuse */
    apr_array_header_t *logged; /* const char *: the log entries that were written */
    /* const char *: variables of programs that name a credential cache of this request */
    apr_array_header_t *ccache_variables;
    /* Arrays of struct mod_sspi_line. `challenge` is for an answer with 401 or 407, `limited` for
     * one with 429, `granted` for any other status, and `sent` is what err_headers_out has now of
     * these two. `cookies` is for every answer, and `sent_cookies` is what err_headers_out has now
     * of it. */
    apr_array_header_t *lines; /* of the last result */
    apr_array_header_t *challenge;
    apr_array_header_t *limited;
    apr_array_header_t *granted;
    apr_array_header_t *sent;
    apr_array_header_t *cookies;
    apr_array_header_t *sent_cookies;
};

/* The state of one request_rec: the user whom its own location verified. */
struct mod_sspi_request_state {
    struct mod_sspi_request_ctx *ctx; /* only in the client's own request */
    /* Only in the client's own request, once they were read: what it sent. */
    const char *cookies;
    const char *credentials;
    bool hook_ran; /* an authentication hook ran */
    bool granted;
    bool in_authorization; /* r was granted, and httpd has not admitted its user yet */
    const struct ap_conf_vector_t *config; /* of the location that granted it */
    /* SSPIProxyNegotiate: a step has made the login for the next attempt at the upstream; that
     * login, NULL if there is none. */
    bool has_onward;
    const char *onward;
    const char *variables[SSPI_VARIABLE_COUNT];
};

/* Returns the state of r, and makes it if necessary. Never NULL. */
struct mod_sspi_request_state *mod_sspi_request_state_of(request_rec *r);

/* Returns the request context of r. NULL: no location has made it yet. */
struct mod_sspi_request_ctx *mod_sspi_request_find(request_rec *r);

/* Returns the name of the header with the client's credentials: Authorization, or
 * Proxy-Authorization for a forward proxy. */
const char *mod_sspi_request_credentials_name(request_rec *r);

/* Returns the value of that header as the client sent it. NULL: the client sent no such header. */
const char *mod_sspi_request_credentials(request_rec *r);

/* Returns the cookies of the client's request as the client sent them. NULL: it sent no cookie. */
const char *mod_sspi_request_cookies(request_rec *r);

/* Authenticates r under the policy of its location. Serves the needs of the exchange, and returns
 * the result of the step that decided. NULL: the server failed; mod_sspi_request_failure() returns
 * the status of the answer. */
const struct sspi_result *mod_sspi_request_step(request_rec *r);
int mod_sspi_request_failure(request_rec *r);

/* The same for an r that this module has granted: if no step of another request followed, returns
 * the result of that step. */
const struct sspi_result *mod_sspi_request_result(request_rec *r);

/* True if `result` admits the request without a user. */
bool mod_sspi_request_is_anonymous(const struct sspi_result *result);

/* As mod_sspi_request_step(), for a location whose own rules admit r without a user: *ret_result
 * becomes the result or NULL. False: no step was made, because r has neither credentials nor a
 * login of its connection nor a session that the location could accept. */
bool mod_sspi_request_step_open(request_rec *r, const struct sspi_result **ret_result);

/* Logs the user of the client's request out. All lines of the result are for the answer. NULL: no
 * memory. */
const struct sspi_result *mod_sspi_request_log_out(request_rec *r,
                                                   const struct sspi_logout *logout);

/* Prepares the challenges of r's location for a 401. False: no memory. */
bool mod_sspi_request_challenge(request_rec *r);

/* Logs that the upstream answered 401 to r, although the user was logged in there. */
void mod_sspi_request_note_upstream(request_rec *r);

/* Logs that httpd's authorization refused the user of r. NULL: no location has made the request
 * context. */
const struct sspi_result *mod_sspi_request_deny(request_rec *r);

/* ---- mod_sspi_auth.c ---- */

/* Removes the user from a request that is answered with the refusal of another location, such as
 * that of its index file. */
void mod_sspi_drop_user(request_rec *r);

int mod_sspi_force_authn(request_rec *r);
int mod_sspi_check_authn(request_rec *r);
int mod_sspi_note_auth_failure(request_rec *r, const char *auth_type);
int mod_sspi_note_authorized(request_rec *r);

/* If httpd's authorization refused the verified user of r, logs that once, and sets SSPI_ERROR. r
 * must have its final status. */
void mod_sspi_note_denied(request_rec *r);

/* Removes the variables of r that name a credential cache of this client's request. */
void mod_sspi_withdraw_tickets(request_rec *r);

int mod_sspi_fixup_open(request_rec *r);
int mod_sspi_fixup_environment(request_rec *r);
int mod_sspi_fixup_user(request_rec *r);

/* ---- mod_sspi_answer.c ---- */

/* Adds the lines of the last results to the answer, for a handler that made its request context
 * itself. */
void mod_sspi_answer_add(request_rec *r);

void mod_sspi_answer_register_hooks(void);

/* ---- mod_sspi_logout.c ---- */

int mod_sspi_logout_handler(request_rec *r);

/* ---- mod_sspi_status.c ---- */

int mod_sspi_status_handler(request_rec *r);

/* ---- mod_sspi_authz.c ---- */

void mod_sspi_authz_register(apr_pool_t *p);

/* Returns the words of all `Require sspi-group` lines of the configuration, as const char *. Parent
 * only. */
apr_array_header_t *mod_sspi_authz_groups(apr_pool_t *pconf);

/* Returns the next word of a `Require sspi-group` line, in which a doubled backslash is one. */
const char *mod_sspi_authz_group_word(apr_pool_t *p, const char **line);

/* A second handler of Require, beside that of mod_authz_core. Refuses a line `Require
 * sspi-channel-bound` that protects nothing. Returns NULL or an error message. */
const char *mod_sspi_authz_count(cmd_parms *cmd, void *dir, const char *args);

/* ---- mod_sspi_pattern.c ---- */

/* Compiles a pattern that must match a whole name. Returns NULL, and *ret_pattern lives as long as
 * `p`; or returns what is wrong with it, and where. */
const char *mod_sspi_pattern_compile(apr_pool_t *p, const char *text, ap_regex_t **ret_pattern);

enum mod_sspi_match {
    MOD_SSPI_MATCH_NO,
    MOD_SSPI_MATCH_YES,
    MOD_SSPI_MATCH_UNSURE /* the engine failed, for example at its limit; that is logged */
};

/* Whether the pattern matches all of `name`. */
enum mod_sspi_match mod_sspi_pattern_match(request_rec *r, const ap_regex_t *pattern,
                                           struct sspi_view name);

/* ---- mod_sspi_check.c ---- */

/* Finds mistakes in the whole configuration. False: the server must refuse it, and the error log
 * says why. A doubtful configuration is accepted, but the acceptor gets a log entry. */
bool mod_sspi_check(apr_pool_t *ptemp, server_rec *s, struct sspi_acceptor *acceptor,
                    const ap_directive_t *tree);

#endif
