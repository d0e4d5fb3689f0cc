/* SPDX-License-Identifier: Apache-2.0 */
/* The old ciphers of NTLM and of Digest in SASL. OpenSSL keeps most of them in its legacy provider,
 * which is loaded into a library context of our own: nothing else in the process gets weak
 * algorithms by it, and no policy of the process (FIPS) takes ours away. */
#ifndef BASE_CIPHER_H
#define BASE_CIPHER_H

#include "bytes.h"

struct evp_cipher_ctx_st;
struct evp_cipher_st;
struct ossl_lib_ctx_st;
struct ossl_provider_st;

/* Made once, then read-only: any number of threads may use it. It must outlive what was fetched
 * from it. */
struct cipher_library {
    struct ossl_lib_ctx_st *context; /* also for digests */
    struct ossl_provider_st *standard;
    struct ossl_provider_st *legacy; /* NULL where it is not installed */
};

/* False: no memory; nothing is held then. */
bool cipher_library_open(struct cipher_library *ret_library) MUST_USE;

/* Leaves a zero-initialised value, which is fine too. */
void cipher_library_close(struct cipher_library *library);

/* By OpenSSL's name. NULL: this machine does not have it, or no memory. */
struct evp_cipher_st *cipher_fetch(const struct cipher_library *library, const char *name) MUST_USE;

/* NULL is fine. */
void cipher_drop(struct evp_cipher_st *cipher);

/* ---- one stream: each call goes on where the last one ended ---- */

/* `key` and `iv` are as long as the cipher has them; NULL for an `iv` that it does not have. NULL:
 * libcrypto failed. */
struct evp_cipher_ctx_st *cipher_stream_new(const struct evp_cipher_st *cipher, const uint8_t *key,
                                            const uint8_t *iv, bool encrypt) MUST_USE;

/* Begins anew with this key, for a cipher without an IV. */
bool cipher_stream_restart(struct evp_cipher_ctx_st *stream, const uint8_t *key) MUST_USE;

/* Whole blocks, which are not padded. `to` may be `from`. False: libcrypto failed, or `len` is no
 * number of blocks; the stream must not be used then. */
bool cipher_stream_apply(struct evp_cipher_ctx_st *stream, const uint8_t *from, size_t len,
                         uint8_t *to) MUST_USE;

/* `to` goes on as `from` would. */
bool cipher_stream_copy(struct evp_cipher_ctx_st *to,
                        const struct evp_cipher_ctx_st *from) MUST_USE;

/* Wipes and frees; NULL is fine. */
void cipher_stream_free(struct evp_cipher_ctx_st *stream);

#endif
