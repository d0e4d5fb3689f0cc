/* SPDX-License-Identifier: Apache-2.0 */
/* The NT hash of a password, which the NT lines of a user file hold. */
#ifndef NTLM_NT_HASH_H
#define NTLM_NT_HASH_H

#include "cipher.h"
#include "store_users_parse.h" /* STORE_USERS_NT_HASH_LEN */

struct evp_md_st;

/* MD4, which OpenSSL has only in its legacy provider. Fetched once; any number of threads may use
 * it after that. */
struct ntlm_nt_hash {
    struct cipher_library library;
    struct evp_md_st *md4;
};

/* False: the legacy provider is not installed, or no memory. There is nothing to clear then. */
bool ntlm_nt_hash_init(struct ntlm_nt_hash *ret_hash) MUST_USE;

/* Accepts a zero-initialised value, and leaves one. */
void ntlm_nt_hash_clear(struct ntlm_nt_hash *hash);

/* Computes MD4 of the password (UTF-8) in UTF-16LE (MS-NLMP 3.3.1). The caller wipes `ret_octets`.
 * False: `hash` was not initialised, the password is not well-formed, no memory, or libcrypto
 * failed. */
bool ntlm_nt_hash_compute(const struct ntlm_nt_hash *hash, struct sspi_view password,
                          uint8_t ret_octets[STORE_USERS_NT_HASH_LEN]) MUST_USE;

#endif
