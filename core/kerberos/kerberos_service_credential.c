/* SPDX-License-Identifier: Apache-2.0 */
#include "kerberos_service_credential.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error_info.h"
#include "escape.h"
#include "kerberos_delegation.h"
#include "kerberos_kdc.h"
#include "kerberos_keys.h"
#include "kerberos_name.h"

/* The most principals of a keytab that are tried. */
#define CLIENTS_LIMIT 4

#define KEYTAB_NAME_SIZE 64

/* The least age of a ticket that is given up. */
#define GIVEN_UP_MS 60000

/* How long a failure is remembered. */
#define REFUSED_MS     60000
#define UNREACHABLE_MS 10000 /* as ACCEPTOR_LIMITER_CLOSED_MS */

/* A failure, and while it counts. Other keys end it. */
struct failure {
    SECURITY_STATUS status; /* SEC_E_OK: none */
    struct sspi_error_info error_info;
    uint64_t until_ms; /* steady clock */
    uint64_t generation;
};

struct kerberos_service_credential {
    struct ref ref;
    struct sspi_keytab *keytab;
    char *client;            /* NULL: any of the keytab */
    struct sspi_view *names; /* the accepted services, one block with their text */
    size_t n_names;
    pthread_mutex_t mutex; /* guards all that follows */
    pthread_cond_t asked;  /* `is_asking` became false */
    bool is_asking;        /* a thread asks the KDC, without the mutex */
    struct kerberos_service_ticket *ticket;
    struct failure failure;
};

static void ticket_free(struct kerberos_service_ticket *ticket)
{
    kerberos_delegation_free(ticket->ccache);
    free(ticket->principal);
    free(ticket);
}

REF(kerberos_service_ticket, struct kerberos_service_ticket, ref, ticket_free)

static void service_free(struct kerberos_service_credential *service)
{
    kerberos_service_ticket_unref(service->ticket);
    kerberos_keytab_unref(service->keytab);
    pthread_cond_destroy(&service->asked);
    pthread_mutex_destroy(&service->mutex);
    free(service->names);
    free(service->client);
    free(service);
}

REF(kerberos_service_credential, struct kerberos_service_credential, ref, service_free)

struct sspi_keytab *
kerberos_service_credential_keytab(const struct kerberos_service_credential *service)
{
    return service->keytab;
}

static uint64_t wall_ms(void)
{
    const struct clock *clock = clock_machine();
    return clock->now_ms(clock->self);
}

/* ---- making one ---- */

static bool check_client(struct kerberos_service_credential *service, char *error,
                         size_t error_size)
{
    BYTES_CLEANUP struct bytes there = {0};
    if (kerberos_keytab_has_principal(service->keytab, bytes_view(service->client)))
        return true;
    kerberos_keys_list(kerberos_keytab_keys(service->keytab), &there);
    snprintf(error, error_size,
             "keytab %s has no key for %s; it has keys for %.*s; add one with kadmin's ktadd",
             kerberos_keytab_path(service->keytab), service->client, (int)bytes_as_view(&there).len,
             bytes_as_view(&there).data);
    return false;
}

/* Completes the name with the default realm. */
static bool set_client(struct kerberos_service_credential *service, const char *client, char *error,
                       size_t error_size)
{
    krb5_context context;
    krb5_principal principal = NULL;
    char *name = NULL;
    snprintf(error, error_size, OUT_OF_MEMORY);
    if (krb5_init_context(&context) != 0)
        return false;
    krb5_error_code code = krb5_parse_name(context, client, &principal);
    if (code == 0)
        code = krb5_unparse_name(context, principal, &name);
    if (code == 0)
        service->client = strdup(name);
    else
        snprintf(error, error_size,
                 "%s: not the name of a principal; name one of the keytab, as "
                 "klist -k shows it",
                 client);
    krb5_free_unparsed_name(context, name);
    krb5_free_principal(context, principal);
    krb5_free_context(context);
    return service->client != NULL && check_client(service, error, error_size);
}

