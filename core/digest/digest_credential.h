/* SPDX-License-Identifier: Apache-2.0 */
/* A WDigest credential: the users, the shared state, and what is offered. It is read-only after
 * digest_credential_acquire(), with three exceptions. `active_nonces` and `ciphers` have locks, and
 * the reference count is atomic. */
#ifndef DIGEST_CREDENTIAL_H
#define DIGEST_CREDENTIAL_H

#include <stdatomic.h>

#include "clock.h"
#include "digest_cipher.h"
#include "digest_active_nonces.h"
#include "hash.h"
#include "ref.h"
#include "sspi.h"

#define DIGEST_CREDENTIAL_NONCE_LIFETIME_S 300

struct digest_credential {
    const struct clock *clock; /* the clock of the machine; tests put their own here */
    struct hash_suite hashes;
    struct sspi_users *users;
    struct sspi_users *own_users; /* the same users if this credential opened them, else NULL */
    struct sspi_state *state;
    void *own_state;     /* the memory of the state if this credential made it, else NULL */
    char *default_realm; /* NULL: no default */
    char *domain;        /* NULL: no domain directive */
    enum sspi_digest_algorithm algorithms[SSPI_DIGEST_ALGORITHMS_LIMIT];
    size_t n_algorithms; /* 0: chosen by the hashes that the realm's users have */
    uint64_t nonce_lifetime_ms;
    bool keeps_contexts;
    bool offers_integrity;
    bool offers_userhash;
    bool caller_hashes; /* the caller looks up the users' hashes; `users` is NULL */
    bool offers_weak_ciphers;
    struct digest_active_nonces active_nonces;
    pthread_mutex_t ciphers_lock;
    struct digest_ciphers ciphers; /* not used in HTTP: see digest_credential_ciphers() */
    bool has_ciphers;
    struct ref ref;       /* the caller's one and one for each context that needs it */
    atomic_bool released; /* the caller's is gone: users and state may be gone with it */
};

/* As acquire of struct package. */
SECURITY_STATUS digest_credential_acquire(const SSPI_ACCEPTOR_DATA *data,
                                          struct digest_credential **ret_credential,
                                          struct sspi_error_info *error_info) MUST_USE;

/* The caller releases its reference. Contexts of the credential continue to exist, but they verify
 * nothing. */
void digest_credential_release(struct digest_credential *credential);

/* Returns the ciphers of this machine. The first call fetches them, and they live as long as the
 * credential. NULL: no memory. Any thread may call it. */
const struct digest_ciphers *digest_credential_ciphers(struct digest_credential *credential);

struct digest_credential *digest_credential_ref(struct digest_credential *credential);
void digest_credential_unref(struct digest_credential *credential);

#endif
