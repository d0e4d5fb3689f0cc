/* SPDX-License-Identifier: Apache-2.0 */
/* One WDigest security context. One thread at a time may use it. */
#ifndef DIGEST_CONTEXT_H
#define DIGEST_CONTEXT_H

#include "digest_binding.h"
#include "digest_challenge.h"
#include "digest_credential.h"
#include "digest_layer.h"
#include "digest_password.h"
#include "package.h"

enum digest_context_state {
    DIGEST_CONTEXT_PARTIAL, /* a challenge was given; the client is not authenticated */
    DIGEST_CONTEXT_PENDING, /* SEC_I_COMPLETE_NEEDED was returned; the client is not authenticated
                             */
    DIGEST_CONTEXT_ESTABLISHED
};

/* The part of a login that an established context keeps, so that later requests need no lookup of
 * the user. H(A1) is the session key of the Digest pages. */
struct digest_session {
    uint8_t
        hash_a1[HASH_MAX]; /* H(username:realm:password); octets after a shorter hash are zero */
    struct digest_response last; /* a copy of the request that was verified last */
    uint64_t issued_ms;          /* when the nonce was made */
};

/* The additional data of a context in SASL's form. */
struct digest_sasl {
    char nonce[DIGEST_NONCE_LEN + 1];
    char realm[DIGEST_CHALLENGE_REALM_LIMIT + 1];
    bool offers_integrity;
    unsigned int ciphers; /* offered: 1 << enum digest_cipher */
    /* The rest is set when the context is established. */
    uint8_t session[HASH_MAX]; /* H(A1), DIGEST_LAYER_KEY_LEN octets */
    bool protects;             /* qop is not auth */
    struct digest_layer layer; /* only if `protects` */
};

struct digest_context {
    enum digest_context_state state;
    /* A reference. NULL in HTTP's form if the credential keeps no contexts. */
    struct digest_credential *credential;
    struct digest_sasl *sasl; /* NULL in HTTP's form */
    char *pending_realm;      /* the realm of the call that returned SEC_I_COMPLETE_NEEDED */
    struct digest_active_nonce active_nonce;
    /* In HTTP's form, if the context is established and its credential keeps contexts. */
    struct digest_session session;
    struct package_info info;
};

/* Makes a partial context, in SASL's form or in HTTP's. NULL: no memory. */
struct digest_context *digest_context_new(struct digest_credential *credential, bool sasl) MUST_USE;

void digest_context_free(struct digest_context *context);

/* Stores the realm for CompleteAuthToken and makes the context pending. False: no memory, and
 * nothing changed. */
bool digest_context_set_pending(struct digest_context *context, struct sspi_view realm) MUST_USE;

/* The client, and how it was verified. The views point into the response, the call's input and
 * `login`. */
struct digest_identity {
    struct digest_login login;
    struct sspi_view realm;
    const struct digest_response *response; /* its nonce was checked: DIGEST_NONCE_LEN octets */
    struct digest_binding binding;
    enum package_bound bound;
    uint64_t issued_ms; /* when the nonce was made; only in HTTP's form */
    uint64_t at_ms;
};

/* Wipes and frees the members. The identity may be zero-initialised. */
void digest_identity_clear(struct digest_identity *identity);

/* The package that authenticates the client of an established context in SASL's form: WDigest with
 * messages. digest_package.c defines it. */
extern const struct package digest_sasl_package;

/* Establishes the context with a copy of the identity. False: no memory, and the context is
 * unchanged. */
bool digest_context_establish(struct digest_context *context,
                              const struct digest_identity *identity, ULONG requirements) MUST_USE;

#endif