struct kerberos_service_credential *
kerberos_service_credential_new(struct sspi_keytab *keytab, const char *client,
                                const struct sspi_view *services, size_t n_services, char *error,
                                size_t error_size)
{
    struct kerberos_service_credential *service = calloc(1, sizeof(*service));
    if (service == NULL) {
        snprintf(error, error_size, OUT_OF_MEMORY);
        return NULL;
    }
    ref_init(&service->ref);
    service->keytab = kerberos_keytab_ref(keytab);
    pthread_mutex_init(&service->mutex, NULL);
    pthread_cond_init(&service->asked, NULL);
    if (!bytes_copy_views(services, n_services, &service->names)) {
        snprintf(error, error_size, OUT_OF_MEMORY);
        service_free(service);
        return NULL;
    }
    service->n_names = n_services;
    if (client == NULL || set_client(service, client, error, error_size))
        return service;
    service_free(service);
    return NULL;
}

/* ---- asking the KDC ---- */

/* One attempt with one principal. */
struct attempt {
    krb5_context context;
    krb5_principal client;
    krb5_keytab keytab;
    krb5_ccache cache;
    krb5_get_init_creds_opt *options;
    krb5_creds creds;
};

static void attempt_clear(struct attempt *attempt)
{
    krb5_free_cred_contents(attempt->context, &attempt->creds);
    krb5_get_init_creds_opt_free(attempt->context, attempt->options);
    if (attempt->cache != NULL)
        krb5_cc_close(attempt->context, attempt->cache);
    krb5_free_principal(attempt->context, attempt->client);
}

/* KDCs forward a user's ticket only to a service whose own ticket is forwardable. */
static krb5_error_code get_ticket(struct attempt *attempt, const char *client, const char *ccache)
{
    krb5_error_code code = krb5_parse_name(attempt->context, client, &attempt->client);
    if (code == 0)
        code = krb5_cc_resolve(attempt->context, ccache, &attempt->cache);
    if (code == 0)
        code = krb5_get_init_creds_opt_alloc(attempt->context, &attempt->options);
    if (code == 0)
        code = krb5_get_init_creds_opt_set_out_ccache(attempt->context, attempt->options,
                                                      attempt->cache);
    if (code != 0)
        return code;
    krb5_get_init_creds_opt_set_forwardable(attempt->options, 1);
    return krb5_get_init_creds_keytab(attempt->context, &attempt->creds, attempt->client,
                                      attempt->keytab, 0, NULL, attempt->options);
}

/* The MEMORY keytab has only this principal's keys. */
static krb5_error_code get_ticket_by_key(struct kerberos_service_credential *service,
                                         struct attempt *attempt, const char *client,
                                         const char *ccache)
{
    char name[KEYTAB_NAME_SIZE];
    struct kerberos_keys_copy copy;
    struct kerberos_keys *keys = kerberos_keytab_keys(service->keytab);
    /* Unique, because only one thread at a time asks for a service. */
    snprintf(name, sizeof(name), "MEMORY:sspi-client-%p", (void *)service);
    if (!kerberos_keys_copy_principal(&copy, keys, name, client))
        return ENOMEM;
    attempt->keytab = copy.memory;
    krb5_error_code code = get_ticket(attempt, client, ccache);
    kerberos_keys_copy_clear(&copy, keys);
    return code;
}

/* Three quarters of the life, so that there is time for further attempts. */
static void set_times(struct kerberos_service_ticket *ticket, const krb5_ticket_times *times)
{
    uint64_t end_ms = kerberos_service_time_ms(times->endtime);
    uint64_t start_ms =
        kerberos_service_time_ms(times->starttime != 0 ? times->starttime : times->authtime);
    ticket->asked_ms = wall_ms();
    ticket->end_ms = end_ms;
    ticket->refresh_ms = start_ms < end_ms ? start_ms + (end_ms - start_ms) / 4 * 3 : end_ms;
}

static struct kerberos_service_ticket *ticket_new(krb5_context context, const char *client)
{
    struct kerberos_service_ticket *ticket = calloc(1, sizeof(*ticket));
    if (ticket == NULL)
        return NULL;
    ref_init(&ticket->ref);
    ticket->principal = strdup(client);
    if (ticket->principal != NULL && kerberos_delegation_new(context, &ticket->ccache))
        return ticket;
    ticket_free(ticket);
    return NULL;
}

