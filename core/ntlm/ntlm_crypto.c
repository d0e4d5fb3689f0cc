/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_crypto.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <string.h>

bool ntlm_crypto_open(struct ntlm_crypto *ret_crypto)
{
    struct ntlm_crypto crypto = {0};

    /* What fails must not leave its error for whoever looks at the queue next (TLS code does). */
    ERR_set_mark();
    crypto.library = OSSL_LIB_CTX_new();
    if (crypto.library != NULL) {
        crypto.standard = OSSL_PROVIDER_load(crypto.library, "default");
        crypto.legacy = OSSL_PROVIDER_load(crypto.library, "legacy");
        crypto.hashes.md5 = EVP_MD_fetch(crypto.library, "MD5", NULL);
        crypto.rc4 = EVP_CIPHER_fetch(crypto.library, "RC4", NULL);
    }
    ERR_pop_to_mark();
    if (crypto.hashes.md5 == NULL || crypto.rc4 == NULL) {
        ntlm_crypto_close(&crypto);
        return false;
    }
    *ret_crypto = crypto;
    return true;
}

void ntlm_crypto_close(struct ntlm_crypto *crypto)
{
    hash_suite_close(&crypto->hashes);
    EVP_CIPHER_free(crypto->rc4);
    if (crypto->legacy != NULL)
        OSSL_PROVIDER_unload(crypto->legacy);
    if (crypto->standard != NULL)
        OSSL_PROVIDER_unload(crypto->standard);
    OSSL_LIB_CTX_free(crypto->library);
    *crypto = (struct ntlm_crypto){0};
}

static bool end(struct hash_run *run, uint8_t ret_digest[NTLM_KEY_LEN])
{
    uint8_t digest[HASH_MAX];
    bool good = hash_end(run, digest);

    memcpy(ret_digest, digest, NTLM_KEY_LEN);
    bytes_wipe(digest, sizeof digest);
    return good;
}

bool ntlm_crypto_hmac(struct hash_run *run, const uint8_t key[NTLM_KEY_LEN],
                      const struct sspi_view *parts, size_t n_parts, uint8_t ret_mac[NTLM_KEY_LEN])
{
    uint8_t mac[HASH_MAX];
    bool good = hash_hmac(run, SSPI_DIGEST_MD5, key, NTLM_KEY_LEN, parts, n_parts, mac);

    memcpy(ret_mac, mac, NTLM_KEY_LEN);
    bytes_wipe(mac, sizeof mac);
    return good;
}

bool ntlm_crypto_md5(struct hash_run *run, struct sspi_view first, struct sspi_view second,
                     uint8_t ret_digest[NTLM_KEY_LEN])
{
    hash_begin(run, SSPI_DIGEST_MD5);
    hash_update_view(run, first);
    hash_update_view(run, second);
    return end(run, ret_digest);
}

EVP_CIPHER_CTX *ntlm_crypto_rc4_new(const struct ntlm_crypto *crypto,
                                    const uint8_t key[NTLM_KEY_LEN])
{
    EVP_CIPHER_CTX *rc4 = EVP_CIPHER_CTX_new();

    if (rc4 != NULL && EVP_EncryptInit_ex2(rc4, crypto->rc4, key, NULL, NULL) != 1) {
        EVP_CIPHER_CTX_free(rc4);
        return NULL;
    }
    return rc4;
}

bool ntlm_crypto_rc4_restart(EVP_CIPHER_CTX *rc4, const uint8_t key[NTLM_KEY_LEN])
{
    return EVP_EncryptInit_ex2(rc4, NULL, key, NULL, NULL) == 1;
}

bool ntlm_crypto_rc4_apply(EVP_CIPHER_CTX *rc4, const uint8_t *from, size_t len, uint8_t *to)
{
    int n_written;

    return len <= INT_MAX && EVP_EncryptUpdate(rc4, to, &n_written, from, (int)len) == 1 &&
           (size_t)n_written == len;
}

bool ntlm_crypto_rc4_copy(EVP_CIPHER_CTX *to, const EVP_CIPHER_CTX *from)
{
    return EVP_CIPHER_CTX_copy(to, from) == 1;
}

void ntlm_crypto_rc4_free(EVP_CIPHER_CTX *rc4)
{
    EVP_CIPHER_CTX_free(rc4);
}
