/* SPDX-License-Identifier: Apache-2.0 */
/* Computes and checks the response of RFC 7616 3.4.1 and the server's rspauth (3.5). If from->sasl,
 * it computes those of RFC 2831 2.1.2.1 and 2.1.3, which ignore `method` and `entity_hash`. Pure.
 *
 * `hash_a1` is always hash_len(from->algorithm) octets of H(username:realm:password). The -sess
 * forms add the nonce and cnonce of this response here, as every tried client does. */
#ifndef DIGEST_VERIFY_H
#define DIGEST_VERIFY_H

#include "digest_response.h"
#include "hash.h"

/* Computes the response to `method` and the directives of `from`. `entity_hash` is hash_len()
 * octets of H(entity-body). It is only used if from->integrity. False: libcrypto failed, or it does
 * not have the algorithm. */
bool digest_verify_compute(struct hash_run *run, const struct digest_response *from,
                           struct sspi_view method, const uint8_t *entity_hash,
                           const uint8_t hash_a1[HASH_MAX],
                           uint8_t ret_response[HASH_MAX]) MUST_USE;

enum digest_verify_status {
    DIGEST_VERIFY_RIGHT,
    DIGEST_VERIFY_WRONG,
    DIGEST_VERIFY_FAILED /* libcrypto failed, or it does not have the algorithm */
};

/* Computes the response and compares it with that of `from` in constant time. */
enum digest_verify_status digest_verify_response(struct hash_run *run,
                                                 const struct digest_response *from,
                                                 struct sspi_view method,
                                                 const uint8_t *entity_hash,
                                                 const uint8_t hash_a1[HASH_MAX]) MUST_USE;

/* Computes rspauth for an answer to `from`. If `entity_hash`, the hash of the answer's body, is
 * NULL, it has the form of qop auth, otherwise that of auth-int. False as above. */
bool digest_verify_rspauth(struct hash_run *run, const struct digest_response *from,
                           const uint8_t *entity_hash, const uint8_t hash_a1[HASH_MAX],
                           uint8_t ret_rspauth[HASH_MAX]) MUST_USE;

/* Computes H(A1), the session key of the -sess forms (RFC 7616 3.4.2) and of SASL. False as above.
 */
bool digest_verify_session(struct hash_run *run, const struct digest_response *from,
                           const uint8_t hash_a1[HASH_MAX], uint8_t ret_hash[HASH_MAX]) MUST_USE;

#endif
