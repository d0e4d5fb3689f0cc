/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP acceptor: the interface between a web server's adapter and the core. It is not
 * installed: docs/decisions/049-stable-interface.md says why.
 *
 * A *policy* says what one location demands. It is a plain value, merged from nested scopes, and
 * owns no resource. An *acceptor* exists once per server configuration. It owns the costly
 * resources: keytabs, user files, certificate hashes and credentials. The privileged parent opens
 * them, and the workers inherit them. A *connection* keeps the state of an unfinished Negotiate
 * exchange between two requests, and a login. An *exchange* is one request. It is made with views
 * of the request. Each step applies one policy to it. The first step evaluates the credentials and
 * makes an identity. Every later step (a subrequest, an internal redirect) checks whether its
 * policy accepts that identity; it does not evaluate the token again.
 *
 * The core never calls the server, never waits for it, and never logs: a result has log entries
 * that the adapter writes. Inputs are borrowed views. An output belongs to the object that returned
 * it. Unless its comment says otherwise, it lives until the next step or the end of that object.
 *
 * Threads: the parent sets an acceptor up in one thread; after that it serves many threads. A
 * connection and an exchange belong to one thread at a time. Nothing here blocks. Work that may
 * block, to read a changed file or to ask a domain controller, is a *job* that a step returns
 * (SSPI_NEED_JOB). */
#ifndef SSPI_HTTP_H
#define SSPI_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sspi_acceptor.h"
#include "sspi_http_headers.h"
#include "sspi_view.h"

struct ssl_st;     /* OpenSSL's SSL */
struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

/* ---- options and policies ---- */

/* For each set of words, an enum: enum sspi_binding has SSPI_BINDING_REQUIRE. The words of a LIST
 * begin with 1, because 0 is "none" and ends a list. A LIST also has a struct. Its `order` has
 * the words as they were written. Its `offers` says for each word whether the list has it, as
 * schemes.offers[SSPI_SCHEME_NTLM]. */
