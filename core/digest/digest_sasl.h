/* SPDX-License-Identifier: Apache-2.0 */
/* Digest as the SASL mechanism DIGEST-MD5 (RFC 2831): one challenge, one response, the server's
 * proof, and then messages. The context keeps its nonce, so that nothing is written down for a
 * client. Subsequent authentication (2.2) is not there: MS-DPSP has none either. */
#ifndef DIGEST_SASL_H
#define DIGEST_SASL_H

#include "digest_challenge.h"
#include "digest_credential.h"
#include "digest_layer.h"
#include "package.h"

struct digest_context;

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

/* Wipes and frees; NULL is fine. */
void digest_sasl_free(struct digest_sasl *sasl);

/* The first call: makes *context, and a challenge for `realm`, which fits
 * (digest_challenge_realm_fits()). SEC_I_CONTINUE_NEEDED, or an error with a report. */
SECURITY_STATUS digest_sasl_challenge(struct digest_credential *credential,
                                      struct digest_context **context,
                                      const struct package_input *in, struct sspi_view realm,
                                      struct package_output *out) MUST_USE;

/* The second one, on the context of the first. SEC_E_OK: it is established, and the token is
 * rspauth. SEC_E_INCOMPLETE_MESSAGE with SSPI_REASON_HASH_WANTED: nothing is wrong so far, call
 * again with the user's hash. Anything else: refused, the report says why. */
SECURITY_STATUS digest_sasl_respond(struct digest_credential *credential,
                                    struct digest_context *context, const struct package_input *in,
                                    struct package_output *out) MUST_USE;

/* Messages of established contexts in SASL's form (digest_protect.c). */
extern const struct package_messages digest_protect_calls;

/* What authenticates in them: WDigest with those messages. */
extern const struct package digest_sasl_package;

#endif
