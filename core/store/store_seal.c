/* SPDX-License-Identifier: Apache-2.0 */
#include "store_seal.h"

#include <endian.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

/* Octets that are encrypted at a time, in a buffer on the stack. */
#define PIECE 1024

/* A cipher that is in use. */
struct use {
    struct store_keyring *keyring;
    size_t key;
    enum store_key_purpose purpose;
    bool encrypt;
    EVP_CIPHER_CTX *cipher; /* NULL: none was acquired */
};

static void end_use(struct use *use)
{
    if (use->cipher != NULL)
        store_keyring_release(use->keyring, use->key, use->purpose, use->encrypt, use->cipher);
    store_keyring_unref(use->keyring);
}

#define USE_CLEANUP __attribute__((cleanup(end_use)))

/* Acquires the cipher, and sets the nonce and the associated data. The key is set already, so
 * libcrypto fetches and allocates nothing. */
static bool begin(struct use *use, const uint8_t nonce[STORE_SEAL_NONCE_SIZE],
                  struct sspi_view associated)
{
    int n_read;
    use->cipher = store_keyring_acquire(use->keyring, use->key, use->purpose, use->encrypt);
    return use->cipher != NULL &&
           EVP_CipherInit_ex2(use->cipher, NULL, NULL, nonce, use->encrypt, NULL) == 1 &&
           (associated.len == 0 ||
            EVP_CipherUpdate(use->cipher, NULL, &n_read, (const uint8_t *)associated.data,
                             (int)associated.len) == 1);
}

static bool update(struct use *use, const void *from, size_t len, uint8_t *to)
{
    int n_written;
    return len == 0 || (EVP_CipherUpdate(use->cipher, to, &n_written, from, (int)len) == 1 &&
                        (size_t)n_written == len);
}

/* ---- making ---- */

static bool encrypt(struct use *use, struct sspi_view contents, struct bytes *to)
{
    uint8_t piece[PIECE], tag[STORE_SEAL_TAG_SIZE];
    int n_written;
    while (contents.len > 0) {
        size_t len = contents.len < sizeof(piece) ? contents.len : sizeof(piece);
        if (!update(use, contents.data, len, piece))
            return false;
        bytes_append(to, piece, len);
        contents.data += len;
        contents.len -= len;
    }
    if (EVP_EncryptFinal_ex(use->cipher, piece, &n_written) != 1 ||
        EVP_CIPHER_CTX_ctrl(use->cipher, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag) != 1)
        return false;
    bytes_append(to, tag, sizeof(tag));
    return !to->failed;
}

bool store_seal_make(struct store_keys *keys, enum store_key_purpose purpose,
                     struct sspi_view associated, struct sspi_view contents, struct bytes *to)
{
    uint8_t nonce[STORE_SEAL_NONCE_SIZE];
    const struct clock *clock = store_keys_clock(keys);
    if (contents.len > STORE_SEAL_CONTENTS_LIMIT || associated.len > STORE_SEAL_CONTENTS_LIMIT ||
        !clock->random(clock->self, nonce, sizeof(nonce)))
        return false;
    USE_CLEANUP struct use use = {
        .keyring = store_keys_keyring(keys), .purpose = purpose, .encrypt = true};
    bytes_append(to, store_keyring_id(use.keyring, use.key), STORE_KEYRING_ID_SIZE);
    bytes_append(to, nonce, sizeof(nonce));
    /* An error must not stay in OpenSSL's queue, because TLS code reads the queue. */
    ERR_set_mark();
    bool made = begin(&use, nonce, associated) && encrypt(&use, contents, to);
    ERR_pop_to_mark();
    return made;
}

/* ---- opening ---- */

/* The parts of a sealed text. */
struct parts {
    const uint8_t *id, *nonce, *ciphertext, *tag;
    size_t len; /* of the ciphertext */
};

