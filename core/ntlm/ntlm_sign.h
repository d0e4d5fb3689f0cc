/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of an established session (MS-NLMP 3.4.4.2), with extended session security and 128
 * bits: what SPNEGO's mechListMIC is made of. */
#ifndef NTLM_SIGN_H
#define NTLM_SIGN_H

#include "ntlm_keys.h"

#define NTLM_SIGN_LEN 16

/* What one direction signs with. */
struct ntlm_sign_side {
    uint8_t sign_key[NTLM_KEY_LEN];
    uint8_t seal_key[NTLM_KEY_LEN];
    struct evp_cipher_ctx_st *rc4; /* goes on from message to message */
    uint32_t sequence;
};

struct ntlm_sign {
    struct hash_run run;
    bool key_exchange; /* checksums are encrypted */
    struct ntlm_sign_side client;
    struct ntlm_sign_side server;
};

/* False: libcrypto failed, or no memory. `crypto` must outlive it. */
bool ntlm_sign_open(struct ntlm_sign *ret_sign, const struct ntlm_crypto *crypto,
                    const uint8_t exported_key[NTLM_KEY_LEN], bool key_exchange) SSPI_MUST_USE;

/* Wipes and frees; a zero-initialised one is fine. */
void ntlm_sign_close(struct ntlm_sign *sign);

/* The signature of the side's next message; `side` is one of the two of `sign`. False: libcrypto
 * failed. */
bool ntlm_sign_make(struct ntlm_sign *sign, struct ntlm_sign_side *side, struct sspi_view message,
                    uint8_t ret_signature[NTLM_SIGN_LEN]) SSPI_MUST_USE;

enum ntlm_sign_status {
    NTLM_SIGN_RIGHT,
    NTLM_SIGN_WRONG, /* another message, another sequence number, no signature at all */
    NTLM_SIGN_FAILED /* libcrypto */
};

/* Checks the signature of the side's next message in constant time. */
enum ntlm_sign_status ntlm_sign_check(struct ntlm_sign *sign, struct ntlm_sign_side *side,
                                      struct sspi_view message, struct sspi_view signature);

/* The side's RC4 begins anew; its sequence numbers go on. False: libcrypto failed. */
bool ntlm_sign_restart(struct ntlm_sign_side *side) SSPI_MUST_USE;

#endif
