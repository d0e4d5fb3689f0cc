/* SPDX-License-Identifier: Apache-2.0 */
#include "request_delegation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acceptor_ccache.h"
#include "clock.h"
#include "escape.h"
#include "kerberos_name.h"
#include "policy_identity.h"
#include "request_count.h"
#include "request_delegation_job.h"
#include "request_session_make.h"
#include "request_user_name.h"

#define WAY_CLEANUP __attribute__((cleanup(request_delegation_way_clear)))

/* ---- files ---- */

/* Adds a file to those of the request, which takes over the reference. False: no memory. */
static bool keep(struct request_delegation *delegation, struct acceptor_ccache *file)
{
    struct acceptor_ccache **grown =
        realloc(delegation->files, (delegation->n_files + 1) * sizeof(struct acceptor_ccache *));
    if (grown == NULL) {
        acceptor_ccache_unref(file);
        return false;
    }
    delegation->files = grown;
    delegation->files[delegation->n_files++] = file;
    delegation->found = file;
    return true;
}

/* The login of the connection keeps the file too, if this exchange made or uses that login. */
static void keep_on_connection(struct sspi_exchange *exchange, struct acceptor_ccache *file)
{
    struct sspi_connection *connection = exchange->request.connection;
    if (connection == NULL || !connection->has_login ||
        (!exchange->persistent && !exchange->from_connection))
        return;
    acceptor_ccache_unref(connection->login_ccache);
    connection->login_ccache = acceptor_ccache_ref(file);
}

static bool find_among_own(struct request_delegation *delegation,
                           const struct request_delegation_way *way)
{
    for (size_t i = 0; i < delegation->n_files && delegation->found == NULL; i++)
        if (acceptor_ccache_serves(delegation->files[i], &way->place))
            delegation->found = delegation->files[i];
    return delegation->found != NULL;
}

static bool find_on_connection(struct sspi_exchange *exchange,
                               const struct request_delegation_way *way)
{
    const struct sspi_connection *connection = exchange->request.connection;
    return exchange->from_connection && connection->login_ccache != NULL &&
           acceptor_ccache_serves(connection->login_ccache, &way->place) &&
           keep(&exchange->delegation, acceptor_ccache_ref(connection->login_ccache));
}

static bool find_of_session(struct sspi_exchange *exchange,
                            const struct request_delegation_way *way)
{
    struct acceptor_ccache *file =
        exchange->from_session ? acceptor_ccache_find(&exchange->acceptor->hashes, &way->place)
                               : NULL;
    return file != NULL && keep(&exchange->delegation, file);
}

/* ---- ways ---- */

/* What the user's credentials left. NULL: nothing was asked, or they belong to a session. */
static struct request_delegated *login_of(const struct sspi_exchange *exchange)
{
    if (exchange->from_connection)
        return exchange->request.connection->login_delegated;
    return exchange->from_session ? NULL : exchange->delegation.login;
}

/* A file of the session, if the client has or gets one. A login of the connection has its own. The
 * server can get the tickets of s4u2self again for each request, because it needs no login. */
static void set_session(const struct sspi_exchange *exchange, struct request_delegation_way *way)
{
    const struct request_session *session = &exchange->session;
    const uint8_t *id = NULL;
    if (way->word == SSPI_DELEGATION_S4U2SELF)
        return;
    if (exchange->from_session) {
        id = session->content.id;
        way->place.session_end_ms = session->content.end_ms;
    } else if (session->has_id && !exchange->from_connection) {
        id = session->id;
        way->place.session_end_ms = session->end_ms;
    }
    if (id != NULL)
        way->place.session_id = (struct sspi_view){(const char *)id, SESSION_CONTENT_ID_LEN};
}

/* The name of a user of NTLM without the domain. Absent: the user is one of a foreign domain, whose
 * names say nothing about principals. */
static struct sspi_view ntlm_part(const struct policy_identity *identity)
{
    struct sspi_view name = bytes_view(identity->name);
    const char *separator = memchr(name.data, '\\', name.len);
    if (separator == NULL || !request_user_name_is_of_own_domain(identity))
        return (struct sspi_view){NULL, 0};
    size_t before = (size_t)(separator + 1 - name.data);
    return (struct sspi_view){name.data + before, name.len - before};
}

