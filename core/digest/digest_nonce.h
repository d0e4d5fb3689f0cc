/* SPDX-License-Identifier: Apache-2.0 */
/* Nonces that prove by themselves that we made them, when, and for which realm: nothing has to be
 * remembered for a client that has not logged in. Pure: key, time and randomness are handed in. */
#ifndef DIGEST_NONCE_H
#define DIGEST_NONCE_H

#include "bytes.h"
#include "digest_binding.h"
#include "hash.h"

#define DIGEST_NONCE_KEY_SIZE    32
#define DIGEST_NONCE_RANDOM_SIZE 10

/* DIGEST_BINDING_PREFIX, by which Windows' clients see that they may bind themselves to the channel
 * and which others take as it comes; then six octets of time, the randomness and sixteen of
 * HMAC-SHA-256: 43 characters of base64url. No "=" at the end: some clients break on one. A nonce
 * without the prefix is not ours: whoever stood in between took it away to unbind a client. */
#define DIGEST_NONCE_LEN (sizeof(DIGEST_BINDING_PREFIX) - 1 + 43)

/* How far in the future an issue time may lie: clocks are set back by small steps. */
#define DIGEST_NONCE_FUTURE_MS 5000

/* Makes a nonce: DIGEST_NONCE_LEN characters and a NUL. False: libcrypto failed. */
bool digest_nonce_make(struct hash_run *run, const uint8_t key[DIGEST_NONCE_KEY_SIZE],
                       uint64_t now_ms, const uint8_t random[DIGEST_NONCE_RANDOM_SIZE],
                       struct sspi_view realm, char ret_nonce[DIGEST_NONCE_LEN + 1]) MUST_USE;

enum digest_nonce_status {
    DIGEST_NONCE_GOOD,
    DIGEST_NONCE_FOREIGN, /* not made with this key for this realm, or not made yet */
    DIGEST_NONCE_FAILED   /* libcrypto failed */
};

/* GOOD sets *ret_issued_ms; how old is too old is the caller's to say. The proof is compared in
 * constant time. */
enum digest_nonce_status digest_nonce_check(struct hash_run *run,
                                            const uint8_t key[DIGEST_NONCE_KEY_SIZE],
                                            uint64_t now_ms, struct sspi_view nonce,
                                            struct sspi_view realm,
                                            uint64_t *ret_issued_ms) MUST_USE;

#endif