static bool divide(struct sspi_view sealed, size_t size, struct parts *ret_parts)
{
    const uint8_t *octets = (const uint8_t *)sealed.data;
    if (sealed.len < STORE_SEAL_OVERHEAD)
        return false;
    size_t len = sealed.len - STORE_SEAL_OVERHEAD;
    *ret_parts = (struct parts){
        .id = octets,
        .nonce = octets + STORE_KEYRING_ID_SIZE,
        .ciphertext = octets + STORE_KEYRING_ID_SIZE + STORE_SEAL_NONCE_SIZE,
        .tag = octets + sealed.len - STORE_SEAL_TAG_SIZE,
        .len = len,
    };
    return len <= size && len <= STORE_SEAL_CONTENTS_LIMIT;
}

static enum store_seal_status decrypt(struct use *use, const struct parts *parts,
                                      struct sspi_view associated, uint8_t *buffer)
{
    uint8_t tag[STORE_SEAL_TAG_SIZE], rest[STORE_SEAL_TAG_SIZE];
    int n_written;
    memcpy(tag, parts->tag, sizeof(tag)); /* the argument is not const */
    if (!begin(use, parts->nonce, associated) ||
        !update(use, parts->ciphertext, parts->len, buffer) ||
        EVP_CIPHER_CTX_ctrl(use->cipher, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) != 1)
        return STORE_SEAL_FAILED;
    /* Compares the tag in constant time. */
    return EVP_DecryptFinal_ex(use->cipher, rest, &n_written) == 1 ? STORE_SEAL_OK
                                                                   : STORE_SEAL_ALTERED;
}

enum store_seal_status store_seal_open(struct store_keys *keys, enum store_key_purpose purpose,
                                       struct sspi_view associated, struct sspi_view sealed,
                                       void *buffer, size_t size, size_t *ret_len)
{
    struct parts parts;
    if (!divide(sealed, size, &parts) || associated.len > STORE_SEAL_CONTENTS_LIMIT)
        return STORE_SEAL_MALFORMED;
    USE_CLEANUP struct use use = {.keyring = store_keys_keyring(keys), .purpose = purpose};
    if (!store_keyring_find(use.keyring, parts.id, &use.key))
        return STORE_SEAL_UNKNOWN_KEY;
    ERR_set_mark();
    enum store_seal_status status = decrypt(&use, &parts, associated, buffer);
    ERR_pop_to_mark();
    if (status == STORE_SEAL_OK)
        *ret_len = parts.len;
    else
        bytes_wipe(buffer, parts.len); /* GCM decrypts before it knows the tag */
    return status;
}

/* ---- fingerprints ---- */

static void make_fingerprint(const struct store_keyring *keyring, size_t key,
                             struct sspi_view secret, uint8_t *ret_fingerprint)
{
    uint64_t hash = htole64(store_keyring_hash(keyring, key, STORE_KEY_FINGERPRINT, secret).low);
    memcpy(ret_fingerprint, store_keyring_id(keyring, key), STORE_KEYRING_ID_SIZE);
    memcpy(ret_fingerprint + STORE_KEYRING_ID_SIZE, &hash, sizeof(hash));
}

void store_seal_fingerprint(struct store_keys *keys, struct sspi_view secret,
                            uint8_t ret_fingerprint[STORE_SEAL_FINGERPRINT_SIZE])
{
    struct store_keyring *keyring = store_keys_keyring(keys);
    make_fingerprint(keyring, 0, secret, ret_fingerprint);
    store_keyring_unref(keyring);
}

bool store_seal_is_fingerprint(struct store_keys *keys, struct sspi_view secret,
                               const uint8_t fingerprint[STORE_SEAL_FINGERPRINT_SIZE])
{
    uint8_t right[STORE_SEAL_FINGERPRINT_SIZE];
    size_t key;
    struct store_keyring *keyring = store_keys_keyring(keys);
    bool known = store_keyring_find(keyring, fingerprint, &key);
    if (known)
        make_fingerprint(keyring, key, secret, right);
    store_keyring_unref(keyring);
    return known && bytes_equal_secret(
                        (struct sspi_view){(const char *)right, sizeof(right)},
                        (struct sspi_view){(const char *)fingerprint, STORE_SEAL_FINGERPRINT_SIZE});
}
