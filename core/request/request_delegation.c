/* SPDX-License-Identifier: Apache-2.0 */
#include "request_delegation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acceptor_ccache.h"
#include "acceptor_job.h"
#include "escape.h"
#include "policy_identity.h"
#include "request_delegated.h"
#include "request_session_make.h"

/* One way of SSPIDelegation for the user of the exchange, and the file that it would make. */
struct way {
    uint8_t word;         /* SSPI_DELEGATION_* */
    struct bytes content; /* of the place */
    struct acceptor_ccache_place place;
};

#define WAY_CLEANUP __attribute__((cleanup(way_clear)))

static void way_clear(struct way *way)
{
    bytes_free(&way->content);
}

/* ---- the job ---- */

struct making {
    struct sspi_job job; /* first: the exchange holds a pointer to it */
    uint8_t word;
    struct request_delegated *login; /* a reference */
    struct bytes directory, content, session_id;
    struct acceptor_ccache_place place; /* borrows these */
    const struct hash_suite *hashes;    /* of the acceptor, which the job may not outlive */
    struct acceptor_ccache *made;       /* a reference; NULL: `why` says why */
    char why[SSPI_ERROR_SIZE];
};

static void run(struct sspi_job *job)
{
    struct making *making = (struct making *)job;
    making->made = acceptor_ccache_write(making->hashes, &making->place, making->login->from.ccache,
                                         making->why);
}

static void destroy(struct sspi_job *job)
{
    struct making *making = (struct making *)job;
    acceptor_ccache_unref(making->made);
    request_delegated_unref(making->login);
    bytes_free(&making->directory);
    bytes_free(&making->content);
    bytes_free(&making->session_id);
    free(making);
}

/* The job copies the place. False: no memory. */
static bool copy_place(struct making *making, const struct acceptor_ccache_place *place)
{
    bytes_append_text(&making->directory, place->directory);
    bytes_append_char(&making->directory, '\0');
    bytes_append_view(&making->content, place->content);
    bytes_append_view(&making->session_id, place->session_id);
    if (making->directory.failed || making->content.failed || making->session_id.failed)
        return false;
    making->place = *place;
    making->place.directory = making->directory.data;
    making->place.content = bytes_as_view(&making->content);
    if (place->session_id.data != NULL)
        making->place.session_id = bytes_as_view(&making->session_id);
    return true;
}

/* NULL: no memory. */
static struct making *making_new(const struct sspi_exchange *exchange, const struct way *way,
                                 struct request_delegated *login)
{
    struct making *making = calloc(1, sizeof(*making));
    if (making == NULL)
        return NULL;
    acceptor_job_init(&making->job, run, destroy);
    making->word = way->word;
    making->hashes = &exchange->acceptor->hashes;
    making->login = request_delegated_ref(login);
    if (copy_place(making, &way->place))
        return making;
    sspi_job_unref(&making->job);
    return NULL;
}

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

static bool find_among_own(struct request_delegation *delegation, const struct way *way)
{
    for (size_t i = 0; i < delegation->n_files && delegation->found == NULL; i++)
        if (acceptor_ccache_serves(delegation->files[i], &way->place))
            delegation->found = delegation->files[i];
    return delegation->found != NULL;
}

static bool find_on_connection(struct sspi_exchange *exchange, const struct way *way)
{
    const struct sspi_connection *connection = exchange->request.connection;
    return exchange->from_connection && connection->login_ccache != NULL &&
           acceptor_ccache_serves(connection->login_ccache, &way->place) &&
           keep(&exchange->delegation, acceptor_ccache_ref(connection->login_ccache));
}

static bool find_of_session(struct sspi_exchange *exchange, const struct way *way)
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

/* Files of different users never have the same content: a step may change the user. */
static void write_content(const struct sspi_exchange *exchange, struct way *way)
{
    const struct policy_identity *identity = &exchange->identity;
    bytes_append_char(&way->content, (char)way->word);
    bytes_append_char(&way->content, (char)identity->scheme);
    bytes_append_char(&way->content, (char)identity->mech);
    bytes_append_text(&way->content, identity->name);
    bytes_append_char(&way->content, '\0');
}

/* A file of the session, if the client has or gets one. A login of the connection has its own. */
static void set_session(const struct sspi_exchange *exchange, struct acceptor_ccache_place *place)
{
    const struct request_session *session = &exchange->session;
    const uint8_t *id = NULL;
    if (exchange->from_session) {
        id = session->content.id;
        place->session_end_ms = session->content.end_ms;
    } else if (session->has_id && !exchange->from_connection) {
        id = session->id;
        place->session_end_ms = session->end_ms;
    }
    if (id != NULL)
        place->session_id = (struct sspi_view){(const char *)id, SESSION_CONTENT_ID_LEN};
}

