/* SPDX-License-Identifier: Apache-2.0 */
/* Which nonces belong to contexts that a credential established and that are still alive: a further
 * request with one of them is answered with SEC_I_COMPLETE_NEEDED, as the Digest pages tell it. */
#ifndef DIGEST_LIVE_H
#define DIGEST_LIVE_H

#include <pthread.h>

#include "digest_nonce.h"

#define DIGEST_LIVE_BUCKETS 64

/* A member of the context that is in the list; zero-initialise it. */
struct digest_live_entry {
    struct digest_live_entry *next;
    struct digest_live_entry **link; /* what points to this entry; NULL when it is in no list */
    char nonce[DIGEST_NONCE_LEN];
    struct sspi_view user; /* borrowed from the context */
    uint32_t count;        /* last nonce count that this context verified */
};

/* Every function locks and may be called by any thread. */
struct digest_live {
    pthread_mutex_t lock;
    struct digest_live_entry *bucket[DIGEST_LIVE_BUCKETS];
};

/* False: no lock to be had. */
bool digest_live_init(struct digest_live *live) MUST_USE;

/* No entry may be left. */
void digest_live_end(struct digest_live *live);

/* `nonce` has DIGEST_NONCE_LEN octets and is copied; `user` must live as long as the entry. `count`
 * is that of the request that established the context. */
void digest_live_add(struct digest_live *live, struct digest_live_entry *entry,
                     struct sspi_view nonce, struct sspi_view user, uint32_t count);

/* The highest count that any context with the entry's nonce and user verified. */
uint32_t digest_live_last(struct digest_live *live, const struct digest_live_entry *entry);

/* Makes `count` the entry's when it is the next one of them all. False: it is not; nothing changed.
 */
bool digest_live_take(struct digest_live *live, struct digest_live_entry *entry,
                      uint32_t count) MUST_USE;

/* Fine for an entry that is in no list. */
void digest_live_remove(struct digest_live *live, struct digest_live_entry *entry);

/* True when a live context has this nonce and one of the two spellings of a user. */
bool digest_live_knows(struct digest_live *live, struct sspi_view nonce, struct sspi_view user,
                       struct sspi_view other_user) MUST_USE;

#endif
