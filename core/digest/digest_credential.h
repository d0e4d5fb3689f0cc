/* SPDX-License-Identifier: Apache-2.0 */
/* What a WDigest credential holds: the users, the shared state, what is offered. Read-only once
 * made but for `live` and `ciphers`, which have locks, and the reference count. */
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
    const struct clock *clock; /* the machine's; tests put their own here */
    struct hash_suite hashes;
    struct sspi_users *users;
    struct sspi_users *own_users; /* the same when it was opened here, else NULL */
    struct sspi_state *state;
    void *own_state;     /* its memory when it was made here, else NULL */
    char *default_realm; /* NULL: none */
    char *domain;        /* NULL: not told */
    enum sspi_digest_algorithm algorithms[SSPI_DIGEST_ALGORITHMS_LIMIT];
    size_t n_algorithms; /* 0: chosen by what lines the realm's users have */
    uint64_t nonce_lifetime_ms;
    bool keeps_contexts;
    bool offers_integrity;
    bool offers_userhash;
    bool caller_hashes; /* no users of its own */
    bool offers_weak_ciphers;
    struct digest_active_nonces active_nonces;
    pthread_mutex_t ciphers_lock;
    struct digest_ciphers ciphers; /* HTTP has no use for them: see digest_credential_ciphers() */
    bool has_ciphers;
    struct ref ref;       /* the caller's one and one for each context that needs it */
    atomic_bool released; /* the caller's is gone: users and state may be gone with it */
};

/* As struct package's acquire. */
SECURITY_STATUS digest_credential_acquire(const SSPI_ACCEPTOR_DATA *data,
                                          struct digest_credential **ret_credential,
                                          struct sspi_error_info *error_info) MUST_USE;

/* The caller gives its credential up. Contexts that are left go on existing but verify nothing. */
void digest_credential_release(struct digest_credential *credential);

/* Those of this machine, which are looked for on the first call and live as long as the credential.
 * NULL: no memory. Any thread. */
const struct digest_ciphers *digest_credential_ciphers(struct digest_credential *credential);

struct digest_credential *digest_credential_ref(struct digest_credential *credential);
void digest_credential_unref(struct digest_credential *credential);

#endif
