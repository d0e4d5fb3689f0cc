/* SPDX-License-Identifier: Apache-2.0 */
#include "request_delegation_job.h"

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "error_info.h"
#include "kerberos_constrained.h"
#include "kerberos_delegation.h"

/* A job owns copies of all that it reads, except what lives as long as the acceptor. */
struct delegating {
    struct request_delegation_job base; /* first */
    struct request_delegated *login;    /* a reference; NULL: none */
    struct acceptor_ticket *ticket;     /* as `login` */
    struct bytes session_id;
    struct acceptor_ccache_place place;
    const struct hash_suite *hashes;
    struct acceptor_tickets *tickets;
    struct kerberos_service_credential *service;
    struct bytes user, key;
    struct sspi_view *targets;
    size_t n_targets;
};

void request_delegation_way_clear(struct request_delegation_way *way)
{
    bytes_free(&way->content);
    bytes_free(&way->user);
    bytes_free(&way->key);
}

static void destroy(struct sspi_job *job)
{
    struct delegating *delegating = (struct delegating *)job;
    acceptor_ccache_unref(delegating->base.made);
    request_delegated_unref(delegating->login);
    acceptor_ticket_unref(delegating->ticket);
    bytes_free(&delegating->base.content);
    bytes_free(&delegating->base.directory);
    bytes_free(&delegating->session_id);
    bytes_free(&delegating->user);
    bytes_free(&delegating->key);
    free(delegating->targets);
    free(delegating);
}

/* ---- writing ---- */

static void run_write(struct sspi_job *job)
{
    struct delegating *delegating = (struct delegating *)job;
    const char *from = delegating->ticket != NULL ? acceptor_ticket_ccache(delegating->ticket)
                                                  : delegating->login->from.ccache;
    char why[SSPI_ERROR_SIZE];
    delegating->base.made =
        acceptor_ccache_write(delegating->hashes, &delegating->place, from, why);
    if (delegating->base.made != NULL)
        return;
    delegating->base.reason = SSPI_REASON_NO_DELEGATION;
    snprintf(delegating->base.why, sizeof(delegating->base.why),
             "their file in %.150s was not made: %.250s", delegating->place.directory, why);
}

/* ---- asking ---- */

static void note_refusal(struct delegating *delegating, const struct sspi_error_info *error_info)
{
    delegating->base.reason =
        error_info->reason == SSPI_REASON_NONE ? SSPI_REASON_NO_DELEGATION : error_info->reason;
    snprintf(delegating->base.why, sizeof(delegating->base.why), "%s", error_info->text);
}

/* Tickets that end soon are used until they end. */
static uint64_t use_until(uint64_t end_ms, uint64_t now_ms)
{
    return end_ms > now_ms + ACCEPTOR_TICKETS_MARGIN_MS ? end_ms - ACCEPTOR_TICKETS_MARGIN_MS
                                                        : end_ms;
}

static SECURITY_STATUS get(struct delegating *delegating, char **ret_ccache, uint64_t *ret_end_ms,
                           struct sspi_error_info *error_info)
{
    const struct kerberos_constrained constrained = {
        .service = delegating->service,
        .user = delegating->user.data,
        .evidence = delegating->login == NULL ? (struct sspi_view){NULL, 0}
                                              : bytes_as_view(&delegating->login->from.evidence),
        .targets = delegating->targets,
        .n_targets = delegating->n_targets,
    };
    return kerberos_constrained_get(&constrained, ret_ccache, ret_end_ms, error_info);
}

/* A refusal of the KDC is remembered, a failure to ask it is not. */
static struct acceptor_ticket *ask(struct delegating *delegating, uint64_t now_ms)
{
    struct sspi_view key = bytes_as_view(&delegating->key);
    struct sspi_error_info error_info = {0};
    char *ccache = NULL;
    uint64_t end_ms = 0;
    SECURITY_STATUS status = get(delegating, &ccache, &end_ms, &error_info);
    delegating->base.job.is_unanswered = status == SEC_E_NO_AUTHENTICATING_AUTHORITY;
    if (status == SEC_E_OK && end_ms > now_ms)
        return acceptor_tickets_end(delegating->tickets, key, ccache, use_until(end_ms, now_ms),
                                    NULL);
    if (status == SEC_E_OK) {
        kerberos_delegation_free(ccache);
        error_info_set(&error_info, SSPI_REASON_NO_DELEGATION,
                       "the KDC's ticket has ended already");
    }
    note_refusal(delegating, &error_info);
    return acceptor_tickets_end(
        delegating->tickets, key, NULL, now_ms + ACCEPTOR_TICKETS_REFUSED_MS,
        error_info.reason == SSPI_REASON_NO_DELEGATION ? &error_info : NULL);
}

