/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a session of SASL: integrity (RFC 2831 2.3) and confidentiality (2.4). What protects
 * a message stands behind it: ten octets of a MAC, two of a version, four of its number; with a
 * cipher padding in front of the MAC, and all but version and number encrypted. */
#ifndef DIGEST_LAYER_H
#define DIGEST_LAYER_H

#include "digest_cipher.h"
#include "hash.h"
#include "package.h"

/* H(A1) and every key made of it. */
#define DIGEST_LAYER_KEY_LEN 16

/* MAC, version and number. */
#define DIGEST_LAYER_SIGNATURE_LEN 16

/* The most that stands behind a message. */
#define DIGEST_LAYER_TAIL_MOST 24

/* What one direction is protected with. */
struct digest_layer_side {
    uint8_t sign_key[DIGEST_LAYER_KEY_LEN];
    struct evp_cipher_ctx_st *stream; /* goes on from message to message; NULL without a cipher */
    struct evp_cipher_ctx_st *spare;  /* as it was before the message that is looked at */
    uint64_t number;                  /* of the next message; UINT32_MAX is that of the last one */
};

struct digest_layer {
    struct hash_run run;
    enum digest_cipher cipher; /* NONE: integrity alone */
    struct digest_layer_side client;
    struct digest_layer_side server;
};

/* `session` is H(A1). False: libcrypto failed, or no memory. `hashes` and `ciphers`, which may be
 * NULL without a cipher, must outlive it. */
bool digest_layer_init(struct digest_layer *ret_layer, const struct hash_suite *hashes,
                       const struct digest_ciphers *ciphers, enum digest_cipher cipher,
                       const uint8_t session[DIGEST_LAYER_KEY_LEN]) MUST_USE;

/* Wipes and frees; a zero-initialised one is fine. */
void digest_layer_clear(struct digest_layer *layer);

enum digest_layer_status {
    DIGEST_LAYER_RIGHT,
    DIGEST_LAYER_SHORT, /* than any message */
    DIGEST_LAYER_WRONG, /* not what the peer made; or not made for this place, with a cipher */
    DIGEST_LAYER_UNSEQUENCED, /* the peer's, but another one is due */
    DIGEST_LAYER_ENDED,       /* no number is left, or an earlier call failed */
    DIGEST_LAYER_FAILED       /* libcrypto; the side takes no further message */
};

/* The signature of our next message, of at most PACKAGE_MESSAGE_PARTS_LIMIT parts. Never encrypted.
 */
enum digest_layer_status
digest_layer_sign(struct digest_layer *layer, const struct package_message_part *parts,
                  size_t n_parts, uint8_t ret_signature[DIGEST_LAYER_SIGNATURE_LEN]) MUST_USE;

/* The same of the client's next message, checked in constant time. What is refused does not count:
 * the layer is as it was, here and in unseal. */
enum digest_layer_status digest_layer_verify(struct digest_layer *layer,
                                             const struct package_message_part *parts,
                                             size_t n_parts, struct sspi_view signature) MUST_USE;

/* Octets behind a message of `len`. */
size_t digest_layer_tail_len(const struct digest_layer *layer, size_t len);

/* Our next message: the parts are encrypted in place if there is a cipher, `ret_tail` receives what
 * stands behind them. On FAILED the parts must not be used. */
enum digest_layer_status digest_layer_seal(struct digest_layer *layer,
                                           const struct package_message_part *parts, size_t n_parts,
                                           uint8_t ret_tail[DIGEST_LAYER_TAIL_MOST]) MUST_USE;

/* The client's next message with its tail, decrypted in place. RIGHT sets *ret_len: the plaintext
 * is the first so many octets. On all other statuses `whole` must not be used. */
enum digest_layer_status digest_layer_unseal(struct digest_layer *layer, char *whole, size_t len,
                                             size_t *ret_len) MUST_USE;

#endif
