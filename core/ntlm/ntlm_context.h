/* SPDX-License-Identifier: Apache-2.0 */
/* One NTLM security context. It belongs to one thread at a time, and its credential outlives it. */
#ifndef NTLM_CONTEXT_H
#define NTLM_CONTEXT_H

#include "ntlm_sign.h"
#include "ntlm_verify.h"

enum ntlm_context_state {
    NTLM_CONTEXT_BEGUN,      /* waits for NEGOTIATE */
    NTLM_CONTEXT_CHALLENGED, /* waits for AUTHENTICATE; the client is not verified yet */
    NTLM_CONTEXT_ESTABLISHED,
    NTLM_CONTEXT_FAILED /* every further message is refused */
};

struct ntlm_context {
    enum ntlm_context_state state;
    struct bytes negotiate; /* both messages as they were sent, for the MIC */
    struct bytes challenge;
    uint8_t server_challenge[NTLM_CHALLENGE_LEN];
    uint32_t flags; /* the flags that CHALLENGE granted */
    bool may_wait;  /* the check of AUTHENTICATE may wait for winbind */
    bool can_sign;
    struct ntlm_sign sign;
    uint8_t exported_key[NTLM_KEY_LEN]; /* the session's key, for SECPKG_ATTR_SESSION_KEY */
    struct package_info info;
};

/* NULL: no memory. */
struct ntlm_context *ntlm_context_new(void) MUST_USE;

/* Wipes and frees. */
void ntlm_context_free(struct ntlm_context *context);

/* Makes the context an established one. Copies *proof, but moves the SIDs out of it. False: no
 * memory, or libcrypto failed. The context is then unchanged. */
bool ntlm_context_establish(struct ntlm_context *context, const struct ntlm_credential *credential,
                            struct ntlm_proof *proof) MUST_USE;

#endif
