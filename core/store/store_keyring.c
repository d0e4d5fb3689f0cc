/* SPDX-License-Identifier: Apache-2.0 */
#include "store_keyring.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref.h"

/* The most ciphers that wait in a pool. If more threads use a key at once, the others make ciphers
 * and free them. */
#define POOL_SIZE 32

/* The info of HKDF names the purpose and the version of its format. Another version has other keys,
 * so a text of an older format is never read as one of a newer format. */
#define ID_INFO   "mod_sspi key id 1"
#define INFO_SIZE 64

static const struct {
    const char *info;
    bool has_cipher;
} purposes[STORE_KEY_PURPOSES] = {
    [STORE_KEY_SESSION] = {"mod_sspi session AES-256-GCM 1", true},
    [STORE_KEY_FINGERPRINT] = {"mod_sspi fingerprint SipHash-2-4-128 1", false},
};

/* Ciphers that no thread uses. A thread takes one by an exchange with NULL. The slots hold no list,
 * so no thread follows a pointer of a cipher that another thread took. */
struct pool {
    _Atomic(EVP_CIPHER_CTX *) slot[POOL_SIZE];
};

/* Two pools of each purpose: ciphers that decrypt, and ciphers that encrypt. */
struct derived {
    uint8_t id[STORE_KEYRING_ID_SIZE];
    uint8_t secret[STORE_KEY_PURPOSES][STORE_KEY_SIZE];
    struct pool pools[STORE_KEY_PURPOSES][2];
};

struct store_keyring {
    struct ref ref;
    EVP_CIPHER *cipher;
    size_t n_keys;
    struct derived keys[];
};

_Static_assert(STORE_KEY_SIZE >= STORE_SIPHASH_KEY_SIZE, "a hash uses the first octets of a key");

/* ---- making ---- */

/* libcrypto's parameters are not const, so they are copies. */
static bool derive(EVP_KDF_CTX *kdf, const struct store_key *key, const char *info, uint8_t *ret,
                   size_t len)
{
    char digest[] = "SHA2-256";
    struct store_key key_copy = *key;
    char info_copy[INFO_SIZE];
    int info_len = snprintf(info_copy, sizeof(info_copy), "%s", info);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key_copy.octets,
                                          sizeof(key_copy.octets)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info_copy, (size_t)info_len),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF_CTX_reset(kdf);
    bool derived = EVP_KDF_derive(kdf, ret, len, params) == 1;
    bytes_wipe(&key_copy, sizeof(key_copy));
    return derived;
}

static bool derive_all(struct store_keyring *keyring, EVP_KDF_CTX *kdf,
                       const struct store_key *keys)
{
    for (size_t i = 0; i < keyring->n_keys; i++) {
        struct derived *to = &keyring->keys[i];
        if (!derive(kdf, &keys[i], ID_INFO, to->id, sizeof(to->id)))
            return false;
        for (size_t purpose = 0; purpose < STORE_KEY_PURPOSES; purpose++)
            if (!derive(kdf, &keys[i], purposes[purpose].info, to->secret[purpose],
                        sizeof(to->secret[purpose])))
                return false;
    }
    return true;
}

static bool make(struct store_keyring *keyring, const struct store_key *keys)
{
    EVP_KDF *hkdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
    EVP_KDF_CTX *kdf = hkdf == NULL ? NULL : EVP_KDF_CTX_new(hkdf);
    keyring->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    bool made = kdf != NULL && keyring->cipher != NULL && derive_all(keyring, kdf, keys);
    EVP_KDF_CTX_free(kdf);
    EVP_KDF_free(hkdf);
    return made;
}

