/* SPDX-License-Identifier: Apache-2.0 */
/* Which nonces belong to contexts that a credential established and that are still alive: a further
 * request with one of them is answered with SEC_I_COMPLETE_NEEDED, as the Digest pages tell it. */
#ifndef DIGEST_ACTIVE_NONCES_H
#define DIGEST_ACTIVE_NONCES_H

#include <pthread.h>

#include "digest_nonce.h"

#define DIGEST_ACTIVE_NONCES_BUCKETS 64

/* A member of the context that is in the list; zero-initialise it. */
struct digest_active_nonce {
    struct digest_active_nonce *next;
    struct digest_active_nonce **link; /* what points to this entry; NULL when it is in no list */
    char nonce[DIGEST_NONCE_LEN];
    struct sspi_view user; /* borrowed from the context */
    uint32_t count;        /* last nonce count that this context verified */
};

/* Every function locks and may be called by any thread. */
struct digest_active_nonces {
    pthread_mutex_t lock;
    struct digest_active_nonce *bucket[DIGEST_ACTIVE_NONCES_BUCKETS];
};

/* False: no lock to be had. */
bool digest_active_nonces_init(struct digest_active_nonces *nonces) MUST_USE;

/* No entry may be left. */
void digest_active_nonces_clear(struct digest_active_nonces *nonces);

/* `nonce` has DIGEST_NONCE_LEN octets and is copied; `user` must live as long as the entry. `count`
 * is that of the request that established the context. */
void digest_active_nonces_add(struct digest_active_nonces *nonces,
                              struct digest_active_nonce *entry, struct sspi_view nonce,
                              struct sspi_view user, uint32_t count);

/* The highest count that any context with the entry's nonce and user verified. */
uint32_t digest_active_nonces_last_count(struct digest_active_nonces *nonces,
                                         const struct digest_active_nonce *entry);

/* Makes `count` the entry's when it is the next one of them all. False: it is not; nothing changed.
 */
bool digest_active_nonces_advance(struct digest_active_nonces *nonces,
                                  struct digest_active_nonce *entry, uint32_t count) MUST_USE;

/* Fine for an entry that is in no list. */
void digest_active_nonces_remove(struct digest_active_nonces *nonces,
                                 struct digest_active_nonce *entry);

/* True when a live context has this nonce and one of the two spellings of a user. */
bool digest_active_nonces_has(struct digest_active_nonces *nonces, struct sspi_view nonce,
                              struct sspi_view user, struct sspi_view other_user) MUST_USE;

#endif
