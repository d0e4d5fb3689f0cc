/* SPDX-License-Identifier: Apache-2.0 */
/* Protects messages of a SASL session: integrity (RFC 2831 2.3) and confidentiality (2.4). A
 * message is followed by a MAC of ten octets, a version of two and the message's number of four.
 * With a cipher, padding stands before the MAC, and everything except version and number is
 * encrypted. */
#ifndef DIGEST_LAYER_H
#define DIGEST_LAYER_H

#include "digest_cipher.h"
#include "hash.h"
#include "package.h"

/* Octets of H(A1) and of every key that is made from it. */
#define DIGEST_LAYER_KEY_LEN 16

/* Octets of MAC, version and number. */
#define DIGEST_LAYER_SIGNATURE_LEN 16

/* The most octets that follow a message. */
#define DIGEST_LAYER_TAIL_MOST 24

/* The protection of one direction. */
struct digest_layer_side {
    uint8_t sign_key[DIGEST_LAYER_KEY_LEN];
    struct evp_cipher_ctx_st *stream; /* continues from message to message; NULL without a cipher */
    struct evp_cipher_ctx_st *spare;  /* its state before the message that is being checked */
    uint64_t number; /* of the next message; UINT32_MAX is the number of the last message */
};

struct digest_layer {
    struct hash_run run;
    enum digest_cipher cipher; /* DIGEST_CIPHER_NONE: only integrity */
    struct digest_layer_side client;
    struct digest_layer_side server;
};

/* `session` is H(A1). False: libcrypto failed, or no memory. `hashes` and `ciphers` must outlive
 * the layer. `ciphers` may be NULL if `cipher` is NONE. */
bool digest_layer_init(struct digest_layer *ret_layer, const struct hash_suite *hashes,
                       const struct digest_ciphers *ciphers, enum digest_cipher cipher,
                       const uint8_t session[DIGEST_LAYER_KEY_LEN]) MUST_USE;

/* Wipes and frees the members. The layer may be zero-initialised. */
void digest_layer_clear(struct digest_layer *layer);

enum digest_layer_status {
    DIGEST_LAYER_RIGHT,
    DIGEST_LAYER_SHORT,       /* the message is shorter than any message can be */
    DIGEST_LAYER_WRONG,       /* the peer did not make this message; with a cipher, or not for this
                                 position */
    DIGEST_LAYER_UNSEQUENCED, /* the peer made it, but another number is due */
    DIGEST_LAYER_ENDED,       /* no number is left, or an earlier call failed */
    DIGEST_LAYER_FAILED       /* libcrypto failed; the side accepts no further message */
};

/* Signs the server's next message of at most PACKAGE_MESSAGE_PARTS_LIMIT parts. Nothing is
 * encrypted. */
enum digest_layer_status
digest_layer_sign(struct digest_layer *layer, const struct package_message_part *parts,
                  size_t n_parts, uint8_t ret_signature[DIGEST_LAYER_SIGNATURE_LEN]) MUST_USE;

/* Checks the signature of the client's next message in constant time. A refused message does not
 * count: the layer is unchanged, here and in digest_layer_unseal(). */
enum digest_layer_status digest_layer_verify(struct digest_layer *layer,
                                             const struct package_message_part *parts,
                                             size_t n_parts, struct sspi_view signature) MUST_USE;

/* Returns the octets that follow a message of `len` octets. */
size_t digest_layer_tail_len(const struct digest_layer *layer, size_t len);

/* Seals the server's next message. The parts are encrypted in place if there is a cipher, and
 * `ret_tail` receives the octets that follow them. After FAILED the parts must not be used. */
enum digest_layer_status digest_layer_seal(struct digest_layer *layer,
                                           const struct package_message_part *parts, size_t n_parts,
                                           uint8_t ret_tail[DIGEST_LAYER_TAIL_MOST]) MUST_USE;

/* Decrypts and checks the client's next message with its tail, in place. RIGHT sets *ret_len, the
 * octets of plaintext at the start of `whole`. After any other status `whole` must not be used. */
enum digest_layer_status digest_layer_unseal(struct digest_layer *layer, char *whole, size_t len,
                                             size_t *ret_len) MUST_USE;

#endif