/* The name of a user of Basic whom the KDC verified, without the realm. Absent: the user is one of
 * another realm than `realm`. */
static struct sspi_view kerberos_part(const struct policy_identity *identity,
                                      struct sspi_view realm)
{
    const char *found = kerberos_name_realm(identity->name);
    if (found[0] == '\0' || !bytes_equal(bytes_view(found), realm))
        return (struct sspi_view){NULL, 0};
    return (struct sspi_view){identity->name, (size_t)(found - 1 - identity->name)};
}

/* Returns the part of a user's name that is the principal's. */
static struct sspi_view local_part(const struct policy_identity *identity, struct sspi_view realm)
{
    switch (identity->mech) {
    case SSPI_MECH_NTLM:
        return ntlm_part(identity);
    case SSPI_MECH_KERBEROS:
        return kerberos_part(identity, realm);
    default:
        return bytes_view(identity->name);
    }
}

/* A name with a separator could read as another user, a service, or a user of another realm. */
static bool is_plain(struct sspi_view name)
{
    return name.len > 0 && memchr(name.data, '@', name.len) == NULL &&
           memchr(name.data, '/', name.len) == NULL && memchr(name.data, '\\', name.len) == NULL;
}

/* True if the user showed a ticket, not only a password. */
static bool showed_ticket(const struct policy_identity *identity)
{
    return identity->scheme == SSPI_SCHEME_NEGOTIATE && identity->mech == SSPI_MECH_KERBEROS;
}

static void write_self_user(const struct policy_identity *identity,
                            const struct sspi_policy *policy, struct request_delegation_way *way)
{
    if (showed_ticket(identity) || policy->delegation_realm.n == 0)
        return;
    struct sspi_view realm = policy->delegation_realm.words[0];
    struct sspi_view name = local_part(identity, realm);
    if (!is_plain(name))
        return;
    bytes_append_view(&way->user, name);
    bytes_append_char(&way->user, '@');
    bytes_append_view(&way->user, realm);
    bytes_append_char(&way->user, '\0');
}

/* Writes the user's principal. Nothing: the user has none for this way. */
static void write_user(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                       struct request_delegation_way *way)
{
    const struct policy_identity *identity = &exchange->identity;
    if (way->word == SSPI_DELEGATION_S4U2SELF)
        write_self_user(identity, policy, way);
    if (way->word != SSPI_DELEGATION_S4U2PROXY || !showed_ticket(identity))
        return;
    bytes_append_text(&way->user, identity->name);
    bytes_append_char(&way->user, '\0');
}

/* Files of different users or for other targets never have the same content: a step may change the
 * user or the location. Names and words hold no NUL. */
static void write_content(const struct sspi_exchange *exchange, struct request_delegation_way *way)
{
    const struct policy_identity *identity = &exchange->identity;
    bytes_append_char(&way->content, (char)way->word);
    bytes_append_char(&way->content, (char)identity->scheme);
    bytes_append_char(&way->content, (char)identity->mech);
    bytes_append_text(&way->content, identity->name);
    bytes_append_char(&way->content, '\0');
    if (way->word == SSPI_DELEGATION_FORWARDED)
        return;
    bytes_append_view(&way->content, bytes_as_view(&way->user));
    for (size_t i = 0; i < way->targets->n; i++) {
        bytes_append_view(&way->content, way->targets->words[i]);
        bytes_append_char(&way->content, '\0');
    }
}

/* The server's own credential, which belongs to the keytab of the login, or of the location. */
static void set_service(const struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        struct request_delegation_way *way)
{
    const struct acceptor_source *keytab =
        way->word == SSPI_DELEGATION_S4U2PROXY
            ? exchange->identity.source
            : acceptor_source_find(exchange->acceptor->sources, policy, SSPI_OPTION_KEYTAB);
    if (way->user.len == 0 || keytab == NULL)
        return;
    way->service = acceptor_service_find(exchange->acceptor->services, keytab, policy);
    bytes_append(&way->key, &way->service, sizeof(way->service));
    bytes_append_view(&way->key, bytes_as_view(&way->content));
}

