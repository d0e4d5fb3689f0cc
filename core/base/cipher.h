/* SPDX-License-Identifier: Apache-2.0 */
/* The old ciphers of NTLM and of Digest in SASL. OpenSSL has most of them in its legacy provider.
 * This file loads it into an OpenSSL library context of its own. So no other code in the process
 * gets weak algorithms, and a policy of the process (FIPS) does not remove ours. */
#ifndef BASE_CIPHER_H
#define BASE_CIPHER_H

#include "bytes.h"

struct evp_cipher_ctx_st;
struct evp_cipher_st;
struct ossl_lib_ctx_st;
struct ossl_provider_st;

/* Read-only after cipher_library_init(): any number of threads may use it. It must outlive every
 * cipher that was fetched from it. */
struct cipher_library {
    struct ossl_lib_ctx_st *context; /* also for digests */
    struct ossl_provider_st *standard;
    struct ossl_provider_st *legacy; /* NULL if it is not installed */
};

/* False: out of memory; *ret_library is unchanged. */
bool cipher_library_init(struct cipher_library *ret_library) MUST_USE;

/* Leaves a zero-initialised value, and accepts one. */
void cipher_library_clear(struct cipher_library *library);

/* Fetches a cipher by OpenSSL's name. NULL: this machine does not have it, or out of memory. The
 * caller frees it with cipher_free(). */
struct evp_cipher_st *cipher_fetch(const struct cipher_library *library, const char *name) MUST_USE;

/* Accepts NULL. */
void cipher_free(struct evp_cipher_st *cipher);

/* ---- one stream: each call continues where the last one ended ---- */

/* `key` and `iv` have the lengths that the cipher defines; `iv` is NULL for a cipher without one.
 * Returns NULL if libcrypto fails. */
struct evp_cipher_ctx_st *cipher_stream_new(const struct evp_cipher_st *cipher, const uint8_t *key,
                                            const uint8_t *iv, bool encrypt) MUST_USE;

/* Restarts the stream with this key, for a cipher without an IV. False: libcrypto failed. */
bool cipher_stream_restart(struct evp_cipher_ctx_st *stream, const uint8_t *key) MUST_USE;

/* Converts whole blocks without padding. `to` may be `from`. False: libcrypto failed, or `len` is
 * not a multiple of the block size; the stream must not be used then. */
bool cipher_stream_apply(struct evp_cipher_ctx_st *stream, const uint8_t *from, size_t len,
                         uint8_t *to) MUST_USE;

/* Makes `to` continue at the state of `from`. False: libcrypto failed. */
bool cipher_stream_copy(struct evp_cipher_ctx_st *to,
                        const struct evp_cipher_ctx_st *from) MUST_USE;

/* Wipes and frees; accepts NULL. */
void cipher_stream_free(struct evp_cipher_ctx_st *stream);

#endif
