/* SPDX-License-Identifier: Apache-2.0 */
#include "store_replays.h"

#include "store_layout.h"

static bool is_older(const struct store_replay_set *set, size_t way, size_t than)
{
    return than == STORE_REPLAY_WAYS || set->expires_ms[way] < set->expires_ms[than];
}

/* Under the lock. A worker that is killed here leaves at most one free way with an incomplete hash.
 * That way stays free, because the expiry is written last. A late worker may overwrite an entry
 * that another one has recorded since (see distrust()). */
static enum store_replay check(struct store_replay_set *set, struct store_siphash hash,
                               uint64_t now_ms, uint64_t lifetime_ms)
{
    size_t free_way = STORE_REPLAY_WAYS;
    for (size_t way = 0; way < STORE_REPLAY_WAYS; way++) {
        /* An entry counts also after its lifetime, because MIT checks the authenticator's age by
         * the wall clock, which may have been set back. */
        if (set->expires_ms[way] != 0 && store_siphash_same(set->seen[way], hash))
            return STORE_REPLAY_SEEN;
        if (set->expires_ms[way] <= now_ms && is_older(set, way, free_way))
            free_way = way;
    }
    uint64_t until_ms = now_ms + lifetime_ms;
    if (free_way < STORE_REPLAY_WAYS) {
        set->seen[free_way] = hash;
        atomic_signal_fence(memory_order_release);
        set->expires_ms[free_way] = until_ms;
    } else if (set->overflow_until_ms < until_ms) {
        set->overflow_until_ms = until_ms;
    }
    return now_ms < set->overflow_until_ms ? STORE_REPLAY_FULL : STORE_REPLAY_FRESH;
}

/* Under a lock that was taken from another holder, which may still write into one of these sets.
 * For the lifetime of its token, all tokens of these sets are looked up in the other cache as well.
 */
static void distrust(struct sspi_state *state, size_t stripe, uint64_t until_ms)
{
    struct store_replay_set *sets = store_layout_replays(state);
    for (size_t i = stripe; i < state->constants.n_replay_sets; i += STORE_LAYOUT_STRIPES)
        if (sets[i].overflow_until_ms < until_ms)
            sets[i].overflow_until_ms = until_ms;
}

enum store_replay store_replay_check(struct sspi_state *state, struct sspi_view authenticator,
                                     uint64_t now_ms, uint64_t lifetime_ms)
{
    struct store_siphash hash =
        store_siphash(state->constants.replay_key, authenticator.data, authenticator.len);
    size_t index = store_layout_set(hash.high, state->constants.n_replay_sets);
    size_t stripe = index % STORE_LAYOUT_STRIPES;
    struct store_lock *lock = &state->header->replay_lock[stripe];

    uint64_t held;
    bool owner_died;
    if (!store_lock_acquire(lock, &held, &owner_died))
        return STORE_REPLAY_SEEN; /* refuse a token that cannot be checked */
    if (owner_died)
        distrust(state, stripe, now_ms + lifetime_ms);
    enum store_replay answer =
        check(&store_layout_replays(state)[index], hash, now_ms, lifetime_ms);
    /* If another process took the lock, it may have recorded the token meanwhile. */
    return store_lock_release(lock, held) ? answer : STORE_REPLAY_SEEN;
}