/* False: no memory. */
static bool way_init(struct request_delegation_way *way, const struct sspi_exchange *exchange,
                     const struct sspi_policy *policy, uint8_t word, const char *directory)
{
    *way = (struct request_delegation_way){.word = word, .targets = &policy->delegation_targets};
    way->place.directory = directory;
    write_user(exchange, policy, way);
    write_content(exchange, way);
    way->place.content = bytes_as_view(&way->content);
    set_session(exchange, way);
    if (word != SSPI_DELEGATION_FORWARDED)
        set_service(exchange, policy, way);
    return !way->content.failed && !way->user.failed && !way->key.failed;
}

/* Returns why this way is not for users of this kind (static text). NULL: it is. */
static const char *find_mismatch(const struct policy_identity *identity, uint8_t word)
{
    bool showed = showed_ticket(identity);
    if (word == SSPI_DELEGATION_FORWARDED && !showed)
        return "only clients of Kerberos forward tickets";
    if (word == SSPI_DELEGATION_S4U2PROXY && !showed)
        return "the user showed no ticket, which s4u2proxy needs; s4u2self does not need it";
    if (word == SSPI_DELEGATION_S4U2SELF && showed)
        return "s4u2self is not for users who showed a ticket";
    return NULL;
}

static const char session_elsewhere[] =
    "the session began on another host or at a location without SSPIDelegation, or its tickets "
    "have ended";

/* Returns why the client forwarded no ticket (static text). NULL: it did. */
static const char *find_forwarded_obstacle(const struct sspi_exchange *exchange)
{
    const struct request_delegated *login = login_of(exchange);
    if (exchange->from_session)
        return session_elsewhere;
    if (login == NULL || !login->asked)
        return "the login was made at a location without forwarded in SSPIDelegation";
    if (login->from.ccache == NULL)
        return "the client forwarded no ticket: its ticket must be forwardable, and the client "
               "must be set to delegate to this server";
    return NULL;
}

/* The same for constrained delegation. */
static const char *find_constrained_obstacle(const struct sspi_exchange *exchange,
                                             const struct request_delegation_way *way)
{
    const struct request_delegated *login = login_of(exchange);
    bool is_proxy = way->word == SSPI_DELEGATION_S4U2PROXY;
    if (way->user.len == 0)
        return "the name cannot be a principal of SSPIDelegationRealm: it has one of the "
               "characters @, / and \\, or it is of a foreign domain or realm";
    if (way->service == NULL)
        return "the server has no credential of its own for this location";
    if (is_proxy && exchange->from_session)
        return session_elsewhere;
    if (is_proxy && (login == NULL || login->from.evidence.len == 0))
        return "the login was made at a location without s4u2proxy in SSPIDelegation";
    return NULL;
}

/* ---- steps ---- */

static void note(struct request_delegation *delegation, enum sspi_reason reason, const char *why)
{
    delegation->reason = reason;
    delegation->was_tried = true;
    snprintf(delegation->why, sizeof(delegation->why), "%s", why);
}

/* A way that cannot be tried says nothing about one that was. */
static void note_obstacle(struct request_delegation *delegation, const char *why)
{
    if (delegation->was_tried)
        return;
    note(delegation, SSPI_REASON_NO_DELEGATION, why);
    delegation->was_tried = false;
}

/* SSPI_REASON_NONE: the job must run. */
static enum sspi_reason begin_job(struct sspi_exchange *exchange,
                                  struct request_delegation_job *made)
{
    if (made == NULL)
        return request_exchange_out_of_memory(exchange);
    exchange->delegation.job = &made->job;
    return SSPI_REASON_NONE;
}

static enum sspi_reason begin_asking(struct sspi_exchange *exchange,
                                     const struct request_delegation_way *way)
{
    struct request_delegated *evidence =
        way->word == SSPI_DELEGATION_S4U2PROXY ? login_of(exchange) : NULL;
    struct request_delegation_job *made =
        request_delegation_job_ask(exchange->acceptor, way, evidence);
    if (made == NULL)
        return request_exchange_out_of_memory(exchange);
    switch (acceptor_job_acquire(&made->job,
                                 acceptor_limiter_of(exchange->acceptor, ACCEPTOR_WAIT_KDC))) {
    case ACCEPTOR_LIMITER_ACQUIRED:
        return begin_job(exchange, made);
    case ACCEPTOR_LIMITER_FULL:
        note(&exchange->delegation, SSPI_REASON_BUSY,
             "the limit of requests that may wait for the KDC is reached");
        break;
    case ACCEPTOR_LIMITER_CLOSED:
        note(&exchange->delegation, SSPI_REASON_KDC_UNREACHABLE,
             "the KDC did not answer a short time ago");
        break;
    }
    sspi_job_unref(&made->job);
    return SSPI_REASON_NOT_COVERED;
}

