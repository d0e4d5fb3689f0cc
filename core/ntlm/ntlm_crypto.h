/* SPDX-License-Identifier: Apache-2.0 */
/* The algorithms of NTLM: MD5, HMAC-MD5 and RC4, all of them from a library context of our own
 * (cipher.h). */
#ifndef NTLM_CRYPTO_H
#define NTLM_CRYPTO_H

#include "cipher.h"
#include "hash.h"

/* Octets of every key, hash and MAC here. */
#define NTLM_KEY_LEN 16

/* The algorithms are fetched once and do not change after that, so any number of threads may use
 * them. */
struct ntlm_crypto {
    struct cipher_library library;
    struct hash_suite hashes; /* only MD5 */
    struct evp_cipher_st *rc4;
};

/* False: OpenSSL's legacy provider is not installed, or no memory. There is nothing to clear then.
 */
bool ntlm_crypto_init(struct ntlm_crypto *ret_crypto) MUST_USE;

/* Frees the algorithms. Accepts a zero-initialised value, and leaves one. */
void ntlm_crypto_clear(struct ntlm_crypto *crypto);

/* Computes HMAC-MD5 (RFC 2104) over the parts, one after the other. `run` belongs to
 * crypto->hashes. False: libcrypto failed, and the output is all zero. */
bool ntlm_crypto_hmac(struct hash_run *run, const uint8_t key[NTLM_KEY_LEN],
                      const struct sspi_view *parts, size_t n_parts,
                      uint8_t ret_mac[NTLM_KEY_LEN]) MUST_USE;

/* MD5 over two texts. False as above. */
bool ntlm_crypto_md5(struct hash_run *run, struct sspi_view first, struct sspi_view second,
                     uint8_t ret_digest[NTLM_KEY_LEN]) MUST_USE;

/* RC4, a stream of cipher.h. NULL: libcrypto failed. */
struct evp_cipher_ctx_st *ntlm_crypto_rc4_new(const struct ntlm_crypto *crypto,
                                              const uint8_t key[NTLM_KEY_LEN]) MUST_USE;

#endif