/* SEC_E_OK without a ticket: the KDC refused, and the text was appended to `refusals`. */
static SECURITY_STATUS try_client(struct kerberos_service_credential *service, krb5_context context,
                                  const char *client, struct kerberos_service_ticket **ret_ticket,
                                  struct bytes *refusals, struct sspi_error_info *error_info)
{
    char text[KERBEROS_KDC_TEXT_SIZE];
    char name[ESCAPE_NAME_SIZE];
    struct attempt attempt = {.context = context};
    struct kerberos_service_ticket *ticket = ticket_new(context, client);
    if (ticket == NULL)
        return error_info_no_memory(error_info);
    krb5_error_code code = get_ticket_by_key(service, &attempt, client, ticket->ccache);
    if (code == 0) {
        set_times(ticket, &attempt.creds.times);
        *ret_ticket = ticket;
        attempt_clear(&attempt);
        return SEC_E_OK;
    }
    kerberos_kdc_text(context, code, text, sizeof(text));
    attempt_clear(&attempt);
    kerberos_service_ticket_unref(ticket);
    bytes_append_format(refusals, "%s%s (%s)", refusals->len > 0 ? ", " : "",
                        escape_text(name, sizeof(name), bytes_view(client)), text);
    return kerberos_kdc_status(context, code, error_info);
}

static SECURITY_STATUS refuse_clients(struct kerberos_service_credential *service,
                                      const struct bytes *refusals,
                                      struct sspi_error_info *error_info)
{
    struct sspi_view text = bytes_as_view(refusals);
    if (text.len == 0)
        text = SSPI_VIEW("none has a key");
    return error_info_refuse(error_info, SEC_E_LOGON_DENIED, SSPI_REASON_NO_DELEGATION,
                             "the KDC accepts no principal of keytab %s as a client: %.*s; name "
                             "one that it accepts with SSPIClientPrincipal",
                             kerberos_keytab_path(service->keytab), (int)text.len, text.data);
}

static SECURITY_STATUS try_clients(struct kerberos_service_credential *service,
                                   krb5_context context, char *const *clients, size_t n_clients,
                                   struct kerberos_service_ticket **ret_ticket,
                                   struct sspi_error_info *error_info)
{
    BYTES_CLEANUP struct bytes refusals = {0};
    for (size_t i = 0; i < n_clients; i++) {
        SECURITY_STATUS status =
            try_client(service, context, clients[i], ret_ticket, &refusals, error_info);
        if (status != SEC_E_OK || *ret_ticket != NULL)
            return status;
    }
    return refuse_clients(service, &refusals, error_info);
}

static SECURITY_STATUS ask(struct kerberos_service_credential *service,
                           struct kerberos_service_ticket **ret_ticket,
                           struct sspi_error_info *error_info)
{
    krb5_context context;
    char *clients[CLIENTS_LIMIT];
    size_t n_clients = 0;
    if (krb5_init_context(&context) != 0)
        return error_info_no_memory(error_info);
    if (service->client == NULL)
        n_clients = kerberos_keys_clients(kerberos_keytab_keys(service->keytab), service->names,
                                          service->n_names, clients, CLIENTS_LIMIT);
    SECURITY_STATUS status =
        service->client != NULL
            ? try_clients(service, context, &service->client, 1, ret_ticket, error_info)
            : try_clients(service, context, clients, n_clients, ret_ticket, error_info);
    for (size_t i = 0; i < n_clients; i++)
        free(clients[i]);
    krb5_free_context(context);
    return status;
}

/* ---- the current ticket ---- */

static uint64_t generation_of(const struct kerberos_service_credential *service)
{
    return kerberos_keys_generation(kerberos_keytab_keys(service->keytab));
}

/* Under the mutex. */
static void remember_failure(struct kerberos_service_credential *service, SECURITY_STATUS status,
                             const struct sspi_error_info *error_info, uint64_t generation)
{
    service->failure.status = status;
    service->failure.error_info = *error_info;
    service->failure.generation = generation;
    service->failure.until_ms =
        clock_machine_steady_ms() + (status == SEC_E_LOGON_DENIED ? REFUSED_MS : UNREACHABLE_MS);
}

