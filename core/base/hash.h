/* SPDX-License-Identifier: Apache-2.0 */
/* The digests of HTTP Digest: their names and lengths, and functions that compute them. Algorithms
 * are fetched from OpenSSL once, because a fetch by name costs more than a hash of a short text. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "bytes.h"
#include "sspi_acceptor.h" /* enum sspi_digest_algorithm */

/* Longest digest in octets; its hexadecimal form has twice as many digits. */
#define HASH_MAX 32

struct evp_md_st;
struct evp_md_ctx_st;

/* Returns "MD5", "SHA-256" or "SHA-512-256", or one of them with "-sess" (RFC 7616); NULL for any
 * other value. */
const char *hash_name(enum sspi_digest_algorithm algorithm);

/* Returns the algorithm of this name in any case, or SSPI_DIGEST_NONE if the name is unknown. */
enum sspi_digest_algorithm hash_from_name(struct sspi_view name);

/* Returns the algorithm that a -sess form computes with, and any other algorithm unchanged. Hashes
 * of passwords are stored by this algorithm. */
enum sspi_digest_algorithm hash_base(enum sspi_digest_algorithm algorithm);

/* Returns the octets of a digest: 16 or 32, and 0 for any other value. */
size_t hash_len(enum sspi_digest_algorithm algorithm);

/* The algorithms that this machine's OpenSSL has. Read-only after hash_suite_init(): any number of
 * threads may use it. */
struct hash_suite {
    struct evp_md_st *md5; /* NULL if a policy of the machine forbids it (FIPS) */
    struct evp_md_st *sha_256;
    struct evp_md_st *sha_512_256;
};

/* Fetches the algorithms. False: OpenSSL has no SHA-256; *ret_suite is unchanged. Another missing
 * algorithm is not an error here: hash_available() tells which ones exist. */
bool hash_suite_init(struct hash_suite *ret_suite) MUST_USE;

/* Leaves a zero-initialised value, and accepts one. */
void hash_suite_clear(struct hash_suite *suite);

/* True if `suite` has the algorithm. A -sess form needs its base algorithm. */
bool hash_available(const struct hash_suite *suite, enum sspi_digest_algorithm algorithm);

/* ---- streaming: one context computes all hashes of one verification ---- */

/* `failed` stays true until the next hash_begin(), so callers check only hash_end(). */
struct hash_run {
    const struct hash_suite *suite;
    struct evp_md_ctx_st *context;
    enum sspi_digest_algorithm algorithm;
    bool failed;
};

/* False: out of memory. `suite` must outlive the run. Only one thread may use a run at a time. */
bool hash_run_init(struct hash_run *ret_run, const struct hash_suite *suite) MUST_USE;

/* Wipes and frees; accepts a zero-initialised run. */
void hash_run_clear(struct hash_run *run);

/* Clears the run at the end of its scope. */
#define HASH_RUN_CLEANUP __attribute__((cleanup(hash_run_clear)))

/* Starts a digest. An unfinished one is dropped. */
void hash_begin(struct hash_run *run, enum sspi_digest_algorithm algorithm);
void hash_update(struct hash_run *run, const void *data, size_t len);
void hash_update_view(struct hash_run *run, struct sspi_view what);

/* Hashes `data` as lower-case hexadecimal; `len` is at most HASH_MAX. */
void hash_update_hex(struct hash_run *run, const uint8_t *data, size_t len);

/* Writes hash_len(algorithm) octets. False: the algorithm is not available, or libcrypto failed;
 * the output is then all zero and must not be used. */
bool hash_end(struct hash_run *run, uint8_t ret_digest[HASH_MAX]) MUST_USE;

/* The block length of MD5 and SHA-256. A longer HMAC key would have to be hashed first. */
#define HASH_HMAC_KEY_MAX 64

/* Computes HMAC (RFC 2104) with MD5 or SHA-256 over `parts` one after the other. The key has at
 * most HASH_HMAC_KEY_MAX octets. False: as for hash_end(). */
bool hash_hmac(struct hash_run *run, enum sspi_digest_algorithm algorithm, const uint8_t *key,
               size_t key_len, const struct sspi_view *parts, size_t n_parts,
               uint8_t ret_mac[HASH_MAX]) MUST_USE;

/* As hash_hmac() with SHA-256, over `first` followed by `second`. */
bool hash_hmac_sha_256(struct hash_run *run, const uint8_t *key, size_t key_len,
                       struct sspi_view first, struct sspi_view second,
                       uint8_t ret_mac[HASH_MAX]) MUST_USE;

/* Computes one digest of one text. False: as for hash_end(), or out of memory. */
bool hash_once(const struct hash_suite *suite, enum sspi_digest_algorithm algorithm,
               struct sspi_view what, uint8_t ret_digest[HASH_MAX]) MUST_USE;

#endif
