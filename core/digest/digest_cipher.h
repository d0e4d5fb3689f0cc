/* SPDX-License-Identifier: Apache-2.0 */
/* The ciphers of qop auth-conf (RFC 2831 2.4): their names, what they make of the key, how they are
 * run. */
#ifndef DIGEST_CIPHER_H
#define DIGEST_CIPHER_H

#include "cipher.h"
#include "sspi.h"

/* In the order in which they are offered. */
enum digest_cipher {
    DIGEST_CIPHER_NONE,
    DIGEST_CIPHER_3DES, /* two keys, CBC */
    DIGEST_CIPHER_RC4,
    DIGEST_CIPHER_DES, /* CBC; this one and the next are offered on demand alone */
    DIGEST_CIPHER_RC4_56,
    DIGEST_CIPHER_RC4_40,
    N_DIGEST_CIPHERS
};

/* Kc, from which key and IV are taken. */
#define DIGEST_CIPHER_KEY_LEN 16

/* As in the challenge; "" for NONE. */
const char *digest_cipher_name(enum digest_cipher cipher);

/* Letters without case; NONE when unknown. */
enum digest_cipher digest_cipher_from_name(struct sspi_view name);

/* Octets of a block; 1 for a stream, and for NONE. */
size_t digest_cipher_block(enum digest_cipher cipher);

/* Octets of H(A1) that Kc is made of. */
size_t digest_cipher_session_len(enum digest_cipher cipher);

/* What Windows calls it, its number there (ALG_ID) and how many bits a key has; "", 0 and 0 for
 * NONE. */
struct digest_cipher_about {
    const char *name;
    ULONG number;
    ULONG key_bits;
};
struct digest_cipher_about digest_cipher_about(enum digest_cipher cipher);

/* What this machine's OpenSSL has. Made once, then read-only: any number of threads may use it. */
struct digest_ciphers {
    struct cipher_library library;
    struct evp_cipher_st *fetched[N_DIGEST_CIPHERS]; /* NULL where it is not there */
};

/* False: no memory; nothing is held then. Missing ciphers are no error. */
bool digest_ciphers_init(struct digest_ciphers *ret_ciphers) MUST_USE;

/* Leaves a zero-initialised value, which is fine too. */
void digest_ciphers_clear(struct digest_ciphers *ciphers);

/* One bit (1 << cipher) each; `weak` adds those that are offered on demand alone. */
unsigned int digest_ciphers_available(const struct digest_ciphers *ciphers, bool weak);

/* A stream of cipher.h for one direction. NULL: libcrypto failed, or the cipher is not there.
 * `ciphers` must outlive it. */
struct evp_cipher_ctx_st *digest_cipher_begin(const struct digest_ciphers *ciphers,
                                              enum digest_cipher cipher,
                                              const uint8_t key[DIGEST_CIPHER_KEY_LEN],
                                              bool encrypt) MUST_USE;

#endif
