/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_live.h"

#include <string.h>

/* Only nonces whose HMAC was checked come into the list, so that no client can choose its bucket.
 */
static struct digest_live_entry **bucket_of(struct digest_live *live, struct sspi_view nonce)
{
    size_t sum = 0;

    for (size_t i = 0; i < nonce.len; i++)
        sum = sum * 31 + (unsigned char)nonce.data[i];
    return &live->bucket[sum % DIGEST_LIVE_BUCKETS];
}

static struct sspi_view nonce_of(const struct digest_live_entry *entry)
{
    return (struct sspi_view){entry->nonce, sizeof(entry->nonce)};
}

bool digest_live_init(struct digest_live *live)
{
    memset(live->bucket, 0, sizeof(live->bucket));
    return pthread_mutex_init(&live->lock, NULL) == 0;
}

void digest_live_end(struct digest_live *live)
{
    pthread_mutex_destroy(&live->lock);
}

void digest_live_add(struct digest_live *live, struct digest_live_entry *entry,
                     struct sspi_view nonce, struct sspi_view user, uint32_t count)
{
    struct digest_live_entry **head = bucket_of(live, nonce);

    memcpy(entry->nonce, nonce.data, sizeof(entry->nonce));
    entry->user = user;
    entry->count = count;
    pthread_mutex_lock(&live->lock);
    entry->next = *head;
    if (entry->next != NULL)
        entry->next->link = &entry->next;
    entry->link = head;
    *head = entry;
    pthread_mutex_unlock(&live->lock);
}

void digest_live_remove(struct digest_live *live, struct digest_live_entry *entry)
{
    pthread_mutex_lock(&live->lock);
    if (entry->link != NULL) {
        *entry->link = entry->next;
        if (entry->next != NULL)
            entry->next->link = entry->link;
        entry->link = NULL;
    }
    pthread_mutex_unlock(&live->lock);
}

bool digest_live_knows(struct digest_live *live, struct sspi_view nonce, struct sspi_view user,
                       struct sspi_view other_user)
{
    bool known = false;

    pthread_mutex_lock(&live->lock);
    for (struct digest_live_entry *e = *bucket_of(live, nonce); e != NULL && !known; e = e->next) {
        known = bytes_equal(nonce_of(e), nonce) &&
                (bytes_equal(e->user, user) || bytes_equal(e->user, other_user));
    }
    pthread_mutex_unlock(&live->lock);
    return known;
}

/* With the lock held. */
static uint32_t last_count(struct digest_live *live, const struct digest_live_entry *entry)
{
    uint32_t last = entry->count;

    for (struct digest_live_entry *e = *bucket_of(live, nonce_of(entry)); e != NULL; e = e->next)
        if (e->count > last && bytes_equal(nonce_of(e), nonce_of(entry)) &&
            bytes_equal(e->user, entry->user))
            last = e->count;
    return last;
}

uint32_t digest_live_last(struct digest_live *live, const struct digest_live_entry *entry)
{
    pthread_mutex_lock(&live->lock);
    uint32_t last = last_count(live, entry);
    pthread_mutex_unlock(&live->lock);
    return last;
}

bool digest_live_take(struct digest_live *live, struct digest_live_entry *entry, uint32_t count)
{
    pthread_mutex_lock(&live->lock);
    uint32_t last = last_count(live, entry);
    /* MS-DPSP: a count that wraps around fails. */
    bool next = last != UINT32_MAX && count == last + 1;
    if (next)
        entry->count = count;
    pthread_mutex_unlock(&live->lock);
    return next;
}
