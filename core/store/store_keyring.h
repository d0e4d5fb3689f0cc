/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are ready for use: a keyring is made of the lines of a key file, or of the key in the
 * shared memory. It never changes, so any number of threads may use it. Internal to store/.
 *
 * Each purpose has a key of its own, which HKDF (RFC 5869) derives from the key of the file. So a
 * text that was sealed for one purpose never opens for another one. The keys are derived once, when
 * the keyring is made. The ciphers of a key, with their key schedules, wait in a pool of this
 * process. */
#ifndef STORE_KEYRING_H
#define STORE_KEYRING_H

#include "bytes.h"
#include "store_siphash.h"
#include "store_sizes.h"

struct evp_cipher_ctx_st;

/* Octets of the public name of a key, which is derived from the key and does not reveal it. */
#define STORE_KEYRING_ID_SIZE 8

/* The most keys. All keys open what they sealed, so old keys should not stay longer than needed. */
#define STORE_KEYRING_LIMIT 16

/* What a key is used for; the rows of `purposes` in store_keyring.c. */
enum store_key_purpose {
    STORE_KEY_SESSION,     /* seals the cookies of sessions */
    STORE_KEY_FINGERPRINT, /* hashes the line of a user in a user file */
    STORE_KEY_PURPOSES
};

/* A key of the file or of the shared memory. */
struct store_key {
    uint8_t octets[STORE_KEY_SIZE];
};

struct store_keyring;

/* Makes a keyring of `n_keys` keys, from 1 to STORE_KEYRING_LIMIT. The first one seals. NULL: no
 * memory, or libcrypto failed. Allocates; the caller owns a reference. */
struct store_keyring *store_keyring_new(const struct store_key *keys, size_t n_keys) MUST_USE;

/* See ref.h. The last owner wipes the keys. */
struct store_keyring *store_keyring_ref(struct store_keyring *keyring);
void store_keyring_unref(struct store_keyring *keyring);

/* The number of keys; the key 0 seals. */
size_t store_keyring_n_keys(const struct store_keyring *keyring);

/* The public name of a key: STORE_KEYRING_ID_SIZE octets that live as long as the keyring. */
const uint8_t *store_keyring_id(const struct store_keyring *keyring, size_t key);

/* Finds the key of this name. False: the keyring does not have it. */
bool store_keyring_find(const struct store_keyring *keyring, const uint8_t *id,
                        size_t *ret_key) MUST_USE;

/* Takes a cipher (AES-256-GCM) of this key and purpose that encrypts, or decrypts. Its key is set,
 * and the caller sets the nonce. It allocates only if the pool is empty: in the first calls of a
 * process, and if more threads than ever before use the key at once. NULL: no memory, or libcrypto
 * failed, or the purpose has no cipher. Takes no lock. */
struct evp_cipher_ctx_st *store_keyring_acquire(struct store_keyring *keyring, size_t key,
                                                enum store_key_purpose purpose,
                                                bool encrypt) MUST_USE;

/* Gives the cipher back, with the arguments of store_keyring_acquire(). */
void store_keyring_release(struct store_keyring *keyring, size_t key,
                           enum store_key_purpose purpose, bool encrypt,
                           struct evp_cipher_ctx_st *cipher);

/* Hashes `data` with the key of this purpose. */
struct store_siphash store_keyring_hash(const struct store_keyring *keyring, size_t key,
                                        enum store_key_purpose purpose, struct sspi_view data);

#endif
