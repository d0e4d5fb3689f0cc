/* SPDX-License-Identifier: Apache-2.0 */
/* The digests of HTTP Digest: their names, lengths and how to compute them. Algorithms are fetched
 * from OpenSSL once, because a fetch by name costs more than a hash of a short text. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "bytes.h"
#include "sspi_acceptor.h" /* enum sspi_digest_algorithm */

/* Longest digest in octets; in hexadecimal it is twice that. */
#define HASH_MAX 32

struct evp_md_st;
struct evp_md_ctx_st;

/* "MD5", "SHA-256", "SHA-512-256", each also with "-sess", as in RFC 7616; NULL for anything else.
 */
const char *hash_name(enum sspi_digest_algorithm algorithm);

/* The algorithm of that name, letters without case; SSPI_DIGEST_NONE when unknown. */
enum sspi_digest_algorithm hash_from_name(struct sspi_view name);

/* The algorithm that a -sess form computes with, what hashes of passwords are kept by; the same for
 * one that is no -sess form. */
enum sspi_digest_algorithm hash_base(enum sspi_digest_algorithm algorithm);

/* Octets of a digest: 16 or 32; 0 for anything else. */
size_t hash_len(enum sspi_digest_algorithm algorithm);

/* What this machine's OpenSSL can do. Made once, then read-only: any number of threads may use it.
 */
struct hash_suite {
    struct evp_md_st *md5; /* NULL where policy forbids it (FIPS) */
    struct evp_md_st *sha_256;
    struct evp_md_st *sha_512_256;
};

/* Fetches the algorithms. False: not even SHA-256 is there; nothing is held then. Other missing
 * algorithms are no error here: ask hash_available(). */
bool hash_suite_open(struct hash_suite *ret_suite) MUST_USE;

/* Leaves a zero-initialised value. A zero-initialised suite is fine. */
void hash_suite_close(struct hash_suite *suite);

bool hash_available(const struct hash_suite *suite, enum sspi_digest_algorithm algorithm);

/* ---- streaming: one context for all hashes of one verification ---- */

/* Errors stick until the next hash_begin(): write freely, look at hash_end(). */
struct hash_run {
    const struct hash_suite *suite;
    struct evp_md_ctx_st *context;
    enum sspi_digest_algorithm algorithm;
    bool failed;
};

/* False: no memory. `suite` must outlive the run. For one thread. */
bool hash_run_open(struct hash_run *ret_run, const struct hash_suite *suite) MUST_USE;

/* Wipes and frees; a zero-initialised run is fine. */
void hash_run_close(struct hash_run *run);

/* Starts a digest, giving up an unfinished one. */
void hash_begin(struct hash_run *run, enum sspi_digest_algorithm algorithm);
void hash_update(struct hash_run *run, const void *data, size_t len);
void hash_update_view(struct hash_run *run, struct sspi_view what);

/* Feeds `data` as lower-case hexadecimal; len at most HASH_MAX. */
void hash_update_hex(struct hash_run *run, const uint8_t *data, size_t len);

/* Writes hash_len(algorithm) octets. False: the algorithm is not available or libcrypto failed; the
 * output is all zero then and must not be used. */
bool hash_end(struct hash_run *run, uint8_t ret_digest[HASH_MAX]) MUST_USE;

#define HASH_HMAC_KEY_MAX 64

/* HMAC (RFC 2104) by MD5 or SHA-256, whose blocks have 64 octets, over `parts` one after the other,
 * with a key of at most HASH_HMAC_KEY_MAX octets. False as hash_end(). */
bool hash_hmac(struct hash_run *run, enum sspi_digest_algorithm algorithm, const uint8_t *key,
               size_t key_len, const struct sspi_view *parts, size_t n_parts,
               uint8_t ret_mac[HASH_MAX]) MUST_USE;

/* The same by SHA-256 over `first` followed by `second`. */
bool hash_hmac_sha_256(struct hash_run *run, const uint8_t *key, size_t key_len,
                       struct sspi_view first, struct sspi_view second,
                       uint8_t ret_mac[HASH_MAX]) MUST_USE;

/* One digest over one text. False as hash_end(), or no memory. */
bool hash_once(const struct hash_suite *suite, enum sspi_digest_algorithm algorithm,
               struct sspi_view what, uint8_t ret_digest[HASH_MAX]) MUST_USE;

#endif