/* False: no memory. */
static bool way_init(struct way *way, const struct sspi_exchange *exchange, uint8_t word,
                     const char *directory)
{
    *way = (struct way){.word = word};
    write_content(exchange, way);
    way->place.directory = directory;
    way->place.content = bytes_as_view(&way->content);
    set_session(exchange, &way->place);
    return !way->content.failed;
}

/* Returns why this way cannot be tried (static text). NULL: it can. */
static const char *find_obstacle(const struct sspi_exchange *exchange, const struct way *way)
{
    const struct request_delegated *login = login_of(exchange);
    if (way->word != SSPI_DELEGATION_FORWARDED)
        return "constrained delegation is not possible here";
    if (exchange->from_session)
        return "the session began on another host or at a location without SSPIDelegation, or its "
               "tickets have ended";
    if (exchange->identity.mech != SSPI_MECH_KERBEROS)
        return "only clients of Kerberos forward tickets";
    if (login == NULL || !login->asked)
        return "the login was made at a location without forwarded in SSPIDelegation";
    if (login->from.ccache == NULL)
        return "the client forwarded no ticket: its ticket must be forwardable, and the client "
               "must "
               "be set to delegate to this server";
    return NULL;
}

/* ---- steps ---- */

/* SSPI_REASON_NONE: the job of this way must run. GRANTED: the file exists. NOT_COVERED: this way
 * has none, and delegation.why says why. */
static enum sspi_reason try_way(struct sspi_exchange *exchange, const struct way *way)
{
    struct request_delegation *delegation = &exchange->delegation;
    if (find_among_own(delegation, way) || find_on_connection(exchange, way) ||
        find_of_session(exchange, way))
        return SSPI_REASON_GRANTED;
    if (bytes_equal(bytes_as_view(&delegation->failed[way->word]), way->place.content))
        return SSPI_REASON_NOT_COVERED;
    const char *obstacle = find_obstacle(exchange, way);
    if (obstacle != NULL) {
        snprintf(delegation->why, sizeof(delegation->why), "%s", obstacle);
        return SSPI_REASON_NOT_COVERED;
    }
    struct making *making = making_new(exchange, way, login_of(exchange));
    if (making == NULL)
        return request_exchange_out_of_memory(exchange);
    delegation->job = &making->job;
    return SSPI_REASON_NONE;
}

/* Notes that a job made no file, so that no step of this request tries the same again. */
static void note_failure(struct request_delegation *delegation, const struct making *making,
                         enum acceptor_job_state state)
{
    struct bytes *failed = &delegation->failed[making->word];
    bytes_free(failed);
    bytes_append_view(failed, making->place.content);
    delegation->is_busy = state != ACCEPTOR_JOB_DONE;
    if (state == ACCEPTOR_JOB_NEW)
        snprintf(delegation->why, sizeof(delegation->why), "no thread was free to get them");
    else if (state == ACCEPTOR_JOB_RUNNING)
        snprintf(delegation->why, sizeof(delegation->why), "it takes too long to get them");
    else
        snprintf(delegation->why, sizeof(delegation->why),
                 "their file in %.150s was not made: %.250s", making->place.directory, making->why);
}

/* Takes the result of the job, which has run, or which the server released before. False: no
 * memory. */
static bool end_job(struct sspi_exchange *exchange)
{
    struct request_delegation *delegation = &exchange->delegation;
    struct making *making = (struct making *)delegation->job;
    bool done = true;
    if (making == NULL)
        return true;
    delegation->job = NULL;
    enum acceptor_job_state state = acceptor_job_state(&making->job);
    if (state == ACCEPTOR_JOB_DONE && making->made != NULL) {
        keep_on_connection(exchange, making->made);
        done = keep(delegation, acceptor_ccache_ref(making->made));
        delegation->found = NULL; /* the step looks whether it serves here */
    } else {
        note_failure(delegation, making, state);
        done = !delegation->failed[making->word].failed;
    }
    sspi_job_unref(&making->job);
    return done;
}

/* ---- without a file ---- */

/* True if a new login of the client can bring the tickets. */
static bool may_log_in_again(const struct sspi_exchange *exchange)
{
    const struct request_delegated *login = login_of(exchange);
    return exchange->from_session ||
           (exchange->from_connection && (login == NULL || !login->asked));
}

static enum sspi_reason reason_of_lack(const struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy)
{
    if (!policy->delegation_required)
        return SSPI_REASON_NO_DELEGATION;
    if (exchange->delegation.is_busy)
        return SSPI_REASON_BUSY;
    return may_log_in_again(exchange) ? SSPI_REASON_DELEGATION_ELSEWHERE
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
        WAY_CLEANUP struct way way;
        if (!way_init(&way, exchange, *at, directory))
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
