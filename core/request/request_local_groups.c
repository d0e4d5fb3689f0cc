/* SPDX-License-Identifier: Apache-2.0 */
#include "request_local_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "acceptor_job.h"
#include "escape.h"
#include "policy.h"
#include "request_user_name.h"

#define ACCOUNT_CLEANUP __attribute__((cleanup(account_clear)))

/* The job, and what it found. Once it is done, any thread may read it. */
struct lookup {
    struct sspi_job job; /* first: the exchange holds a pointer to it */
    char *user;          /* whose groups these are: name, mechanism and source of the identity */
    uint8_t mech;
    const struct acceptor_source *source; /* two user files may have a user of this name */
    bool needs_job; /* false: the user has no account, so the job never runs */
    char *account;  /* NTLM: known before the job runs; only the job uses it */
    struct bytes text;
    const char **names; /* in `text`, sorted, once each */
    size_t n_names;
    SECURITY_STATUS status;
    int error; /* errno of a failure */
};

static struct lookup *lookup_of(const struct sspi_exchange *exchange)
{
    return (struct lookup *)exchange->local_groups;
}

/* ---- the job ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static SECURITY_STATUS sort_names(struct lookup *lookup, size_t n)
{
    const char *at = lookup->text.data;
    lookup->names = calloc(n + 1, sizeof(*lookup->names));
    if (lookup->names == NULL)
        return SEC_E_INSUFFICIENT_MEMORY;
    for (size_t i = 0; i < n; i++, at += strlen(at) + 1)
        lookup->names[i] = at;
    qsort(lookup->names, n, sizeof(*lookup->names), compare_names);
    for (size_t i = 0; i < n; i++) {
        size_t last = lookup->n_names;
        if (last == 0 || strcmp(lookup->names[last - 1], lookup->names[i]) != 0)
            lookup->names[lookup->n_names++] = lookup->names[i];
    }
    return SEC_E_OK;
}

/* A group without an entry in the database has no name that a requirement could have. */
static SECURITY_STATUS read_names(struct lookup *lookup, const struct account *account)
{
    size_t n = 0;
    for (size_t i = 0; i < account->n_groups; i++) {
        size_t before = lookup->text.len;
        SECURITY_STATUS status = account_append_group(account->groups[i], &lookup->text);
        if (status != SEC_E_OK)
            return status;
        n += lookup->text.len > before;
    }
    return n == 0 ? SEC_E_OK : sort_names(lookup, n);
}

static SECURITY_STATUS read_groups(struct lookup *lookup)
{
    ACCOUNT_CLEANUP struct account account = {0};
    /* krb5 reads its files for this, so it is a part of the job. */
    if (lookup->mech == SSPI_MECH_KERBEROS &&
        request_user_name_map(lookup->user, &lookup->account) == REQUEST_USER_NAME_NO_MEMORY)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (lookup->account == NULL)
        return SEC_E_OK;
    SECURITY_STATUS status = account_find(lookup->account, &account);
    return status == SEC_E_OK ? read_names(lookup, &account) : status;
}

static void run(struct sspi_job *job)
{
    struct lookup *lookup = (struct lookup *)job;
    lookup->status = read_groups(lookup);
    lookup->error = lookup->status == SEC_E_OK ? 0 : errno;
    /* NSS does not say whether a source timed out: only the time tells. */
    job->is_unanswered = acceptor_job_is_late(job);
}

static void destroy(struct sspi_job *job)
{
    struct lookup *lookup = (struct lookup *)job;
    bytes_free(&lookup->text);
    free(lookup->names);
    free(lookup->account);
    free(lookup->user);
    free(lookup);
}

/* Users of Digest and of other packages have no account. False: no memory. */
static bool set_user(struct lookup *lookup, const struct policy_identity *identity)
{
    enum request_user_name named = REQUEST_USER_NAME_GOOD;
    lookup->mech = identity->mech;
    lookup->source = identity->source;
    lookup->user = strdup(identity->name);
    if (identity->mech == SSPI_MECH_NTLM)
        named = request_user_name_account(identity, &lookup->account);
    lookup->needs_job = lookup->account != NULL || identity->mech == SSPI_MECH_KERBEROS;
    return lookup->user != NULL && named != REQUEST_USER_NAME_NO_MEMORY;
}

/* NULL: no memory. */
static struct lookup *lookup_new(const struct sspi_exchange *exchange)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    if (lookup == NULL)
        return NULL;
    acceptor_job_init(&lookup->job, run, destroy);
    if (set_user(lookup, &exchange->identity))
        return lookup;
    sspi_job_unref(&lookup->job);
    return NULL;
}