/* Uses remembered tickets, or asks for them. */
static enum sspi_reason try_constrained(struct sspi_exchange *exchange,
                                        const struct request_delegation_way *way)
{
    const struct clock *clock = clock_machine();
    struct acceptor_ticket *ticket = acceptor_tickets_find(
        exchange->acceptor->tickets, bytes_as_view(&way->key), clock->now_ms(clock->self));
    if (ticket == NULL)
        return begin_asking(exchange, way);
    enum sspi_reason reason = SSPI_REASON_NOT_COVERED;
    if (acceptor_ticket_ccache(ticket) != NULL)
        reason = begin_job(exchange,
                           request_delegation_job_write(exchange->acceptor, way, NULL, ticket));
    else
        note(&exchange->delegation, SSPI_REASON_NO_DELEGATION,
             acceptor_ticket_refusal(ticket)->text);
    acceptor_ticket_unref(ticket);
    return reason;
}

/* SSPI_REASON_NONE: the job of this way must run. GRANTED: the file exists. NOT_COVERED: this way
 * has none, and delegation.why says why. */
static enum sspi_reason try_way(struct sspi_exchange *exchange,
                                const struct request_delegation_way *way)
{
    struct request_delegation *delegation = &exchange->delegation;
    bool is_forwarded = way->word == SSPI_DELEGATION_FORWARDED;
    if (find_among_own(delegation, way) || find_on_connection(exchange, way) ||
        find_of_session(exchange, way))
        return SSPI_REASON_GRANTED;
    if (bytes_equal(bytes_as_view(&delegation->failed[way->word]), way->place.content))
        return SSPI_REASON_NOT_COVERED;
    const char *mismatch = find_mismatch(&exchange->identity, way->word);
    if (mismatch != NULL) {
        /* Another way may have a reason that is more useful. */
        if (delegation->reason == SSPI_REASON_NONE)
            note(delegation, SSPI_REASON_NO_DELEGATION, mismatch);
        return SSPI_REASON_NOT_COVERED;
    }
    const char *obstacle =
        is_forwarded ? find_forwarded_obstacle(exchange) : find_constrained_obstacle(exchange, way);
    if (obstacle != NULL) {
        note_obstacle(delegation, obstacle);
        return SSPI_REASON_NOT_COVERED;
    }
    return is_forwarded
               ? begin_job(exchange, request_delegation_job_write(exchange->acceptor, way,
                                                                  login_of(exchange), NULL))
               : try_constrained(exchange, way);
}

/* Notes that a job failed, so that no step of this request tries the same again. */
static void note_failure(struct request_delegation *delegation,
                         const struct request_delegation_job *job, enum acceptor_job_state state)
{
    struct bytes *failed = &delegation->failed[job->word];
    bytes_free(failed);
    bytes_append_view(failed, bytes_as_view(&job->content));
    if (state == ACCEPTOR_JOB_NEW)
        note(delegation, SSPI_REASON_BUSY, "no thread was free to get them");
    else if (state == ACCEPTOR_JOB_RUNNING)
        note(delegation, job->asks_kdc ? SSPI_REASON_KDC_UNREACHABLE : SSPI_REASON_BUSY,
             job->asks_kdc ? "the KDC does not answer" : "it takes too long to write them");
    else
        note(delegation, job->reason, job->why);
}

/* Takes the result of the job, which has run, or which the server released before. False: no
 * memory. */
