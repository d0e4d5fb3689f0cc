/* SPDX-License-Identifier: Apache-2.0 */
/* The table of Kerberos authenticators that were used. */
#ifndef STORE_REPLAYS_H
#define STORE_REPLAYS_H

#include "bytes.h"
#include "sspi_acceptor.h"

enum store_replay {
    STORE_REPLAY_FRESH, /* recorded */
    STORE_REPLAY_SEEN,  /* in the table already */
    STORE_REPLAY_FULL   /* not seen, and this set overflowed within the last lifetime: ask MIT's own
                         * cache as well. The token was recorded here when there was room. */
};

/* Checks and records the authenticator ciphertext in one step; it is kept for `lifetime_ms`, and
 * then until its place is needed. `now_ms` is store_state_time_ms(), so a step of the wall clock
 * does not end a lifetime. Once a set overflowed, every token of that set is STORE_REPLAY_FULL
 * until `lifetime_ms` has passed, so that a token known only to the other cache cannot come back
 * here. */
enum store_replay store_replay_check(struct sspi_state *state, struct sspi_view authenticator,
                                     uint64_t now_ms, uint64_t lifetime_ms) MUST_USE;

#endif