/* clang-format off */
#define SSPI_ENUM_SET(set, SET)     enum sspi_##set {
#define SSPI_ENUM_SET_END(set, SET) };
#define SSPI_LIST_SET(set, SET)     enum sspi_##set { SSPI_##SET##_NONE,
#define SSPI_LIST_SET_END(set, SET) SSPI_##SET##_COUNT };                                          \
    struct sspi_##set##_list {                                                                     \
        uint8_t order[SSPI_##SET##_COUNT];                                                         \
        bool offers[SSPI_##SET##_COUNT];                                                           \
    };
#define SSPI_WORD(SET, id, word)    SSPI_##SET##_##id,
#include "sspi_options.def"
/* clang-format on */

enum sspi_option {
#define SSPI_OPTION(id, ...) SSPI_OPTION_##id,
#include "sspi_options.def"
    SSPI_OPTION_COUNT
};

/* Most words of a LIST. */
#define SSPI_LIST_LENGTH(set) (sizeof(((struct sspi_##set##_list *)0)->order) - 1)

#define SSPI_HOUR 3600u
#define SSPI_MIB  (1u << 20)

enum sspi_option_kind {
    SSPI_KIND_FLAG,
    SSPI_KIND_ENUM,
    SSPI_KIND_LIST,
    SSPI_KIND_TIME,
    SSPI_KIND_SIZE,
    SSPI_KIND_COUNT,
    SSPI_KIND_FILE,
    SSPI_KIND_FILES,
    SSPI_KIND_WORDS,
    SSPI_KIND_LINES,
    SSPI_KIND_TEXT,
    SSPI_KIND_BARE
};

enum sspi_option_scope {
    SSPI_SCOPE_HTACCESS,
    SSPI_SCOPE_SECTION,
    SSPI_SCOPE_SERVER,
    SSPI_SCOPE_HOST
};

/* Which server's directive names appear in messages. */
enum sspi_server { SSPI_SERVER_APACHE, SSPI_SERVER_NGINX };

/* One row of sspi_options.def. */
struct sspi_option_info {
    const char *name[2]; /* by enum sspi_server; "" if that server does not have the option */
    unsigned min_args, max_args;
    enum sspi_option_kind kind;
    enum sspi_option_scope scope;
    const char *help;
    const char *const *words; /* FLAG, ENUM, LIST: ends with NULL; otherwise NULL */
    uint64_t least, greatest; /* TIME, SIZE, COUNT */
    const char *prefix;       /* FILE, FILES: allowed before the path; "": no prefix */
};

#define SSPI_ERROR_SIZE 512

/* Returns the row of `option`, which is static. Never NULL. */
const struct sspi_option_info *sspi_option_info(enum sspi_option option);

/* True if a directive may have `n_words` words. False: `error` (SSPI_ERROR_SIZE bytes) names the
 * directive of `server`, how many words it takes, and its purpose. */
bool sspi_option_check_words(enum sspi_option option, size_t n_words, enum sspi_server server,
                             char *error);

/* The arguments of a FILE (one), FILES, WORDS or LINES option: borrowed. */
struct sspi_words {
    const struct sspi_view *words;
    size_t n;
    /* Parallel to `words`: the server's compiled form of each pattern, NULL for other words. The
     * server sets it after sspi_policy_set(). NULL: there are no patterns. */
    void *const *compiled;
};

/* The demands of a location, as a plain value. Begin with sspi_policy_defaults(): from then on each
 * field has a value, the default if no directive set it. Copy a policy freely. */
struct sspi_policy {
    uint64_t set; /* bit (1 << option): a directive of this scope or of an outer one set it */
#define SSPI_FIELD(id, field, type) type field;
#include "sspi_options.def"
    bool requires_channel_bound; /* a line of REQUIRE demands it, here or in an outer scope */
};

/* A policy in which each field has its default. */
struct sspi_policy sspi_policy_defaults(void);

/* Reads the arguments of one directive of `server` into `policy`. `words` is borrowed for as long
 * as this policy or one merged from it is used. For LINES, pass the words of all the scope's lines
 * so far, with an absent view behind each line. False: `error` (SSPI_ERROR_SIZE bytes) names the
 * directive, the value and what would be right; the policy is unchanged. A policy has no field for
 * TEXT and BARE options, so these are refused. */
bool sspi_policy_set(struct sspi_policy *policy, enum sspi_option option,
                     const struct sspi_view *words, size_t n_words, enum sspi_server server,
                     char *error);

/* The same for a value that the server has evaluated for one request: `text` is split at blanks.
 * For MODE and PACKAGES. `error` may contain what a client sent. */
bool sspi_policy_set_text(struct sspi_policy *policy, enum sspi_option option,
                          struct sspi_view text, enum sspi_server server, char *error);

/* For a policy whose PACKAGES depend on the request: sets them to all schemes that are configured,
 * so that all files are opened. Negotiate needs a named keytab or NTLM, or is the only scheme. */
void sspi_policy_offer_configured(struct sspi_policy *policy, bool has_realm,
                                  enum sspi_server server);

/* Writes the policy of `inner`, a scope within `outer`. `ret_policy` may be one of the two.
 * Allocates nothing: a server may merge for every request. */
void sspi_policy_merge(struct sspi_policy *ret_policy, const struct sspi_policy *outer,
                       const struct sspi_policy *inner);

/* True if a directive of this scope or of an outer one set `option`. */
static inline bool sspi_policy_is_set(const struct sspi_policy *policy, enum sspi_option option)
{
    return (policy->set & UINT64_C(1) << option) != 0;
}

/* True if Kerberos can run under `policy`, or the server delegates by its own keys. Only then are
 * its keys needed. */
bool sspi_policy_runs_kerberos(const struct sspi_policy *policy);

/* Writes a copy of `policy` for a request that the server's own rules admit without a user (by its
 * address, or `Require all granted`). In *ret_policy credentials are optional, and no user is
 * required. If the client sends credentials, they are verified, and wrong ones are refused. `tls`:
 * the client's connection is TLS. False: the connection may not carry credentials, because `policy`
 * demands TLS. *ret_policy is then not set. */
bool sspi_policy_make_optional(const struct sspi_policy *policy, bool tls,
                               struct sspi_policy *ret_policy);

/* True if requests with this method need no user (EXEMPT). Methods are compared exactly. A step
 * checks the method of the client's request. The server first checks that of its own request,
 * which differs for error documents and subrequests. */
bool sspi_policy_exempts(const struct sspi_policy *policy, struct sspi_view method);

/* True if `policy` does not offer Digest, or Digest can use `realm`: 1 to 255 characters of
 * printable ASCII without a colon. The server calls this at start for a realm without variables or
 * an expression; each step checks its own realm. False: `error` (SSPI_ERROR_SIZE bytes) names the
 * directive, the value and what would be right. */
bool sspi_policy_check_realm(const struct sspi_policy *policy, struct sspi_view realm,
                             enum sspi_server server, char *error);

/* True if sessions are off in `policy`, or it demands no channel binding. A session's cookie proves
 * no channel. sspi_acceptor_open() calls this for a complete policy. httpd calls it for a section
 * and the server around it. False: `error` (SSPI_ERROR_SIZE bytes) names the directives, and what
 * would be right. */
bool sspi_policy_check_session(const struct sspi_policy *policy, enum sspi_server server,
                               char *error);

/* True if `policy` does not offer Basic, or if Basic can be offered and something verifies its
 * passwords. sspi_acceptor_open() calls this for a complete policy. httpd calls it for sections
 * that it may merge. False: `error` (SSPI_ERROR_SIZE bytes) names the directives, the value and
 * what would be right. */
bool sspi_policy_check_basic(const struct sspi_policy *policy, enum sspi_server server,
                             char *error);

/* True if SSPIDelegation of `policy` has all that it needs: a directory, and targets and a realm
 * for its words. The same for SSPIProxyNegotiate, which needs SSPIDelegation. The server calls it
 * as sspi_policy_check_session(). False: *ret_missing is the option that is missing, and `error`
 * (SSPI_ERROR_SIZE bytes) says so. */
bool sspi_policy_check_delegation(const struct sspi_policy *policy, enum sspi_server server,
                                  enum sspi_option *ret_missing, char *error);

/* True if a request under `policy` may ask a KDC: for a password of Basic, or for tickets in the
 * user's name. The server must run such jobs in threads, because a silent KDC takes about 27 s. */
bool sspi_policy_asks_kdc(const struct sspi_policy *policy);

/* True if `policy` sets this option to a value that demands users, tickets, a channel binding or
 * TLS. */
bool sspi_policy_demands(const struct sspi_policy *policy, enum sspi_option option);

/* ---- log entries ---- */

enum sspi_severity {
    SSPI_SEVERITY_DEBUG,
    SSPI_SEVERITY_INFO,
    SSPI_SEVERITY_NOTICE,
    SSPI_SEVERITY_WARNING,
    SSPI_SEVERITY_ERROR
};

/* One line of the log: "SSPI-112 SEC_E_WRONG_PRINCIPAL: ...", printable ASCII without secrets.
 * docs/messages.md lists the ids. They never change their meaning. */
struct sspi_log_entry {
    enum sspi_severity severity;
    char text[SSPI_ERROR_TEXT_SIZE + 64];
};

#define SSPI_LOG_ENTRIES_LIMIT 4

/* ---- shared state ---- */

/* Formats memory that all workers will share: page-aligned, `size` at least 64 KiB. The caller
 * gives the result to sspi_acceptor_set_state(). NULL: the memory is too small, or an allocation or
 * randomness failed. The parent calls this once for each memory. */
struct sspi_state *sspi_http_state_format(void *memory, size_t size);

/* Returns the state in memory that this or an earlier configuration formatted. NULL: its magic,
 * layout number or size differs. The caller then takes new memory, and leaves the old memory to the
 * workers that use it. */
struct sspi_state *sspi_http_state_attach(void *memory, size_t size);

/* ---- acceptor ---- */

struct sspi_acceptor;

struct sspi_acceptor_config {
    enum sspi_server server;
    /* The account of the workers: they may have to read a changed file by themselves. */
    uid_t worker_uid;
    gid_t worker_gid;
    /* Jobs of one process that may wait for winbind at the same time, and as many for the KDC. A
     * request beyond this limit is answered 503 at once. 0: the adapter that runs the jobs sets the
     * limit. */
    unsigned max_waiting_jobs;
    /* Returns true if the compiled pattern (sspi_words.compiled) matches the whole of `text`, from
     * its first octet to its last one. The server logs a failure of its engine and returns false.
     * NULL: the server's own code evaluates patterns (httpd's Require). Called by a step, in its
     * thread. */
    bool (*matches)(void *compiled, struct sspi_view text);
};

/* NULL: no memory. */
struct sspi_acceptor *sspi_acceptor_new(const struct sspi_acceptor_config *config);

/* Frees the acceptor and closes what it opened. Its exchanges and connections must be freed before.
 * If jobs that wait for another machine still run, because a process ends that left them behind,
 * the acceptor stays until that process has ended. NULL is fine. */
void sspi_acceptor_free(struct sspi_acceptor *acceptor);

/* Opens what `policy` names: its keytab if Kerberos is offered, its users if NTLM or Digest is.
 * Parent only, before workers exist. A file that is open already is not read again. `complete`: no
 * scope will change the policy. Its combinations are then checked, and MIT's default keytab is
 * opened if no other one is named. Otherwise only what the policy itself sets is opened.
 * `has_realm`: a realm is configured (only for a complete policy). False: `error` (SSPI_ERROR_SIZE
 * bytes) names the directive, the value, the principal, and what would be right. The server must
 * refuse the configuration. */
bool sspi_acceptor_open(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                        bool complete, bool has_realm, char *error);

/* Checks a full name, not a pattern, that the server's own `directive` (httpd's Require) demands.
 * `policy` says which schemes and mechanisms may be offered. If no client can have the name, this
 * adds a log entry. sspi_acceptor_open() does the same for the names in a complete policy. Parent
 * only. */
void sspi_acceptor_check_name(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                              const char *directive, struct sspi_view name);

/* The same for a group that `directive` demands. `policy` also has the sources of groups (GROUPS,
 * GROUP_FILE). */
void sspi_acceptor_check_group(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                               const char *directive, struct sspi_view group);

/* Adds a group that the server's own `directive` (httpd's Require) demands, so that
 * sspi_acceptor_look_up_groups() finds the SID of DOMAIN\name. sspi_acceptor_open() does the same
 * for the groups in a complete policy. Parent only. False: `error` (SSPI_ERROR_SIZE bytes) names
 * the directive, the group and what would be right. */
bool sspi_acceptor_add_group(struct sspi_acceptor *acceptor, const char *directive,
                             struct sspi_view group, char *error);

/* True if `word` can name a group. False: `error` (SSPI_ERROR_SIZE bytes) names `directive`, the
 * word and what would be right. */
bool sspi_policy_check_group(struct sspi_view word, const char *directive, char *error);

/* True if `group` is DOMAIN\name, whose SID must be looked up at start. */
bool sspi_policy_is_domain_group(struct sspi_view group);

/* The same for a realm that `directive` demands. */
void sspi_acceptor_check_realm(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                               const char *directive, struct sspi_view realm);

/* Looks up the groups of the directory that the requirements of all policies name, and adds a log
 * entry about each name. A name that is not found matches no user; the server starts in any case.
 * Without such a requirement nothing is asked. Parent only, after the last policy is opened; the
 * process must have one thread, because a child process asks winbind and SSSD. Blocks up to 5 s. */
void sspi_acceptor_look_up_groups(struct sspi_acceptor *acceptor);

/* Adds a log entry if the server's `limit` for a header line, in octets, is too small for the
 * ticket of a user in many groups. Only if Kerberos may run and a requirement names a group of the
 * directory. Parent only, after the last policy is opened; once for each host. */
void sspi_acceptor_check_header_limit(struct sspi_acceptor *acceptor, uint64_t limit);

/* Adds a log entry about a location whose options demand TLS or a channel binding, although no
 * directive demands a user. `directive` and `location` are printable text. Parent only. */
void sspi_acceptor_log_unprotected(struct sspi_acceptor *acceptor, const char *directive,
                                   const char *location);

/* Adds a log entry if this location has sessions with the same cookie as another one of the host,
 * but a session of one does not count in the other. The server calls it for each location. `policy`
 * is complete. `host` and `location` are printable text: the name by which clients ask for the
 * host, and what the administrator calls the location. `realm`: Digest's; absent if it depends on
 * the request. Parent only. */
void sspi_acceptor_check_sessions(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                                  const char *host, const char *location, struct sspi_view realm);

/* Returns the number of log entries that the acceptor has added since the last call, and points
 * *ret_entries at them. They live until the next call on the acceptor. Parent only. */
size_t sspi_acceptor_log_entries(struct sspi_acceptor *acceptor,
                                 const struct sspi_log_entry **ret_entries);

/* Gives the shared state to the acceptor, which frees it. Its memory must outlive the acceptor.
 * Parent only, before the first exchange. */
void sspi_acceptor_set_state(struct sspi_acceptor *acceptor, struct sspi_state *state);

/* Opens or creates the file that the policy of the whole server names for the shared state,
 * instead of sspi_acceptor_set_state(). The acceptor frees its memory. Parent only, before the
 * first exchange. `only_check`: the configuration is only tested, so the file is not created or
 * opened for use. Blocks on the file system. False: `error` (SSPI_ERROR_SIZE bytes) says what is
 * wrong with the file, and what would be right. */
bool sspi_acceptor_open_state(struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                              bool only_check, char *error);

/* Reads all certificates of a listening TLS context, for channel bindings. All of them are
 * candidates, because OpenSSL may return another certificate for a resumed session than the client
 * saw. A session that begins at the context remembers the certificate that its client saw, also one
 * that the server loads for the handshake. Call this for every context that listens, after the
 * server has set its callbacks. It sets the session ticket callback, and a callback for new
 * sessions that calls the server's own one. Parent only (it changes and restores the context's
 * current certificate). False: no memory. */
bool sspi_acceptor_add_tls(struct sspi_acceptor *acceptor, struct ssl_ctx_st *ctx);

/* Call it after sspi_acceptor_add_tls(). `policy` is complete and applies to requests of that
 * context. False: it demands a channel binding that one of the certificates does not have (Ed25519;
 * RFC 5929 defines none). `error` (SSPI_ERROR_SIZE bytes) says what would be right. */
bool sspi_acceptor_check_tls(const struct sspi_acceptor *acceptor, const struct sspi_policy *policy,
                             struct ssl_ctx_st *ctx, char *error);

/* Returns a page that shows how many requests of all workers were granted and refused. The query
 * string ("format=json") or the Accept header chooses HTML, JSON or Prometheus' text. Either of
 * them may be absent. The caller frees the page by free(). NULL: no memory, or no shared state yet.
 */
char *sspi_acceptor_status(const struct sspi_acceptor *acceptor, struct sspi_view accept,
                           struct sspi_view query, size_t *ret_len, const char **ret_type);

/* ---- connection ---- */

struct sspi_connection;

/* One for each client connection of HTTP/1.x, made when it is first needed. NULL: no memory. It
 * keeps an unfinished exchange, and a persistent login. HTTP/2 and later have none: their requests
 * share a connection, and an exchange of several legs cannot run there. It must be freed before its
 * acceptor. */
struct sspi_connection *sspi_connection_new(struct sspi_acceptor *acceptor);

/* Frees the connection and what it keeps. NULL is fine. */
void sspi_connection_free(struct sspi_connection *connection);

/* True if the connection keeps a login, so a request without credentials may have a user. NULL is
 * fine. */
bool sspi_connection_keeps_login(const struct sspi_connection *connection);

/* ---- exchange ---- */

/* A length that is known only at the end of the body: chunked, HTTP/2 without Content-Length. */
#define SSPI_ENTITY_UNKNOWN UINT64_MAX

struct sspi_request {
    struct sspi_view method;    /* as on the request line */
    struct sspi_view target;    /* request-target as the client sent it */
    struct sspi_view authority; /* Host, or :authority, as the client sent it; absent: none */
    /* Its memory can be written to. If it is a password of Basic that the core has read,
     * sspi_exchange_free() overwrites it. */
    struct sspi_view authorization; /* value of Authorization (Proxy-Authorization when `proxy`);
                                     * absent without that header */
    bool several_authorizations;    /* the request has more than one such header: 400 */
    bool proxy;                     /* this server is a forward proxy here: the core uses 407 and
                                     * Proxy-Authenticate */
    bool tls;                       /* the client's connection is TLS */
    struct ssl_st *ssl;             /* that connection's, NULL if it is not OpenSSL's */
    struct ssl_ctx_st *host_tls;    /* TLS context of the host that the request names (Host,
                                     * :authority), which may differ from SNI; NULL: the
                                     * connection's own */
    struct sspi_connection *connection; /* NULL on HTTP/2 and later */
    bool http3;                         /* the request came over HTTP/3, for the log */
    bool can_force_http1;        /* the server can make the client of this HTTP/2 connection use
                                  * HTTP/1.1 (SSPI_NEED_HTTP_1_1) */
    uint64_t entity_length;      /* octets of the body; 0: none; or SSPI_ENTITY_UNKNOWN */
    struct sspi_view cookies;    /* the values of all Cookie lines as the client sent them, joined
                                  * by "; "; absent: the client sent no such line */
    struct sspi_view peer;       /* IP address of the connection's other end as text, never from a
                                  * header; absent: none (a Unix socket) */
    bool forwarded;              /* a header is that of a proxy (sspi_http_is_proxy_header()) */
    enum sspi_severity log_from; /* the server drops less severe entries: the core does not write
                                  * those that most requests would have */
};

/* True for the names of header fields that a proxy adds: Via, Forwarded, X-Forwarded-*, X-Real-IP.
 */
bool sspi_http_is_proxy_header(struct sspi_view name);

/* The needs of a step that cannot decide yet. The server serves the need, then steps again under
 * the same policy. */
enum sspi_need {
    SSPI_NEED_NONE,    /* the step has decided */
    SSPI_NEED_ENTITY,  /* pass the complete body, without transfer coding, through
                        * sspi_exchange_update_entity(), then call sspi_exchange_end_entity(). Keep
                        * the body  for the handler of the request. */
    SSPI_NEED_HASH,    /* look `lookup_user` of `lookup_realm` up in the location's own database and
                        * give the answer to sspi_exchange_set_hash() */
    SSPI_NEED_JOB,     /* run `job` on a thread that may block. If that is impossible or takes too
                        * long, release the job and step anyway: the exchange continues without its
                        * result. */
    SSPI_NEED_WAIT,    /* another request verifies the same password: step again after `wait_ms`
                        * milliseconds, as often as the exchange asks for it */
    SSPI_NEED_HTTP_1_1 /* make the HTTP/2 client use HTTP/1.1, and do not step again. Only for a
                        * request with `can_force_http1`. */
};

enum sspi_variable {
#define SSPI_VARIABLE(id, ...) SSPI_VARIABLE_##id,
#include "sspi_variables.def"
#undef SSPI_VARIABLE
    SSPI_VARIABLE_COUNT
};

/* A response header field. Send each as a line of its own, in this order (clients fail on joined
 * challenges). Values are printable and hold no line break. */
struct sspi_header {
    struct sspi_view name;
    struct sspi_view value;
};

/* At most one line for Negotiate, NTLM and Basic each, one for each Digest algorithm, and
 * Set-Cookie. */
#define SSPI_HEADERS_LIMIT 10

struct sspi_result {
    enum sspi_need need;
    /* 0 admits the request. Otherwise it is the status of the answer, as in sspi_reasons.def: 400,
     * 401 (which a forward proxy sends as 407), 403, 413, 429, 500 or 503. While there is a need,
     * it is 500. */
    unsigned status;
    /* Status 0 only. True: the credentials are verified, and `variables` name the user. False: the
     * request is anonymous. Credentials are optional here, and the client sent none, or those of a
     * scheme that is not offered. Or the method is exempt. */
    bool has_user;
    /* With status 0, 401 or 429: send them with the answer. A Set-Cookie line is for any answer to
     * this request. If a later step has another one, that replaces it. */
    struct sspi_header headers[SSPI_HEADERS_LIMIT];
    size_t n_headers;
    struct sspi_log_entry entries[SSPI_LOG_ENTRIES_LIMIT]; /* write each once */
    size_t n_entries;
    /* By enum sspi_variable; an absent view has no value. A NUL follows each. With a user all but
     * ERROR, GROUPS and GROUP_SIDS may have a value (sspi_exchange_group_variable()). With a
     * refusal only ERROR has one. */
    struct sspi_view variables[SSPI_VARIABLE_COUNT];
    /* With a user, at a location with PROXY_NEGOTIATE: the value of Authorization for the proxied
     * request, the user's own login at the upstream. A secret that the upstream accepts once. The
     * server puts it into one request to the upstream, and steps again before it sends another
     * one. Absent: there is no login, and the proxied request has no Authorization. */
    struct sspi_view onward;
    struct sspi_view lookup_user; /* SSPI_NEED_HASH only; a NUL follows each of the two */
    struct sspi_view lookup_realm;
    struct sspi_job *job; /* SSPI_NEED_JOB only: the caller owns it, and calls sspi_job_unref() */
    uint32_t wait_ms;     /* SSPI_NEED_WAIT only */
    /* SSPI_NEED_JOB only: the request does not use the result of the job. The server begins it in
     * another thread, does not wait for it, and steps again at once. */
    bool in_background;
    /* 401 only: there is no body, or the client continues its exchange on this connection. The
     * server reads and drops the body (at most SSPI_DRAIN_LIMIT octets) instead of closing the
     * connection. A client that sent Expect: 100-continue may not have sent the body yet. */
    bool drains;
};

/* The largest body that the server reads only to keep the connection. */
#define SSPI_DRAIN_LIMIT 65536

struct sspi_exchange;

/* Begins a request. The views in `request` are borrowed until sspi_exchange_free(). NULL: no
 * memory. */
struct sspi_exchange *sspi_exchange_new(struct sspi_acceptor *acceptor,
                                        const struct sspi_request *request);

/* Applies `policy` (whose mode is not off) to this request. The first step evaluates the
 * credentials under it. A later step, with the same or another policy, checks whether that policy
 * accepts the identity. If so, it grants the request. Otherwise it sends that policy's challenges.
 * `realm`: Digest's realm for this request, expressions already evaluated. If Digest is offered and
 * cannot use it (sspi_policy_check_realm()), the status is 500. The result lives until the next
 * step or the end of the exchange. It is never NULL. */
const struct sspi_result *sspi_exchange_step(struct sspi_exchange *exchange,
                                             const struct sspi_policy *policy,
                                             struct sspi_view realm);

/* After SSPI_NEED_ENTITY: hashes the next piece of the request's body, in order. Without that need
 * it does nothing. False: the body is over the limit of auth-int. Stop reading and step: the status
 * will be 413. */
bool sspi_exchange_update_entity(struct sspi_exchange *exchange, const void *data, size_t len);

/* The body is complete. Until this call each step asks for the body again, because the exchange
 * would otherwise treat a partial body as complete. */
void sspi_exchange_end_entity(struct sspi_exchange *exchange);

/* After SSPI_NEED_HASH: MD5(user:realm:password) in hexadecimal, as Apache's authn providers return
 * it. An absent view: no such user. The exchange copies it. */
void sspi_exchange_set_hash(struct sspi_exchange *exchange, struct sspi_view hex);

/* Returns the challenges that `policy` sends with a 401 of another module (Apache's authorization),
 * as a result with status 401. Evaluates no credentials. The result lives as long as a step's. */
const struct sspi_result *sspi_exchange_challenge(struct sspi_exchange *exchange,
                                                  const struct sspi_policy *policy,
                                                  struct sspi_view realm);

/* The server's own authorization (Apache's Require) has refused the user whom a step granted, or
 * demands a user of a request whose method is exempt. That is the answer to the request. Returns a
 * result with the log entry of the refusal, and with ERROR. It has neither, if the last challenge
 * asks for groups that the session's cookie had no room for. It has no headers: those of the last
 * step or challenge are for the answer. The result lives as long as a step's. */
const struct sspi_result *sspi_exchange_deny(struct sspi_exchange *exchange);

/* sspi_policy_set_text() failed with `error`. Returns a result with status 500 and a log entry. */
const struct sspi_result *sspi_exchange_misconfigured(struct sspi_exchange *exchange,
                                                      const char *error);

/* True if the last step's result has a user whose full form ("alice@REALM"; "digest:alice" for
 * Digest) is `name`. It is never compared with the short or local form, in which names of different
 * schemes can be equal. */
bool sspi_exchange_user_is(const struct sspi_exchange *exchange, struct sspi_view name);

/* The full form of the last step's user, for patterns. It lives until the next step. Absent: the
 * result has no user, or there is no memory. */
struct sspi_view sspi_exchange_full_name(struct sspi_exchange *exchange);

/* True if the last step's result has a user of this realm: a Kerberos realm (compared exactly), an
 * NTLM domain (without case), or digest:REALM. */
bool sspi_exchange_realm_is(const struct sspi_exchange *exchange, struct sspi_view realm);

/* Whether a user is in a group. */
enum sspi_membership {
    SSPI_MEMBERSHIP_NO,
    SSPI_MEMBERSHIP_YES,
    /* The user comes from a session whose cookie had no room for all groups. Answer 401 with
     * sspi_exchange_challenge(), which logs why, so that the client sends credentials. */
    SSPI_MEMBERSHIP_UNKNOWN,
    /* The user is not known as a member, but may be one: the name has no SID, the ticket has no
     * groups, those of a foreign realm do not count, or `policy` lists no source with such groups.
     * A line that admits members does not admit the user. A line that refuses members must refuse
     * the user. */
    SSPI_MEMBERSHIP_UNSURE
};

/* Whether the last step's user is in `group`, by the sources that `policy` lists (GROUPS). `policy`
 * is that of the step. A SID or DOMAIN\name is a group of the directory. Any other name is one of
 * the group file or of this machine. A name of the directory matches no user unless
 * sspi_acceptor_add_group() added it at start. Without a user: NO. Does not block. */
enum sspi_membership sspi_exchange_in_group(struct sspi_exchange *exchange,
                                            const struct sspi_policy *policy,
                                            struct sspi_view group);

/* Writes the value of SSPI_VARIABLE_GROUPS or SSPI_VARIABLE_GROUP_SIDS for the verified user.
 * `policy` is one that has granted this request. These values are not in a result, because a user
 * may be in very many groups, and few applications read them. Absent: the user is in no such group,
 * the value would have more than 131000 octets, or there is no memory. The value lives until the
 * next call for the same variable, or the end of the exchange. A NUL follows it. Does not block. */
struct sspi_view sspi_exchange_group_variable(struct sspi_exchange *exchange,
                                              const struct sspi_policy *policy,
                                              enum sspi_variable variable);

/* The upstream, where `policy` logs users in (PROXY_NEGOTIATE), answered 401. The client must not
 * see the challenge, because it would log in to the upstream itself: the server sends 502 instead.
 * Returns a result with the log entry. It lives as long as a step's. */
const struct sspi_result *sspi_exchange_note_upstream(struct sspi_exchange *exchange,
                                                      const struct sspi_policy *policy);

/* True if the server must hide the Authorization header (Proxy-Authorization when `proxy`) from
 * handlers, programs and upstreams. A step has evaluated that header, and `policy`, that of the
 * location, does not forward it. The header of a scheme that no step evaluated is for them, unless
 * `policy` logs users in at an upstream (PROXY_NEGOTIATE), which must get no other login. The
 * server asks after the steps of a location, also if they refused the request, because an error
 * document may have an upstream. The exchange goes on without the header, whose text must still
 * outlive it. `exchange`: NULL if no location needed one. */
bool sspi_exchange_hides_authorization(const struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy);

/* True if the last step's result has a user, whose client proved that it uses this TLS channel. */
bool sspi_exchange_is_bound(const struct sspi_exchange *exchange);

/* What a logout reads beside the request of its exchange. */
struct sspi_logout {
    struct sspi_view fetch_site; /* value of Sec-Fetch-Site; absent: no such header */
    struct sspi_view origin;     /* value of Origin; absent: no such header */
    struct sspi_view query;      /* query string, without its question mark; absent: none */
};

/* Handles a request to a location that logs users out. `policy` is that of the location, whose mode
 * may be off; only its options of the cookie count. Revokes the session of the cookie until its
 * end, ends the login of the connection, and removes the cookie. No step may follow.
 * The status is 204; 303 (Location has the path in the query's parameter `to`); 405 (the method is
 * not POST); 403 (a page of another site sent the request); or 500 (the session could not be
 * revoked; a log entry says why). With any status, send all headers of the result. The result lives
 * as long as a step's. Waits only for a short lock of the shared state. */
const struct sspi_result *sspi_exchange_log_out(struct sspi_exchange *exchange,
                                                const struct sspi_policy *policy,
                                                const struct sspi_logout *logout);

/* Wipes and frees the exchange. NULL is fine. */
void sspi_exchange_free(struct sspi_exchange *exchange);

/* ---- job ---- */

/* Work that may block. It owns all it needs, so it may outlive the exchange that returned it and
 * its connection, but not the acceptor. A job in the background may outlive the acceptor, too. */
struct sspi_job;

/* After this time, in milliseconds, the server leaves a job behind and steps: the exchange goes on
 * without it. The job's own thread runs it to its end, because the libraries know no deadline. */
#define SSPI_JOB_DEADLINE_MS 10000

/* True if the job waits for a KDC. Then the server must run it in a thread that no other job may
 * need, because it takes about 27 s if the KDC is silent. */
bool sspi_job_waits_for_kdc(const struct sspi_job *job);

/* Does the work, in any thread, once. The thread that runs it must own a reference. */
void sspi_job_run(struct sspi_job *job);

/* Adds an owner, for instance the thread that runs the job. Any thread. */
struct sspi_job *sspi_job_ref(struct sspi_job *job);

/* Releases one owner's reference. The last owner frees the job. NULL is fine. Any thread. */
void sspi_job_unref(struct sspi_job *job);

#endif
