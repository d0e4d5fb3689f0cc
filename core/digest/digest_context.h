/* SPDX-License-Identifier: Apache-2.0 */
/* One WDigest security context. It belongs to one thread at a time. */
#ifndef DIGEST_CONTEXT_H
#define DIGEST_CONTEXT_H

#include "digest_binding.h"
#include "digest_challenge.h"
#include "digest_credential.h"
#include "digest_layer.h"
#include "digest_password.h"
#include "package.h"

enum digest_context_state {
    DIGEST_CONTEXT_PARTIAL, /* a challenge was given; proves nothing */
    DIGEST_CONTEXT_PENDING, /* SEC_I_COMPLETE_NEEDED was said; proves nothing */
    DIGEST_CONTEXT_ESTABLISHED
};

/* What an established context keeps of its login, so that later requests need no look at the users:
 * H(A1), which the pages call the session key, and the request that was verified last. */
struct digest_session {
    uint8_t hash_a1[HASH_MAX];   /* H(username:realm:password); zero octets behind shorter ones */
    struct digest_response last; /* a copy; last.storage holds what it points to */
    uint64_t issued_ms;          /* when the nonce was made */
};

/* What a context in SASL's form has beside the others. */
struct digest_sasl {
    char nonce[DIGEST_NONCE_LEN + 1];
    char realm[DIGEST_CHALLENGE_REALM_LIMIT + 1];
    bool offers_integrity;
    unsigned int ciphers; /* offered: 1 << enum digest_cipher */
    /* Once it is established: */
    uint8_t session[HASH_MAX]; /* H(A1), DIGEST_LAYER_KEY_LEN octets */
    bool protects;             /* qop is not auth */
    struct digest_layer layer; /* where it protects */
};

struct digest_context {
    enum digest_context_state state;
    struct digest_credential *credential; /* referenced; in HTTP NULL when that keeps no contexts */
    struct digest_sasl *sasl;             /* NULL in HTTP's form */
    char *pending_realm;                  /* of the call that said SEC_I_COMPLETE_NEEDED */
    struct digest_active_nonce active_nonce;
    /* In HTTP, of an established context whose credential keeps contexts. */
    struct digest_session session;
    struct package_info info;
};

/* A partial context, in SASL's form or in HTTP's; NULL: no memory. */
struct digest_context *digest_context_new(struct digest_credential *credential, bool sasl) MUST_USE;

void digest_context_free(struct digest_context *context);

/* Remembers the realm for the call that completes. False: no memory; nothing changed. */
bool digest_context_set_pending(struct digest_context *context, struct sspi_view realm) MUST_USE;

/* What was proven. The views point into the response, the call's input and `login`. */
struct digest_identity {
    struct digest_login login;
    struct sspi_view realm;
    const struct digest_response *response; /* its nonce is ours: DIGEST_NONCE_LEN octets */
    struct digest_binding binding;
    enum package_bound bound;
    uint64_t issued_ms; /* the nonce; in HTTP alone */
    uint64_t at_ms;
};

/* Wipes and frees; a zero-initialised proof is fine. */
void digest_identity_clear(struct digest_identity *identity);

/* The package that authenticates the client of an established context in SASL's form: WDigest with
 * messages. digest_package.c defines it. */
extern const struct package digest_sasl_package;

/* Makes it an established context, copying the proof. False: no memory; it stays what it was. */
bool digest_context_establish(struct digest_context *context,
                              const struct digest_identity *identity, ULONG requirements) MUST_USE;

#endif