struct store_keyring *store_keyring_new(const struct store_key *keys, size_t n_keys)
{
    if (n_keys == 0 || n_keys > STORE_KEYRING_LIMIT)
        return NULL;
    struct store_keyring *keyring = calloc(1, sizeof(*keyring) + n_keys * sizeof(keyring->keys[0]));
    if (keyring == NULL)
        return NULL;
    ref_init(&keyring->ref);
    keyring->n_keys = n_keys;
    /* An error must not stay in OpenSSL's queue, because TLS code reads the queue. */
    ERR_set_mark();
    bool made = make(keyring, keys);
    ERR_pop_to_mark();
    if (made)
        return keyring;
    store_keyring_unref(keyring);
    return NULL;
}

static void free_pool(struct pool *pool)
{
    for (size_t i = 0; i < POOL_SIZE; i++)
        EVP_CIPHER_CTX_free(atomic_load(&pool->slot[i]));
}

static void keyring_free(struct store_keyring *keyring)
{
    for (size_t i = 0; i < keyring->n_keys; i++) {
        for (size_t purpose = 0; purpose < STORE_KEY_PURPOSES; purpose++) {
            free_pool(&keyring->keys[i].pools[purpose][false]);
            free_pool(&keyring->keys[i].pools[purpose][true]);
        }
        bytes_wipe(&keyring->keys[i], sizeof(keyring->keys[i]));
    }
    EVP_CIPHER_free(keyring->cipher);
    free(keyring);
}

REF(store_keyring, struct store_keyring, ref, keyring_free)

/* ---- using ---- */

size_t store_keyring_n_keys(const struct store_keyring *keyring)
{
    return keyring->n_keys;
}

const uint8_t *store_keyring_id(const struct store_keyring *keyring, size_t key)
{
    return keyring->keys[key].id;
}

bool store_keyring_find(const struct store_keyring *keyring, const uint8_t *id, size_t *ret_key)
{
    for (size_t i = 0; i < keyring->n_keys; i++) {
        if (memcmp(keyring->keys[i].id, id, STORE_KEYRING_ID_SIZE) != 0)
            continue;
        *ret_key = i;
        return true;
    }
    return false;
}

static EVP_CIPHER_CTX *take(struct pool *pool)
{
    for (size_t i = 0; i < POOL_SIZE; i++) {
        if (atomic_load_explicit(&pool->slot[i], memory_order_relaxed) == NULL)
            continue;
        EVP_CIPHER_CTX *taken =
            atomic_exchange_explicit(&pool->slot[i], NULL, memory_order_acquire);
        if (taken != NULL)
            return taken;
    }
    return NULL;
}

EVP_CIPHER_CTX *store_keyring_acquire(struct store_keyring *keyring, size_t key,
                                      enum store_key_purpose purpose, bool encrypt)
{
    struct derived *of = &keyring->keys[key];
    EVP_CIPHER_CTX *cipher =
        purposes[purpose].has_cipher ? take(&of->pools[purpose][encrypt]) : NULL;
    if (cipher != NULL || !purposes[purpose].has_cipher)
        return cipher;
    cipher = EVP_CIPHER_CTX_new();
    if (cipher != NULL &&
        EVP_CipherInit_ex2(cipher, keyring->cipher, of->secret[purpose], NULL, encrypt, NULL) == 1)
        return cipher;
    EVP_CIPHER_CTX_free(cipher);
    return NULL;
}

void store_keyring_release(struct store_keyring *keyring, size_t key,
                           enum store_key_purpose purpose, bool encrypt, EVP_CIPHER_CTX *cipher)
{
    struct pool *pool = &keyring->keys[key].pools[purpose][encrypt];
    for (size_t i = 0; i < POOL_SIZE; i++) {
        EVP_CIPHER_CTX *empty = NULL;
        if (atomic_compare_exchange_strong_explicit(&pool->slot[i], &empty, cipher,
                                                    memory_order_release, memory_order_relaxed))
            return;
    }
    EVP_CIPHER_CTX_free(cipher);
}

struct store_siphash store_keyring_hash(const struct store_keyring *keyring, size_t key,
                                        enum store_key_purpose purpose, struct sspi_view data)
{
    return store_siphash(keyring->keys[key].secret[purpose], data.data, data.len);
}