/* The next step finds the entry in the table. */
static void run_ask(struct sspi_job *job)
{
    struct delegating *delegating = (struct delegating *)job;
    const struct clock *clock = clock_machine();
    uint64_t now_ms = clock->now_ms(clock->self);
    struct acceptor_ticket *entry =
        acceptor_tickets_begin(delegating->tickets, bytes_as_view(&delegating->key), now_ms);
    if (entry == NULL)
        entry = ask(delegating, now_ms);
    /* Without this, each step would ask the KDC again. */
    if (entry == NULL && delegating->base.reason == SSPI_REASON_NONE) {
        delegating->base.reason = SSPI_REASON_NO_DELEGATION;
        snprintf(delegating->base.why, sizeof(delegating->base.why), OUT_OF_MEMORY);
    }
    acceptor_ticket_unref(entry);
}

/* ---- making ---- */

/* False: no memory. */
static bool copy_place(struct delegating *delegating, const struct request_delegation_way *way)
{
    const struct acceptor_ccache_place *place = &way->place;
    bytes_append_text(&delegating->base.directory, place->directory);
    bytes_append_char(&delegating->base.directory, '\0');
    bytes_append_view(&delegating->base.content, place->content);
    bytes_append_view(&delegating->session_id, place->session_id);
    if (delegating->base.directory.failed || delegating->base.content.failed ||
        delegating->session_id.failed)
        return false;
    delegating->place = *place;
    delegating->place.directory = delegating->base.directory.data;
    delegating->place.content = bytes_as_view(&delegating->base.content);
    if (place->session_id.data != NULL)
        delegating->place.session_id = bytes_as_view(&delegating->session_id);
    return true;
}

/* False: no memory. */
static bool copy_question(struct delegating *delegating, const struct request_delegation_way *way)
{
    bytes_append_view(&delegating->user, bytes_as_view(&way->user));
    bytes_append_view(&delegating->key, bytes_as_view(&way->key));
    delegating->n_targets = way->targets->n;
    delegating->service = way->service;
    return !delegating->user.failed && !delegating->key.failed &&
           bytes_copy_views(way->targets->words, way->targets->n, &delegating->targets);
}

/* NULL: no memory. */
static struct delegating *delegating_new(const struct sspi_acceptor *acceptor,
                                         const struct request_delegation_way *way,
                                         struct request_delegated *login,
                                         void (*run)(struct sspi_job *job))
{
    struct delegating *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return NULL;
    acceptor_job_init(&made->base.job, run, destroy);
    made->base.word = way->word;
    made->base.asks_kdc = run == run_ask;
    made->hashes = &acceptor->hashes;
    made->tickets = acceptor->tickets;
    made->login = login == NULL ? NULL : request_delegated_ref(login);
    if (copy_place(made, way) && (!made->base.asks_kdc || copy_question(made, way)))
        return made;
    sspi_job_unref(&made->base.job);
    return NULL;
}

struct request_delegation_job *
request_delegation_job_write(const struct sspi_acceptor *acceptor,
                             const struct request_delegation_way *way,
                             struct request_delegated *login, struct acceptor_ticket *ticket)
{
    struct delegating *made = delegating_new(acceptor, way, login, run_write);
    if (made != NULL && ticket != NULL)
        made->ticket = acceptor_ticket_ref(ticket);
    return made == NULL ? NULL : &made->base;
}

struct request_delegation_job *request_delegation_job_ask(const struct sspi_acceptor *acceptor,
                                                          const struct request_delegation_way *way,
                                                          struct request_delegated *login)
{
    struct delegating *made = delegating_new(acceptor, way, login, run_ask);
    return made == NULL ? NULL : &made->base;
}
