/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_tickets.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kerberos_delegation.h"
#include "ref.h"

#define BUCKETS 1024

struct acceptor_ticket {
    struct ref ref;
    struct acceptor_ticket *next; /* of its bucket; guarded by the lock of the table */
    uint64_t last_use;            /* as `next` */
    struct bytes key;
    char *ccache;
    uint64_t until_ms;
    struct sspi_error_info refusal;
};

/* A thread that asks the KDC. */
struct asking {
    struct asking *next;
    struct bytes key;
};

struct acceptor_tickets {
    pthread_mutex_t lock; /* guards all that follows */
    pthread_cond_t ended; /* an asking thread has its answer */
    struct acceptor_ticket *buckets[BUCKETS];
    size_t n;
    uint64_t uses;
    struct asking *asking;
};

static void ticket_free(struct acceptor_ticket *ticket)
{
    kerberos_delegation_free(ticket->ccache);
    bytes_free(&ticket->key);
    free(ticket);
}

REF(acceptor_ticket, struct acceptor_ticket, ref, ticket_free)

const char *acceptor_ticket_ccache(const struct acceptor_ticket *ticket)
{
    return ticket->ccache;
}

const struct sspi_error_info *acceptor_ticket_refusal(const struct acceptor_ticket *ticket)
{
    return &ticket->refusal;
}

struct acceptor_tickets *acceptor_tickets_new(void)
{
    struct acceptor_tickets *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return NULL;
    if (pthread_mutex_init(&made->lock, NULL) == 0) {
        if (pthread_cond_init(&made->ended, NULL) == 0)
            return made;
        pthread_mutex_destroy(&made->lock);
    }
    free(made);
    return NULL;
}

static void asking_free(struct asking *asking)
{
    bytes_free(&asking->key);
    free(asking);
}

void acceptor_tickets_free(struct acceptor_tickets *tickets)
{
    if (tickets == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (tickets->buckets[i] != NULL) {
            struct acceptor_ticket *first = tickets->buckets[i];
            tickets->buckets[i] = first->next;
            acceptor_ticket_unref(first);
        }
    }
    while (tickets->asking != NULL) {
        struct asking *first = tickets->asking;
        tickets->asking = first->next;
        asking_free(first);
    }
    pthread_cond_destroy(&tickets->ended);
    pthread_mutex_destroy(&tickets->lock);
    free(tickets);
}

/* ---- entries: under the lock ---- */

/* FNV-1a. Only verified users have entries, and an entry is compared with the whole key. */
static struct acceptor_ticket **bucket_of(struct acceptor_tickets *tickets, struct sspi_view key)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ (unsigned char)key.data[i]) * 16777619u;
    return &tickets->buckets[hash % BUCKETS];
}

static void remove_at(struct acceptor_tickets *tickets, struct acceptor_ticket **at)
{
    struct acceptor_ticket *gone = *at;
    *at = gone->next;
    tickets->n--;
    acceptor_ticket_unref(gone);
}

/* Returns the entry of this key. An entry whose time has passed is removed. */
static struct acceptor_ticket *find(struct acceptor_tickets *tickets, struct sspi_view key,
                                    uint64_t now_ms)
{
    for (struct acceptor_ticket **at = bucket_of(tickets, key); *at != NULL; at = &(*at)->next) {
        if (!bytes_equal(bytes_as_view(&(*at)->key), key))
            continue;
        if ((*at)->until_ms <= now_ms) {
            remove_at(tickets, at);
            return NULL;
        }
        (*at)->last_use = ++tickets->uses;
        return acceptor_ticket_ref(*at);
    }
    return NULL;
}

static void make_room(struct acceptor_tickets *tickets)
{
    struct acceptor_ticket **oldest = NULL;
    if (tickets->n < ACCEPTOR_TICKETS_LIMIT)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct acceptor_ticket **at = &tickets->buckets[i]; *at != NULL; at = &(*at)->next)
            if (oldest == NULL || (*at)->last_use < (*oldest)->last_use)
                oldest = at;
    remove_at(tickets, oldest);
}

static void add(struct acceptor_tickets *tickets, struct acceptor_ticket *ticket)
{
    make_room(tickets);
    struct acceptor_ticket **bucket = bucket_of(tickets, bytes_as_view(&ticket->key));
    ticket->next = *bucket;
    ticket->last_use = ++tickets->uses;
    *bucket = acceptor_ticket_ref(ticket);
    tickets->n++;
}

/* ---- asking: under the lock ---- */

static struct asking **find_asking(struct acceptor_tickets *tickets, struct sspi_view key)
{
    struct asking **at = &tickets->asking;
    while (*at != NULL && !bytes_equal(bytes_as_view(&(*at)->key), key))
        at = &(*at)->next;
    return at;
}

/* Without memory another thread may ask the same. */
static void begin_asking(struct acceptor_tickets *tickets, struct sspi_view key)
{
    struct asking *made = calloc(1, sizeof(*made));
    if (made == NULL)
        return;
    bytes_append_view(&made->key, key);
    made->next = tickets->asking;
    tickets->asking = made;
}

static void end_asking(struct acceptor_tickets *tickets, struct sspi_view key)
{
    struct asking **at = find_asking(tickets, key);
    struct asking *ended = *at;
    if (ended != NULL) {
        *at = ended->next;
        asking_free(ended);
    }
    pthread_cond_broadcast(&tickets->ended);
}

/* ---- calls ---- */

struct acceptor_ticket *acceptor_tickets_find(struct acceptor_tickets *tickets,
                                              struct sspi_view key, uint64_t now_ms)
{
    pthread_mutex_lock(&tickets->lock);
    struct acceptor_ticket *found = find(tickets, key, now_ms);
    pthread_mutex_unlock(&tickets->lock);
    return found;
}

struct acceptor_ticket *acceptor_tickets_begin(struct acceptor_tickets *tickets,
                                               struct sspi_view key, uint64_t now_ms)
{
    pthread_mutex_lock(&tickets->lock);
    struct acceptor_ticket *found = find(tickets, key, now_ms);
    while (found == NULL && *find_asking(tickets, key) != NULL) {
        pthread_cond_wait(&tickets->ended, &tickets->lock);
        found = find(tickets, key, now_ms);
    }
    if (found == NULL)
        begin_asking(tickets, key);
    pthread_mutex_unlock(&tickets->lock);
    return found;
}

static struct acceptor_ticket *ticket_new(struct sspi_view key, char *ccache, uint64_t until_ms,
                                          const struct sspi_error_info *refusal)
{
    struct acceptor_ticket *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        kerberos_delegation_free(ccache);
        return NULL;
    }
    ref_init(&made->ref);
    made->ccache = ccache;
    made->until_ms = until_ms;
    bytes_append_view(&made->key, key);
    if (refusal != NULL)
        made->refusal = *refusal;
    if (!made->key.failed)
        return made;
    ticket_free(made);
    return NULL;
}

struct acceptor_ticket *acceptor_tickets_end(struct acceptor_tickets *tickets, struct sspi_view key,
                                             char *ccache, uint64_t end_ms,
                                             const struct sspi_error_info *refusal)
{
    struct acceptor_ticket *made =
        ccache == NULL && refusal == NULL ? NULL : ticket_new(key, ccache, end_ms, refusal);
    pthread_mutex_lock(&tickets->lock);
    if (made != NULL)
        add(tickets, made);
    end_asking(tickets, key);
    pthread_mutex_unlock(&tickets->lock);
    return made;
}
