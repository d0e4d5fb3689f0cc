/* SPDX-License-Identifier: Apache-2.0 */
#include "store_revocations.h"

#include "store_layout.h"

/* This bit in the sequence marks a set that was given up. */
#define GIVEN_UP ((uint64_t)1 << 63)

/* How often a process begins again because another one wrote, or took the lock from it. */
#define ATTEMPTS_LIMIT 1000

/* One session, as the table sees it. */
struct session {
    struct store_siphash hash;
    uint64_t login_ms;
    uint64_t end_ms; /* to add it */
    uint64_t now_ms; /* to find it */
};

static uint64_t load(_Atomic uint64_t *from)
{
    return atomic_load_explicit(from, memory_order_acquire);
}

static void store(_Atomic uint64_t *to, uint64_t value)
{
    atomic_store_explicit(to, value, memory_order_release);
}

static uint64_t max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static bool is_given_up(uint64_t sequence)
{
    return (sequence & GIVEN_UP) != 0;
}

/* False: another process has changed the sequence. */
static bool change_sequence(struct store_revocation_set *set, uint64_t from, uint64_t to)
{
    return atomic_compare_exchange_strong_explicit(&set->sequence, &from, to, memory_order_acq_rel,
                                                   memory_order_acquire);
}

/* The way that holds the session, or STORE_REVOCATION_WAYS. */
static size_t find(struct store_revocation_set *set, const struct session *session)
{
    size_t way = 0;
    while (way < STORE_REVOCATION_WAYS &&
           (load(&set->low[way]) != session->hash.low ||
            load(&set->high[way]) != session->hash.high || load(&set->end_ms[way]) == 0))
        way++;
    return way;
}

/* ---- locks ---- */

/* Under a lock that was taken from a holder that seems dead (store_revocations.h). */
static void repair(struct sspi_state *state, size_t stripe)
{
    struct store_revocation_set *sets = store_layout_revocations(state);
    for (size_t i = stripe; i < state->constants.n_revocation_sets; i += STORE_LAYOUT_STRIPES) {
        uint64_t before;
        do
            before = load(&sets[i].sequence);
        while (
            !change_sequence(&sets[i], before, before % 2 == 0 ? before + 2 : before | GIVEN_UP));
    }
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
    if (session->login_ms <= load(&set->floor_ms) && session->now_ms < load(&set->until_ms))
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
        uint64_t before = load(&set->sequence);
        if (is_given_up(before))
            return true;
        bool revoked = is_revoked(set, &session);
        if (before % 2 == 0 && load(&set->sequence) == before)
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
        if (load(&set->end_ms[i]) < load(&set->end_ms[nearest]))
            nearest = i;
    return nearest;
}

static bool holds(struct store_revocation_set *set, size_t way, const struct session *session)
{
    return load(&set->end_ms[way]) != 0 && load(&set->low[way]) == session->hash.low &&
           load(&set->high[way]) == session->hash.high;
}

/* Raises the floor for the revocation that is about to be removed. */
static void raise_floor(struct store_revocation_set *set, size_t way)
{
    store(&set->floor_ms, max(load(&set->floor_ms), load(&set->login_ms[way])));
    store(&set->until_ms, max(load(&set->until_ms), load(&set->end_ms[way])));
}

static void write_revocation(struct store_revocation_set *set, const struct session *session)
{
    size_t way = choose_way(set, session);
    uint64_t end_ms = session->end_ms;
    if (holds(set, way, session))
        end_ms = max(end_ms, load(&set->end_ms[way]));
    else if (load(&set->end_ms[way]) != 0)
        raise_floor(set, way);
    store(&set->low[way], session->hash.low);
    store(&set->high[way], session->hash.high);
    store(&set->login_ms[way], session->login_ms);
    store(&set->end_ms[way], end_ms);
}

/* False: another process took the lock meanwhile, and the session may not be revoked. If it takes
 * the lock after this process read the sequence, it changes the sequence, so that this process does
 * not begin to write. */
static bool add_locked(struct store_revocation_set *set, const struct store_lock *lock,
                       uint64_t held, const struct session *session)
{
    uint64_t before = load(&set->sequence);
    if (is_given_up(before))
        return true; /* the session counts as revoked */
    if (before % 2 != 0 || !store_lock_is_held(lock, held) ||
        !change_sequence(set, before, before + 1))
        return false;
    write_revocation(set, session);
    return change_sequence(set, before + 1, before + 2);
}

bool store_revocations_add(struct sspi_state *state, const uint8_t id[STORE_REVOCATION_ID_SIZE],
                           uint64_t login_ms, uint64_t end_ms)
{
    /* An end of 0 would mark the way as empty. */
    struct session session = {.login_ms = login_ms, .end_ms = max(end_ms, 1)};
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
