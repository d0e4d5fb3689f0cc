/* SPDX-License-Identifier: Apache-2.0 */
/* The ciphers of qop auth-conf (RFC 2831 2.4): their names, their keys, and streams that encrypt
 * and decrypt. */
#ifndef DIGEST_CIPHER_H
#define DIGEST_CIPHER_H

#include "cipher.h"
#include "sspi.h"

/* In the order of the offer. */
enum digest_cipher {
    DIGEST_CIPHER_NONE,
    DIGEST_CIPHER_3DES, /* two keys, CBC */
    DIGEST_CIPHER_RC4,
    DIGEST_CIPHER_DES, /* CBC; this cipher and the next ones are only offered if weak ciphers are
                          allowed */
    DIGEST_CIPHER_RC4_56,
    DIGEST_CIPHER_RC4_40,
    N_DIGEST_CIPHERS
};

/* Octets of Kc, from which key and IV are taken. */
#define DIGEST_CIPHER_KEY_LEN 16

/* Returns the name in the challenge; "" for NONE. */
const char *digest_cipher_name(enum digest_cipher cipher);

/* Finds a name in any case; NONE if it is unknown. */
enum digest_cipher digest_cipher_from_name(struct sspi_view name);

/* Returns the octets of a block; 1 for a stream cipher and for NONE. */
size_t digest_cipher_block(enum digest_cipher cipher);

/* Returns how many octets of H(A1) go into Kc. */
size_t digest_cipher_session_len(enum digest_cipher cipher);

/* Windows' name of the cipher, its number there (ALG_ID), and the bits of a key; "", 0 and 0 for
 * NONE. */
struct digest_cipher_about {
    const char *name;
    ULONG number;
    ULONG key_bits;
};
struct digest_cipher_about digest_cipher_about(enum digest_cipher cipher);

/* The ciphers of this machine's OpenSSL. They are read-only after digest_ciphers_init(), so any
 * number of threads may use them. */
struct digest_ciphers {
    struct cipher_library library;
    struct evp_cipher_st *fetched[N_DIGEST_CIPHERS]; /* NULL if OpenSSL lacks it */
};

/* False: no memory, and nothing is allocated. A cipher that OpenSSL lacks is no error. */
bool digest_ciphers_init(struct digest_ciphers *ret_ciphers) MUST_USE;

/* Leaves a zero-initialised value. The value may be zero-initialised before. */
void digest_ciphers_clear(struct digest_ciphers *ciphers);

/* Returns one bit (1 << cipher) for each cipher that OpenSSL has. `weak` includes the weak ones. */
unsigned int digest_ciphers_available(const struct digest_ciphers *ciphers, bool weak);

/* Makes a stream (cipher.h) for one direction. NULL: libcrypto failed, or OpenSSL lacks the cipher.
 * `ciphers` must outlive the stream. */
struct evp_cipher_ctx_st *digest_cipher_stream_new(const struct digest_ciphers *ciphers,
                                                   enum digest_cipher cipher,
                                                   const uint8_t key[DIGEST_CIPHER_KEY_LEN],
                                                   bool encrypt) MUST_USE;

#endif
