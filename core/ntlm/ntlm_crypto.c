/* SPDX-License-Identifier: Apache-2.0 */
#include "ntlm_crypto.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

bool ntlm_crypto_init(struct ntlm_crypto *ret_crypto)
{
    struct ntlm_crypto crypto = {0};

    if (!cipher_library_init(&crypto.library))
        return false;
    crypto.rc4 = cipher_fetch(&crypto.library, "RC4");
    /* A failure must not leave its error in the queue for another caller of OpenSSL. */
    ERR_set_mark();
    crypto.hashes.md5 = EVP_MD_fetch(crypto.library.context, "MD5", NULL);
    ERR_pop_to_mark();
    if (crypto.hashes.md5 == NULL || crypto.rc4 == NULL) {
        ntlm_crypto_clear(&crypto);
        return false;
    }
    *ret_crypto = crypto;
    return true;
}

void ntlm_crypto_clear(struct ntlm_crypto *crypto)
{
    hash_suite_clear(&crypto->hashes);
    cipher_free(crypto->rc4);
    cipher_library_clear(&crypto->library);
    *crypto = (struct ntlm_crypto){0};
}

static bool end(struct hash_run *run, uint8_t ret_digest[NTLM_KEY_LEN])
{
    uint8_t digest[HASH_MAX];
    bool good = hash_end(run, digest);

    memcpy(ret_digest, digest, NTLM_KEY_LEN);
    bytes_wipe(digest, sizeof(digest));
    return good;
}

bool ntlm_crypto_hmac(struct hash_run *run, const uint8_t key[NTLM_KEY_LEN],
                      const struct sspi_view *parts, size_t n_parts, uint8_t ret_mac[NTLM_KEY_LEN])
{
    uint8_t mac[HASH_MAX];
    bool good = hash_hmac(run, SSPI_DIGEST_MD5, key, NTLM_KEY_LEN, parts, n_parts, mac);

    memcpy(ret_mac, mac, NTLM_KEY_LEN);
    bytes_wipe(mac, sizeof(mac));
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
    return cipher_stream_new(crypto->rc4, key, NULL, true);
}
