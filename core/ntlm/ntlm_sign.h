/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures and sealed messages of an established session (MS-NLMP 3.4.3, 3.4.4.2), with extended
 * session security and 128 bits. SPNEGO's mechListMIC is such a signature. */
#ifndef NTLM_SIGN_H
#define NTLM_SIGN_H

#include "ntlm_keys.h"
#include "package.h"

#define NTLM_SIGN_LEN 16

/* The keys of one direction. */
struct ntlm_sign_side {
    uint8_t sign_key[NTLM_KEY_LEN];
    uint8_t seal_key[NTLM_KEY_LEN];
    struct evp_cipher_ctx_st *rc4;   /* its state continues from message to message */
    struct evp_cipher_ctx_st *spare; /* the state of rc4 before the message that is checked */
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

/* Wipes and frees. A zero-initialised value is fine. */
void ntlm_sign_clear(struct ntlm_sign *sign);

/* Makes the signature of the side's next message. `side` is one of the two sides of `sign`. False:
 * libcrypto failed. */
bool ntlm_sign_make(struct ntlm_sign *sign, struct ntlm_sign_side *side, struct sspi_view message,
                    uint8_t ret_signature[NTLM_SIGN_LEN]) MUST_USE;

enum ntlm_sign_status {
    NTLM_SIGN_RIGHT,
    NTLM_SIGN_WRONG,       /* another message, or no signature at all */
    NTLM_SIGN_UNSEQUENCED, /* the signature of an earlier or a later message, by its number */
    NTLM_SIGN_FAILED       /* libcrypto */
};

/* Checks the signature of the side's next message in constant time. If it is not right, the side
 * keeps its state from before the call. */
enum ntlm_sign_status ntlm_sign_check(struct ntlm_sign *sign, struct ntlm_sign_side *side,
                                      struct sspi_view message,
                                      struct sspi_view signature) MUST_USE;

/* Signs the side's next message, which has several parts. The signature covers all of them. If
 * `encrypt` is true, the sealed parts are then encrypted in place. There are at most
 * PACKAGE_MESSAGE_PARTS_LIMIT parts. False: libcrypto failed. The parts and the side must not be
 * used then. */
bool ntlm_sign_seal(struct ntlm_sign *sign, struct ntlm_sign_side *side,
                    const struct package_message_part *parts, size_t n_parts, bool encrypt,
                    uint8_t ret_signature[NTLM_SIGN_LEN]) MUST_USE;

/* The same for a message of the peer: checks it, and decrypts in place if `decrypt`. The parts
 * change only on NTLM_SIGN_RIGHT. On NTLM_SIGN_FAILED they must not be used. The side is as after
 * ntlm_sign_check(). */
enum ntlm_sign_status ntlm_sign_unseal(struct ntlm_sign *sign, struct ntlm_sign_side *side,
                                       const struct package_message_part *parts, size_t n_parts,
                                       bool decrypt, struct sspi_view signature) MUST_USE;

/* Restarts the side's RC4 with its key. The sequence numbers continue. False: libcrypto failed. */
bool ntlm_sign_restart(struct ntlm_sign_side *side) MUST_USE;

#endif
