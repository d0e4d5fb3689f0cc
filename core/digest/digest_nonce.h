/* SPDX-License-Identifier: Apache-2.0 */
/* Makes and checks nonces. A nonce itself proves that this server made it, when, and for which
 * realm. So the server stores nothing for a client that has not logged in. The caller passes key,
 * time and random octets. Pure. */
#ifndef DIGEST_NONCE_H
#define DIGEST_NONCE_H

#include "bytes.h"
#include "digest_binding.h"
#include "hash.h"

#define DIGEST_NONCE_KEY_SIZE    32
#define DIGEST_NONCE_RANDOM_SIZE 10

/* Octets of a nonce. It begins with DIGEST_BINDING_PREFIX, which tells Windows' clients that they
 * may bind the login to the channel. Other clients ignore the prefix. 43 characters of base64url
 * follow: six octets of time, the random octets, and sixteen octets of HMAC-SHA-256. There is no
 * "=" at the end, because some clients cannot handle one. A nonce without the prefix is refused: an
 * attacker can remove the prefix to stop a client from binding. */
#define DIGEST_NONCE_LEN (sizeof(DIGEST_BINDING_PREFIX) - 1 + 43)

/* How far in the future the time of a nonce may lie, because clocks are set back in small steps. */
#define DIGEST_NONCE_FUTURE_MS 5000

/* Makes a nonce of DIGEST_NONCE_LEN characters and a NUL. False: libcrypto failed. */
bool digest_nonce_make(struct hash_run *run, const uint8_t key[DIGEST_NONCE_KEY_SIZE],
                       uint64_t now_ms, const uint8_t random[DIGEST_NONCE_RANDOM_SIZE],
                       struct sspi_view realm, char ret_nonce[DIGEST_NONCE_LEN + 1]) MUST_USE;

enum digest_nonce_status {
    DIGEST_NONCE_GOOD,
    DIGEST_NONCE_FOREIGN, /* not made with this key for this realm, or made in the future */
    DIGEST_NONCE_FAILED   /* libcrypto failed */
};

/* GOOD sets *ret_issued_ms. The caller decides when a nonce is too old. The HMAC is compared in
 * constant time. */
enum digest_nonce_status digest_nonce_check(struct hash_run *run,
                                            const uint8_t key[DIGEST_NONCE_KEY_SIZE],
                                            uint64_t now_ms, struct sspi_view nonce,
                                            struct sspi_view realm,
                                            uint64_t *ret_issued_ms) MUST_USE;

#endif