/* Under the mutex. */
static bool is_failure_remembered(const struct kerberos_service_credential *service)
{
    return service->failure.status != SEC_E_OK &&
           clock_machine_steady_ms() < service->failure.until_ms &&
           service->failure.generation == generation_of(service);
}

static bool is_valid(const struct kerberos_service_ticket *ticket)
{
    return ticket != NULL && wall_ms() < ticket->end_ms;
}

/* A KDC whose clock is far behind issues tickets that have ended for this machine. */
static SECURITY_STATUS check_ticket(struct kerberos_service_ticket **ticket,
                                    struct sspi_error_info *error_info)
{
    if (is_valid(*ticket))
        return SEC_E_OK;
    kerberos_service_ticket_unref(*ticket);
    *ticket = NULL;
    return error_info_refuse(error_info, SEC_E_TIME_SKEW, SSPI_REASON_KDC_CLOCK,
                             "the KDC's ticket for this service has ended when it comes: check NTP "
                             "on the KDC and on this machine");
}

/* Under the mutex, which it leaves while it asks. */
static void refresh(struct kerberos_service_credential *service)
{
    struct sspi_error_info error_info = {0};
    struct kerberos_service_ticket *ticket = NULL;
    uint64_t generation = generation_of(service);
    service->is_asking = true;
    pthread_mutex_unlock(&service->mutex);
    SECURITY_STATUS status = ask(service, &ticket, &error_info);
    if (status == SEC_E_OK)
        status = check_ticket(&ticket, &error_info);
    pthread_mutex_lock(&service->mutex);
    service->is_asking = false;
    if (status == SEC_E_OK) {
        kerberos_service_ticket_unref(service->ticket);
        service->ticket = ticket;
        service->failure.status = SEC_E_OK;
    } else {
        remember_failure(service, status, &error_info, generation);
    }
    pthread_cond_broadcast(&service->asked);
}

static bool is_due(const struct kerberos_service_ticket *ticket)
{
    return ticket == NULL || wall_ms() >= ticket->refresh_ms;
}

/* Under the mutex, which it leaves while it waits. */
static SECURITY_STATUS acquire(struct kerberos_service_credential *service,
                               struct kerberos_service_ticket **ret_ticket,
                               struct sspi_error_info *error_info)
{
    while (service->is_asking && !is_valid(service->ticket))
        pthread_cond_wait(&service->asked, &service->mutex);
    if (is_due(service->ticket) && !service->is_asking && !is_failure_remembered(service))
        refresh(service);
    if (is_valid(service->ticket)) {
        *ret_ticket = kerberos_service_ticket_ref(service->ticket);
        return SEC_E_OK;
    }
    *error_info = service->failure.error_info;
    return service->failure.status;
}

SECURITY_STATUS kerberos_service_credential_acquire(struct kerberos_service_credential *service,
                                                    struct kerberos_service_ticket **ret_ticket,
                                                    struct sspi_error_info *error_info)
{
    pthread_mutex_lock(&service->mutex);
    SECURITY_STATUS status = acquire(service, ret_ticket, error_info);
    pthread_mutex_unlock(&service->mutex);
    return status;
}

/* RFC 4120 7.5.9. A KDC that has no key for its own ticket says one of these; MIT's says GENERIC.
 */
static bool is_about_own_ticket(krb5_error_code code)
{
    return code == KRB5KRB_AP_ERR_BAD_INTEGRITY || code == KRB5KRB_AP_ERR_MODIFIED ||
           code == KRB5KRB_AP_ERR_BADKEYVER || code == KRB5KRB_AP_ERR_NOKEY ||
           code == KRB5KRB_AP_ERR_TKT_EXPIRED || code == KRB5KDC_ERR_TGT_REVOKED ||
           code == KRB5KRB_ERR_GENERIC;
}

void kerberos_service_credential_refused(struct kerberos_service_credential *service,
                                         const struct kerberos_service_ticket *ticket,
                                         krb5_error_code code)
{
    if (!is_about_own_ticket(code) || wall_ms() < ticket->asked_ms + GIVEN_UP_MS)
        return;
    pthread_mutex_lock(&service->mutex);
    if (service->ticket == ticket) {
        kerberos_service_ticket_unref(service->ticket);
        service->ticket = NULL;
    }
    pthread_mutex_unlock(&service->mutex);
}