/* ---- before and after the job ---- */

static void drop(struct sspi_exchange *exchange)
{
    sspi_job_unref(exchange->local_groups);
    exchange->local_groups = NULL;
}

/* `lookup` is dropped, so that a later step looks the account up again. */
static enum sspi_reason refuse(struct sspi_exchange *exchange, const char *why)
{
    char shown[ESCAPE_NAME_SIZE];
    escape_text(shown, sizeof(shown), bytes_view(exchange->identity.name));
    drop(exchange);
    return request_exchange_log(exchange, SSPI_REASON_LOCAL_GROUPS,
                                SEC_E_NO_AUTHENTICATING_AUTHORITY,
                                "the groups that %s has on this machine could not be read: %s. "
                                "Check nsswitch.conf, and SSSD or winbind if it names them",
                                shown, why);
}

static enum sspi_reason begin(struct sspi_exchange *exchange)
{
    struct lookup *lookup = lookup_new(exchange);
    if (lookup == NULL)
        return request_exchange_out_of_memory(exchange);
    drop(exchange);
    exchange->local_groups = &lookup->job;
    if (!lookup->needs_job)
        return SSPI_REASON_GRANTED;
    struct acceptor_limiter *limiter = acceptor_limiter_of(exchange->acceptor, ACCEPTOR_WAIT_NSS);
    return acceptor_job_acquire(&lookup->job, limiter) == ACCEPTOR_LIMITER_ACQUIRED
               ? SSPI_REASON_NONE
               : refuse(exchange, "a short time ago such a lookup took too long");
}

static enum sspi_reason end(struct sspi_exchange *exchange)
{
    const struct lookup *lookup = lookup_of(exchange);
    switch (acceptor_job_state(&lookup->job)) {
    case ACCEPTOR_JOB_NEW:
        return refuse(exchange, "no thread was free to look it up");
    case ACCEPTOR_JOB_RUNNING:
        return refuse(exchange, "the lookup takes too long");
    case ACCEPTOR_JOB_DONE:
        break;
    }
    if (lookup->status == SEC_E_OK)
        return SSPI_REASON_GRANTED;
    if (lookup->status == SEC_E_INSUFFICIENT_MEMORY)
        return request_exchange_out_of_memory(exchange);
    return refuse(exchange, strerror(lookup->error));
}

/* True if the lookup, if there is one, was made for the user of the exchange. */
static bool is_of_user(const struct sspi_exchange *exchange)
{
    const struct lookup *lookup = lookup_of(exchange);
    return lookup != NULL && lookup->mech == exchange->identity.mech &&
           lookup->source == exchange->identity.source && exchange->identity.name != NULL &&
           strcmp(lookup->user, exchange->identity.name) == 0;
}

enum sspi_reason request_local_groups_find(struct sspi_exchange *exchange,
                                           const struct sspi_policy *policy)
{
    if (!policy->groups.offers[SSPI_GROUPS_LOCAL])
        return SSPI_REASON_GRANTED;
    if (!is_of_user(exchange))
        return begin(exchange);
    return lookup_of(exchange)->needs_job ? end(exchange) : SSPI_REASON_GRANTED;
}

/* ---- the groups ---- */

/* Returns the lookup if it knows the groups of the user of the exchange. */
static const struct lookup *known(const struct sspi_exchange *exchange)
{
    const struct lookup *lookup = lookup_of(exchange);
    bool known = is_of_user(exchange) && acceptor_job_state(&lookup->job) == ACCEPTOR_JOB_DONE &&
                 lookup->status == SEC_E_OK;
    return known ? lookup : NULL;
}

bool request_local_groups_has(const struct sspi_exchange *exchange, struct sspi_view name)
{
    const struct lookup *lookup = known(exchange);
    size_t first = 0, end = lookup == NULL || name.len == 0 ? 0 : lookup->n_names;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        int order = bytes_compare(name, bytes_view(lookup->names[middle]));
        if (order == 0)
            return true;
        if (order < 0)
            end = middle;
        else
            first = middle + 1;
    }
    return false;
}

void request_local_groups_visit(const struct sspi_exchange *exchange,
                                void (*visit)(void *self, struct sspi_view name), void *self)
{
    const struct lookup *lookup = known(exchange);
    for (size_t i = 0; lookup != NULL && i < lookup->n_names; i++)
        visit(self, bytes_view(lookup->names[i]));
}
