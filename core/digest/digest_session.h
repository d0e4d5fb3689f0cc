/* SPDX-License-Identifier: Apache-2.0 */
/* What an established context keeps of its login, so that later requests need no look at the users:
 * H(A1), which the pages call the session key, and the request that was verified last. Pure. */
#ifndef DIGEST_SESSION_H
#define DIGEST_SESSION_H

#include "digest_parse.h"
#include "hash.h"

/* Zero-initialise it. */
struct digest_session {
    uint8_t hash_a1[HASH_MAX];   /* H(username:realm:password); zero octets behind shorter ones */
    struct digest_response last; /* a copy; last.storage holds what it points to */
    uint64_t issued_ms;          /* when the nonce was made */
};

/* Fills a zero-initialised session. False: no memory; nothing to be freed. */
bool digest_session_begin(struct digest_session *session, const struct digest_response *response,
                          const uint8_t hash_a1[HASH_MAX], uint64_t issued_ms) MUST_USE;

/* A copy of `response` that depends on nothing; end it with digest_parse_free(). False: no memory.
 */
bool digest_session_copy(const struct digest_response *response,
                         struct digest_response *ret_copy) MUST_USE;

/* Wipes and frees; leaves a zero-initialised one. */
void digest_session_end(struct digest_session *session);

#endif