static bool end_job(struct sspi_exchange *exchange)
{
    struct request_delegation *delegation = &exchange->delegation;
    struct request_delegation_job *job = (struct request_delegation_job *)delegation->job;
    bool done = true;
    if (job == NULL) {
        delegation->was_tried = false;
        return true;
    }
    delegation->job = NULL;
    enum acceptor_job_state state = acceptor_job_state(&job->job);
    if (state != ACCEPTOR_JOB_DONE || job->reason != SSPI_REASON_NONE) {
        note_failure(delegation, job, state);
        done = !delegation->failed[job->word].failed;
    } else if (job->made != NULL) {
        keep_on_connection(exchange, job->made);
        done = keep(delegation, acceptor_ccache_ref(job->made));
        delegation->found = NULL; /* the step looks whether it serves here */
    }
    sspi_job_unref(&job->job);
    return done;
}

/* ---- without a file ---- */

/* A new login of the client may bring the tickets, so a session or a login of the connection is
 * challenged. */
static enum sspi_reason reason_of_lack(const struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy)
{
    enum sspi_reason reason = exchange->delegation.reason;
    if (!policy->delegation_required)
        return SSPI_REASON_NO_DELEGATION;
    if (request_count_status(reason) >= 500)
        return reason;
    return exchange->from_session || exchange->from_connection ? SSPI_REASON_DELEGATION_ELSEWHERE
                                                               : SSPI_REASON_DELEGATION_REQUIRED;
}

/* Logs, once for each login, why the user has no tickets. */
static enum sspi_reason lack(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    enum sspi_reason reason = reason_of_lack(exchange, policy);
    bool is_required = reason != SSPI_REASON_NO_DELEGATION;
    bool is_known =
        exchange->delegation.is_logged || exchange->from_connection || exchange->from_session;
    char shown[ESCAPE_NAME_SIZE];
    if (is_required || (!is_known && request_exchange_logs(exchange, reason)))
        (void)request_exchange_log(
            exchange, reason, SEC_E_OK, "%s%s has no delegated tickets: %s",
            policy_identity_prefix(exchange->identity.scheme, exchange->identity.mech),
            escape_text(shown, sizeof(shown), bytes_view(exchange->identity.name)),
            exchange->delegation.why);
    exchange->delegation.is_logged = true;
    return is_required ? reason : SSPI_REASON_GRANTED;
}

/* The directory was not opened, so this policy has none: httpd merges policies only for a request.
 */
static enum sspi_reason refuse_configuration(struct sspi_exchange *exchange)
{
    enum sspi_server server = exchange->acceptor->config.server;
    return request_exchange_log(exchange, SSPI_REASON_CONFIGURATION, SEC_E_OK,
                                "%s is set, but %s is not set for this request",
                                sspi_option_info(SSPI_OPTION_DELEGATION)->name[server],
                                sspi_option_info(SSPI_OPTION_DELEGATION_DIR)->name[server]);
}

static enum sspi_reason try_ways(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                                 const char *directory)
{
    for (const uint8_t *at = policy->delegation.order; *at != 0; at++) {
        WAY_CLEANUP struct request_delegation_way way;
        if (!way_init(&way, exchange, policy, *at, directory))
            return request_exchange_out_of_memory(exchange);
        enum sspi_reason reason = try_way(exchange, &way);
        if (reason != SSPI_REASON_NOT_COVERED)
            return reason;
    }
    return lack(exchange, policy);
}

enum sspi_reason request_delegation_find(struct sspi_exchange *exchange,
                                         const struct sspi_policy *policy)
{
    if (policy->delegation.order[0] == SSPI_DELEGATION_NONE)
        return SSPI_REASON_GRANTED;
    const char *directory =
        policy->delegation_dir.n == 0
            ? NULL
            : acceptor_ccaches_find(exchange->acceptor->ccaches, policy->delegation_dir.words[0]);
    if (directory == NULL)
        return refuse_configuration(exchange);
    /* The file of a login belongs to the session that the login makes. */
    request_session_make(exchange, policy);
    if (!end_job(exchange))
        return request_exchange_out_of_memory(exchange);
    return try_ways(exchange, policy, directory);
}

struct sspi_view request_delegation_name(const struct sspi_exchange *exchange)
{
    const struct acceptor_ccache *found = exchange->delegation.found;
    return found == NULL ? (struct sspi_view){NULL, 0} : acceptor_ccache_name(found);
}
