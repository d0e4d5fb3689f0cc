/* SPDX-License-Identifier: Apache-2.0 */
/* Seals octets that a client keeps for the server, so that the client can neither read nor change
 * them. AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits for each seal.
 *
 *   sealed text = name of the key (8 octets) | nonce (12) | ciphertext | tag (16)
 *
 * The name of the key tells which key of store_keys.h opens the text. It is not secret.
 *
 * Limit: SP 800-38D 8.3 allows 2^32 seals by one key with random nonces. Then two nonces are equal
 * with a probability of 2^-33. A server that seals 100 times a second reaches this after 497 days.
 * A server with more logins should get a new key each month (sspi-key --add, --rotate). The key in
 * the shared memory ends with that memory.
 *
 * All functions are thread-safe and block only for the short lock of store_keys_keyring(). */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "bytes.h"
#include "store_keyring.h"
#include "store_keys.h"

#define STORE_SEAL_NONCE_SIZE 12
#define STORE_SEAL_TAG_SIZE   16

/* A sealed text is that much longer than its contents. */
#define STORE_SEAL_OVERHEAD (STORE_KEYRING_ID_SIZE + STORE_SEAL_NONCE_SIZE + STORE_SEAL_TAG_SIZE)

/* The most octets of the contents, and of the associated data. */
#define STORE_SEAL_CONTENTS_LIMIT 65536u

/* Seals `contents` with the first key, and appends STORE_SEAL_OVERHEAD + contents.len octets to
 * `to`. `associated` is not in the text, but must be the same when it is opened: what the text is
 * for, and the version of the contents. The caller makes its fields unambiguous. False: randomness,
 * memory or libcrypto failed, or an argument is longer than STORE_SEAL_CONTENTS_LIMIT. `to` then
 * holds nothing usable. */
bool store_seal_make(struct store_keys *keys, enum store_key_purpose purpose,
                     struct sspi_view associated, struct sspi_view contents,
                     struct bytes *to) MUST_USE;

enum store_seal_status {
    STORE_SEAL_OK,
    STORE_SEAL_UNKNOWN_KEY, /* another server, or a key that was removed, sealed it */
    STORE_SEAL_ALTERED,     /* one of these keys did not seal it, or not for this `associated` */
    STORE_SEAL_MALFORMED,   /* too short, or its contents are longer than `size` */
    STORE_SEAL_FAILED       /* memory or libcrypto failed: nothing is known about the text */
};

/* Opens a sealed text. Writes at most `size` octets to `buffer`, and their number to *ret_len. With
 * any other status than STORE_SEAL_OK, `buffer` holds nothing usable. Allocates nothing on the heap
 * once its process has opened a text with this key (store_keyring_acquire()). */
enum store_seal_status store_seal_open(struct store_keys *keys, enum store_key_purpose purpose,
                                       struct sspi_view associated, struct sspi_view sealed,
                                       void *buffer, size_t size, size_t *ret_len) MUST_USE;

/* ---- fingerprints ----
 *
 * A keyed hash that shows whether a secret, such as the hash of a password, is still the same. It
 * is kept within sealed contents. Its first octets are the name of its key, so that it is still
 * right after another key seals. */

#define STORE_SEAL_FINGERPRINT_SIZE (STORE_KEYRING_ID_SIZE + 8)

/* Hashes `secret` with the first key. */
void store_seal_fingerprint(struct store_keys *keys, struct sspi_view secret,
                            uint8_t ret_fingerprint[STORE_SEAL_FINGERPRINT_SIZE]);

/* True if `fingerprint` is that of `secret`, by any of the keys. Compares in constant time. False
 * also if its key was removed. */
bool store_seal_is_fingerprint(struct store_keys *keys, struct sspi_view secret,
                               const uint8_t fingerprint[STORE_SEAL_FINGERPRINT_SIZE]) MUST_USE;

#endif
