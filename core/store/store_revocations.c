/* SPDX-License-Identifier: Apache-2.0 */
#include "store_revocations.h"

#include "store_layout.h"
#include "store_sequence.h"

/* How often a process begins again because another one wrote, or took the lock from it. */
#define ATTEMPTS_LIMIT 1000

/* One session, as the table sees it. */
struct session {
    struct store_siphash hash;
    uint64_t login_ms;
    uint64_t end_ms; /* to add it */
    uint64_t now_ms; /* to find it */
};

/* The way that holds the session, or STORE_REVOCATION_WAYS. */
static size_t find(struct store_revocation_set *set, const struct session *session)
{
    size_t way = 0;
    while (way < STORE_REVOCATION_WAYS &&
           (store_sequence_load(&set->low[way]) != session->hash.low ||
            store_sequence_load(&set->high[way]) != session->hash.high ||
            store_sequence_load(&set->end_ms[way]) == 0))
        way++;
    return way;
}

/* ---- locks ---- */

/* Under a lock that was taken from a holder that seems dead (store_revocations.h). */
static void repair(struct sspi_state *state, size_t stripe)
{
    struct store_revocation_set *sets = store_layout_revocations(state);
    for (size_t i = stripe; i < state->constants.n_revocation_sets; i += STORE_LAYOUT_STRIPES)
        store_sequence_repair(&sets[i].sequence);
}

static struct store_lock *lock_of(struct sspi_state *state, size_t index)
{
    return &state->header->revocation_lock[index % STORE_LAYOUT_STRIPES];
}

static bool acquire(struct sspi_state *state, size_t index, uint64_t *ret_held)
{
    bool owner_died;
    if (!store_lock_acquire(lock_of(state, index), ret_held, &owner_died))
        return false;
    if (owner_died)
        repair(state, index % STORE_LAYOUT_STRIPES);
    return true;
}

static size_t set_of(const struct sspi_state *state, const uint8_t *id, struct session *session)
{
    session->hash = store_siphash(state->constants.revocation_key, id, STORE_REVOCATION_ID_SIZE);
    return store_layout_set(session->hash.high, state->constants.n_revocation_sets);
}

/* ---- reading ---- */

static bool is_revoked(struct store_revocation_set *set, const struct session *session)
{
    if (session->login_ms <= store_sequence_load(&set->floor_ms) &&
        session->now_ms < store_sequence_load(&set->until_ms))
        return true;
    return find(set, session) < STORE_REVOCATION_WAYS;
}

/* Waits until no process writes to the set, or until its writer counts as dead. */
static bool wait_for_writer(struct sspi_state *state, size_t index)
{
    uint64_t held;
    if (!acquire(state, index, &held))
        return false;
    (void)store_lock_release(lock_of(state, index), held);
    return true;
}

bool store_revocations_has(struct sspi_state *state, const uint8_t id[STORE_REVOCATION_ID_SIZE],
                           uint64_t login_ms, uint64_t now_ms)
{
    struct session session = {.login_ms = login_ms, .now_ms = now_ms};
    size_t index = set_of(state, id, &session);
    struct store_revocation_set *set = &store_layout_revocations(state)[index];
    for (unsigned i = 0; i < ATTEMPTS_LIMIT; i++) {
        uint64_t before = store_sequence_load(&set->sequence);
        if (store_sequence_is_given_up(before))
            return true;
        bool revoked = is_revoked(set, &session);
        if (before % 2 == 0 && store_sequence_load(&set->sequence) == before)
            return revoked;
        if (!wait_for_writer(state, index))
            return true;
    }
    return true;
}

/* ---- writing ---- */

/* Returns the way that has the session, otherwise an empty one, otherwise the one with the nearest
 * end, which may have passed. */
static size_t choose_way(struct store_revocation_set *set, const struct session *session)
{
    size_t way = find(set, session);
    if (way < STORE_REVOCATION_WAYS)
        return way;
    size_t nearest = 0;
    for (size_t i = 1; i < STORE_REVOCATION_WAYS; i++)
        if (store_sequence_load(&set->end_ms[i]) < store_sequence_load(&set->end_ms[nearest]))
            nearest = i;
    return nearest;
}

static bool holds(struct store_revocation_set *set, size_t way, const struct session *session)
{
    return store_sequence_load(&set->end_ms[way]) != 0 &&
           store_sequence_load(&set->low[way]) == session->hash.low &&
           store_sequence_load(&set->high[way]) == session->hash.high;
}

/* Raises the floor for the revocation that is about to be removed. */
static void raise_floor(struct store_revocation_set *set, size_t way)
{
    store_sequence_store(&set->floor_ms,
                         store_sequence_max(store_sequence_load(&set->floor_ms),
                                            store_sequence_load(&set->login_ms[way])));
    store_sequence_store(&set->until_ms,
                         store_sequence_max(store_sequence_load(&set->until_ms),
                                            store_sequence_load(&set->end_ms[way])));
}

static void write_revocation(struct store_revocation_set *set, const struct session *session)
{
    size_t way = choose_way(set, session);
    uint64_t end_ms = session->end_ms;
    if (holds(set, way, session))
        end_ms = store_sequence_max(end_ms, store_sequence_load(&set->end_ms[way]));
    else if (store_sequence_load(&set->end_ms[way]) != 0)
        raise_floor(set, way);
    store_sequence_store(&set->low[way], session->hash.low);
    store_sequence_store(&set->high[way], session->hash.high);
    store_sequence_store(&set->login_ms[way], session->login_ms);
    store_sequence_store(&set->end_ms[way], end_ms);
}

/* False: another process took the lock meanwhile, and the session may not be revoked. If it takes
 * the lock after this process read the sequence, it changes the sequence, so that this process does
 * not begin to write. */
static bool add_locked(struct store_revocation_set *set, const struct store_lock *lock,
                       uint64_t held, const struct session *session)
{
    uint64_t before = store_sequence_load(&set->sequence);
    if (store_sequence_is_given_up(before))
        return true; /* the session counts as revoked */
    if (before % 2 != 0 || !store_lock_is_held(lock, held) ||
        !store_sequence_change(&set->sequence, before, before + 1))
        return false;
    write_revocation(set, session);
    return store_sequence_change(&set->sequence, before + 1, before + 2);
}

bool store_revocations_add(struct sspi_state *state, const uint8_t id[STORE_REVOCATION_ID_SIZE],
                           uint64_t login_ms, uint64_t end_ms)
{
    /* An end of 0 would mark the way as empty. */
    struct session session = {.login_ms = login_ms, .end_ms = store_sequence_max(end_ms, 1)};
    size_t index = set_of(state, id, &session);
    struct store_revocation_set *set = &store_layout_revocations(state)[index];
    struct store_lock *lock = lock_of(state, index);
    bool added = false;
    for (unsigned i = 0; !added && i < ATTEMPTS_LIMIT; i++) {
        uint64_t held;
        if (!acquire(state, index, &held))
            return false;
        added = add_locked(set, lock, held, &session);
        (void)store_lock_release(lock, held); /* a late holder sees the sequence */
    }
    return added;
}
