/* SPDX-License-Identifier: Apache-2.0 */
#include "request_onward.h"

#include <stdlib.h>
#include <string.h>

#include "acceptor_ccache.h"
#include "acceptor_job.h"
#include "base64.h"
#include "error_info.h"
#include "escape.h"
#include "kerberos_initiate.h"
#include "request_count.h"

struct login {
    struct sspi_job job;            /* first: the exchange holds a pointer to it */
    struct acceptor_ccache *ccache; /* a reference: the file must not end before the job */
    struct bytes target;            /* a NUL follows */
    char *client;                   /* the principal of the tickets; NULL: it is not known here */
    struct bytes token;
    /* The first job has no slot and must not ask the KDC: while the KDC is silent, users with a
     * ticket for the upstream need not wait. */
    bool may_ask_kdc;
    bool lacks_ticket; /* the first job found none, so a second one asks the KDC */
    SECURITY_STATUS status;
    struct sspi_error_info error_info;
};

/* ---- the job ---- */

static void run(struct sspi_job *job)
{
    struct login *login = (struct login *)job;
    const char *ccache = acceptor_ccache_name(login->ccache).data;
    login->lacks_ticket =
        !login->may_ask_kdc && !kerberos_initiate_has_ticket(ccache, login->target.data);
    if (login->lacks_ticket)
        return;
    login->status = kerberos_initiate_token(ccache, login->client, login->target.data,
                                            &login->token, &login->error_info);
    job->is_unanswered = login->error_info.reason == SSPI_REASON_KDC_UNREACHABLE;
}

static void destroy(struct sspi_job *job)
{
    struct login *login = (struct login *)job;
    acceptor_ccache_unref(login->ccache);
    bytes_free(&login->target);
    bytes_free(&login->token);
    free(login->client);
    free(login);
}

/* The name of another mechanism is not that of the tickets, which s4u2self got. False: no memory.
 */
static bool set_client(struct login *login, const struct policy_identity *identity)
{
    if (identity->mech != SSPI_MECH_KERBEROS)
        return true;
    login->client = strdup(identity->name);
    return login->client != NULL;
}

/* NULL: no memory. */
static struct login *login_new(const struct sspi_exchange *exchange, struct sspi_view target)
{
    struct login *login = calloc(1, sizeof(*login));
    if (login == NULL)
        return NULL;
    acceptor_job_init(&login->job, run, destroy);
    login->ccache = acceptor_ccache_ref(exchange->delegation.found);
    bytes_append_view(&login->target, target);
    bytes_append_char(&login->target, '\0');
    if (!login->target.failed && set_client(login, &exchange->identity))
        return login;
    sspi_job_unref(&login->job);
    return NULL;
}

/* ---- without a login ---- */

static enum sspi_reason reason_of_lack(const struct sspi_policy *policy, enum sspi_reason reason)
{
    if (!policy->delegation_required)
        return SSPI_REASON_NO_DELEGATION;
    return request_count_status(reason) == 503 ? reason : SSPI_REASON_DELEGATION_REQUIRED;
}

static enum sspi_reason lack(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                             enum sspi_reason why, const char *text)
{
    enum sspi_reason reason = reason_of_lack(policy, why);
    char shown[ESCAPE_NAME_SIZE], service[ESCAPE_NAME_SIZE];
    (void)request_exchange_log(
        exchange, reason, SEC_E_OK, "%s has no login for the upstream %s: %s",
        escape_text(shown, sizeof(shown), bytes_view(exchange->identity.name)),
        escape_text(service, sizeof(service), policy->proxy_negotiate.words[0]), text);
    return reason == SSPI_REASON_NO_DELEGATION ? SSPI_REASON_GRANTED : reason;
}

/* ---- steps ---- */

static void drop(struct sspi_exchange *exchange)
{
    sspi_job_unref(exchange->onward.job);
    exchange->onward.job = NULL;
    bytes_free(&exchange->onward.value);
}

static enum sspi_reason begin(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    struct login *login = login_new(exchange, policy->proxy_negotiate.words[0]);
    if (login == NULL)
        return request_exchange_out_of_memory(exchange);
    exchange->onward.job = &login->job;
    return SSPI_REASON_NONE;
}

