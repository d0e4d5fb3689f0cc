/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_active_nonces.h"

#include <string.h>

/* The list only contains nonces whose HMAC was checked, so that no client can choose its bucket. */
static struct digest_active_nonce **bucket_of(struct digest_active_nonces *nonces,
                                              struct sspi_view nonce)
{
    size_t sum = 0;

    for (size_t i = 0; i < nonce.len; i++)
        sum = sum * 31 + (unsigned char)nonce.data[i];
    return &nonces->bucket[sum % DIGEST_ACTIVE_NONCES_BUCKETS];
}

static struct sspi_view nonce_of(const struct digest_active_nonce *entry)
{
    return (struct sspi_view){entry->nonce, sizeof(entry->nonce)};
}

bool digest_active_nonces_init(struct digest_active_nonces *nonces)
{
    memset(nonces->bucket, 0, sizeof(nonces->bucket));
    return pthread_mutex_init(&nonces->lock, NULL) == 0;
}

void digest_active_nonces_clear(struct digest_active_nonces *nonces)
{
    pthread_mutex_destroy(&nonces->lock);
}

void digest_active_nonces_add(struct digest_active_nonces *nonces,
                              struct digest_active_nonce *entry, struct sspi_view nonce,
                              struct sspi_view user, uint32_t count)
{
    struct digest_active_nonce **head = bucket_of(nonces, nonce);

    memcpy(entry->nonce, nonce.data, sizeof(entry->nonce));
    entry->user = user;
    entry->count = count;
    pthread_mutex_lock(&nonces->lock);
    entry->next = *head;
    if (entry->next != NULL)
        entry->next->link = &entry->next;
    entry->link = head;
    *head = entry;
    pthread_mutex_unlock(&nonces->lock);
}

void digest_active_nonces_remove(struct digest_active_nonces *nonces,
                                 struct digest_active_nonce *entry)
{
    pthread_mutex_lock(&nonces->lock);
    if (entry->link != NULL) {
        *entry->link = entry->next;
        if (entry->next != NULL)
            entry->next->link = entry->link;
        entry->link = NULL;
    }
    pthread_mutex_unlock(&nonces->lock);
}

bool digest_active_nonces_has(struct digest_active_nonces *nonces, struct sspi_view nonce,
                              struct sspi_view user, struct sspi_view other_user)
{
    bool known = false;

    pthread_mutex_lock(&nonces->lock);
    for (struct digest_active_nonce *e = *bucket_of(nonces, nonce); e != NULL && !known;
         e = e->next) {
        known = bytes_equal(nonce_of(e), nonce) &&
                (bytes_equal(e->user, user) || bytes_equal(e->user, other_user));
    }
    pthread_mutex_unlock(&nonces->lock);
    return known;
}

/* The caller holds the lock. */
static uint32_t last_count(struct digest_active_nonces *nonces,
                           const struct digest_active_nonce *entry)
{
    uint32_t last = entry->count;

    for (struct digest_active_nonce *e = *bucket_of(nonces, nonce_of(entry)); e != NULL;
         e = e->next)
        if (e->count > last && bytes_equal(nonce_of(e), nonce_of(entry)) &&
            bytes_equal(e->user, entry->user))
            last = e->count;
    return last;
}

uint32_t digest_active_nonces_last_count(struct digest_active_nonces *nonces,
                                         const struct digest_active_nonce *entry)
{
    pthread_mutex_lock(&nonces->lock);
    uint32_t last = last_count(nonces, entry);
    pthread_mutex_unlock(&nonces->lock);
    return last;
}

bool digest_active_nonces_advance(struct digest_active_nonces *nonces,
                                  struct digest_active_nonce *entry, uint32_t count)
{
    pthread_mutex_lock(&nonces->lock);
    uint32_t last = last_count(nonces, entry);
    /* MS-DPSP: a count that wraps around is refused. */
    bool next = last != UINT32_MAX && count == last + 1;
    if (next)
        entry->count = count;
    pthread_mutex_unlock(&nonces->lock);
    return next;
}
