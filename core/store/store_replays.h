/* SPDX-License-Identifier: Apache-2.0 */
/* The table of Kerberos authenticators that were used. */
#ifndef STORE_REPLAYS_H
#define STORE_REPLAYS_H

#include "bytes.h"
#include "sspi_acceptor.h"

enum store_replay {
    STORE_REPLAY_FRESH, /* recorded */
    STORE_REPLAY_SEEN,  /* already in the table */
    /* Not in the table, but this set overflowed within the last lifetime: check MIT's own cache as
     * well. The token was recorded here if there was room. */
    STORE_REPLAY_FULL
};

/* Checks and records the ciphertext of the authenticator in one step. The entry is kept for
 * `lifetime_ms`, and then until its slot is needed. `now_ms` is store_state_time_ms(), so a step
 * of the wall clock does not end a lifetime. After a set overflowed, all its tokens are
 * STORE_REPLAY_FULL until `lifetime_ms` has passed. So a token that only the other cache knows is
 * not accepted here. */
enum store_replay store_replay_check(struct sspi_state *state, struct sspi_view authenticator,
                                     uint64_t now_ms, uint64_t lifetime_ms) MUST_USE;

#endif
