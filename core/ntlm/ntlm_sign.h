/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures and sealed messages of an established session (MS-NLMP 3.4.3, 3.4.4.2), with extended
 * session security and 128 bits. SPNEGO's mechListMIC is such a signature. */
#ifndef NTLM_SIGN_H
#define NTLM_SIGN_H

#include "ntlm_keys.h"
#include "package.h"

#define NTLM_SIGN_LEN 16

/* What one direction signs with. */
struct ntlm_sign_side {
    uint8_t sign_key[NTLM_KEY_LEN];
    uint8_t seal_key[NTLM_KEY_LEN];
    struct evp_cipher_ctx_st *rc4;   /* goes on from message to message */
    struct evp_cipher_ctx_st *spare; /* as rc4 was before the message that is looked at */
    uint32_t sequence;
};

struct ntlm_sign {
    struct hash_run run;
    bool key_exchange; /* checksums are encrypted */
    struct ntlm_sign_side client;
    struct ntlm_sign_side server;
};

/* False: libcrypto failed, or no memory. `crypto` must outlive it. */
bool ntlm_sign_init(struct ntlm_sign *ret_sign, const struct ntlm_crypto *crypto,
                    const uint8_t exported_key[NTLM_KEY_LEN], bool key_exchange) MUST_USE;

/* Wipes and frees; a zero-initialised one is fine. */
void ntlm_sign_clear(struct ntlm_sign *sign);

/* The signature of the side's next message; `side` is one of the two of `sign`. False: libcrypto
 * failed. */
bool ntlm_sign_make(struct ntlm_sign *sign, struct ntlm_sign_side *side, struct sspi_view message,
                    uint8_t ret_signature[NTLM_SIGN_LEN]) MUST_USE;

enum ntlm_sign_status {
    NTLM_SIGN_RIGHT,
    NTLM_SIGN_WRONG,       /* another message, or no signature at all */
    NTLM_SIGN_UNSEQUENCED, /* the signature of an earlier or a later message, by its number */
    NTLM_SIGN_FAILED       /* libcrypto */
};

/* Checks the signature of the side's next message in constant time. What is not right does not
 * count: the side is as it was then. */
enum ntlm_sign_status ntlm_sign_check(struct ntlm_sign *sign, struct ntlm_sign_side *side,
                                      struct sspi_view message,
                                      struct sspi_view signature) MUST_USE;

/* The side's next message, of several parts: the signature covers all of them, and those that are
 * sealed are encrypted in place before it unless `encrypt` is false. At most
 * PACKAGE_MESSAGE_PARTS_LIMIT. False: libcrypto failed; the parts and the side must not be used
 * then.
 */
bool ntlm_sign_seal(struct ntlm_sign *sign, struct ntlm_sign_side *side,
                    const struct package_message_part *parts, size_t n_parts, bool encrypt,
                    uint8_t ret_signature[NTLM_SIGN_LEN]) MUST_USE;

/* The same of the peer: checks, and decrypts in place if `decrypt`. The parts are changed on
 * NTLM_SIGN_RIGHT alone; on NTLM_SIGN_FAILED they must not be used. The side as in
 * ntlm_sign_check. */
enum ntlm_sign_status ntlm_sign_unseal(struct ntlm_sign *sign, struct ntlm_sign_side *side,
                                       const struct package_message_part *parts, size_t n_parts,
                                       bool decrypt, struct sspi_view signature) MUST_USE;

/* The side's RC4 begins anew; its sequence numbers go on. False: libcrypto failed. */
bool ntlm_sign_restart(struct ntlm_sign_side *side) MUST_USE;

#endif
