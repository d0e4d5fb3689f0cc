/* SPDX-License-Identifier: Apache-2.0 */
/* The nonces of the contexts that a credential established and that still exist. A further request
 * with one of these nonces is answered with SEC_I_COMPLETE_NEEDED, as the Digest pages say. */
#ifndef DIGEST_ACTIVE_NONCES_H
#define DIGEST_ACTIVE_NONCES_H

#include <pthread.h>

#include "digest_nonce.h"

#define DIGEST_ACTIVE_NONCES_BUCKETS 64

/* A member of the list, embedded in its context. The caller zero-initialises it. */
struct digest_active_nonce {
    struct digest_active_nonce *next;
    struct digest_active_nonce **link; /* the pointer to this entry; NULL if it is in no list */
    char nonce[DIGEST_NONCE_LEN];
    struct sspi_view user; /* borrowed from the context */
    uint32_t count;        /* the last nonce count that this context verified */
};

/* Every function takes the lock. Any thread may call it. */
struct digest_active_nonces {
    pthread_mutex_t lock;
    struct digest_active_nonce *bucket[DIGEST_ACTIVE_NONCES_BUCKETS];
};

/* False: the system has no lock left. */
bool digest_active_nonces_init(struct digest_active_nonces *nonces) MUST_USE;

/* The list must be empty. */
void digest_active_nonces_clear(struct digest_active_nonces *nonces);

/* Adds the entry with a copy of `nonce`, which has DIGEST_NONCE_LEN octets. `user` must live as
 * long as the entry. `count` is the nonce count of the request that established the context. */
void digest_active_nonces_add(struct digest_active_nonces *nonces,
                              struct digest_active_nonce *entry, struct sspi_view nonce,
                              struct sspi_view user, uint32_t count);

/* Returns the highest count that any context with the entry's nonce and user verified. */
uint32_t digest_active_nonces_last_count(struct digest_active_nonces *nonces,
                                         const struct digest_active_nonce *entry);

/* If `count` follows the highest count of this nonce and user, stores it in the entry. False: it
 * does not follow, and nothing changed. */
bool digest_active_nonces_advance(struct digest_active_nonces *nonces,
                                  struct digest_active_nonce *entry, uint32_t count) MUST_USE;

/* Removes the entry. It may be in no list. */
void digest_active_nonces_remove(struct digest_active_nonces *nonces,
                                 struct digest_active_nonce *entry);

/* True if an existing context has this nonce and one of the two spellings of a user. */
bool digest_active_nonces_has(struct digest_active_nonces *nonces, struct sspi_view nonce,
                              struct sspi_view user, struct sspi_view other_user) MUST_USE;

#endif