static enum sspi_reason begin_asking(struct sspi_exchange *exchange,
                                     const struct sspi_policy *policy)
{
    enum sspi_reason reason = begin(exchange, policy);
    if (reason != SSPI_REASON_NONE)
        return reason;
    ((struct login *)exchange->onward.job)->may_ask_kdc = true;
    switch (acceptor_job_acquire(exchange->onward.job,
                                 acceptor_limiter_of(exchange->acceptor, ACCEPTOR_WAIT_KDC))) {
    case ACCEPTOR_LIMITER_ACQUIRED:
        return SSPI_REASON_NONE;
    case ACCEPTOR_LIMITER_FULL:
        drop(exchange);
        return lack(exchange, policy, SSPI_REASON_BUSY, "too many jobs wait for the KDC");
    case ACCEPTOR_LIMITER_CLOSED:
        break;
    }
    drop(exchange);
    return lack(exchange, policy, SSPI_REASON_KDC_UNREACHABLE,
                "a short time ago the KDC did not answer");
}

static enum sspi_reason take_token(struct sspi_exchange *exchange, const struct bytes *token)
{
    struct bytes *value = &exchange->onward.value;
    bytes_append_text(value, "Negotiate ");
    base64_encode(value, bytes_as_view(token));
    bytes_append_char(value, '\0');
    if (value->failed)
        return request_exchange_out_of_memory(exchange);
    exchange->result.onward = (struct sspi_view){value->data, value->len - 1};
    return SSPI_REASON_GRANTED;
}

/* Takes the result of the job, which has run, or which the server released before. */
static enum sspi_reason end(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                            const struct login *login)
{
    switch (acceptor_job_state(&login->job)) {
    case ACCEPTOR_JOB_NEW:
        return lack(exchange, policy, SSPI_REASON_BUSY, "no thread was free to make it");
    case ACCEPTOR_JOB_RUNNING:
        return login->may_ask_kdc
                   ? lack(exchange, policy, SSPI_REASON_KDC_UNREACHABLE, "the KDC does not answer")
                   : lack(exchange, policy, SSPI_REASON_BUSY, "it takes too long to make it");
    case ACCEPTOR_JOB_DONE:
        break;
    }
    if (login->lacks_ticket)
        return begin_asking(exchange, policy);
    if (login->status == SEC_E_OK)
        return take_token(exchange, &login->token);
    if (login->status == SEC_E_INSUFFICIENT_MEMORY)
        return request_exchange_out_of_memory(exchange);
    return lack(exchange, policy, login->error_info.reason, login->error_info.text);
}

/* True if the job logs the user of this step in at the upstream of this step. A subrequest may have
 * stepped meanwhile. */
static bool is_for(const struct login *login, const struct sspi_exchange *exchange,
                   const struct sspi_policy *policy)
{
    struct sspi_view target = {login->target.data, login->target.len - 1};
    return login->ccache == exchange->delegation.found &&
           bytes_equal(target, policy->proxy_negotiate.words[0]);
}

enum sspi_reason request_onward_find(struct sspi_exchange *exchange,
                                     const struct sspi_policy *policy)
{
    struct login *login = (struct login *)exchange->onward.job;
    enum sspi_reason reason;
    bytes_free(&exchange->onward.value);
    if (policy->proxy_negotiate.n == 0 || exchange->delegation.found == NULL)
        return SSPI_REASON_GRANTED;
    if (login == NULL || !is_for(login, exchange, policy)) {
        drop(exchange);
        return begin(exchange, policy);
    }
    exchange->onward.job = NULL;
    reason = end(exchange, policy, login);
    sspi_job_unref(&login->job);
    return reason;
}

const struct sspi_result *sspi_exchange_note_upstream(struct sspi_exchange *exchange,
                                                      const struct sspi_policy *policy)
{
    char shown[ESCAPE_NAME_SIZE], service[ESCAPE_NAME_SIZE];
    request_exchange_begin_result(exchange);
    (void)request_exchange_log(
        exchange, SSPI_REASON_UPSTREAM_REFUSED, SEC_E_OK,
        "the upstream %s answered 401 to a request of %s: the client got 502",
        escape_text(service, sizeof(service), policy->proxy_negotiate.words[0]),
        exchange->identity.name == NULL
            ? "no user"
            : escape_text(shown, sizeof(shown), bytes_view(exchange->identity.name)));
    return &exchange->result;
}
