/* SPDX-License-Identifier: Apache-2.0 */
#include "store_nonces.h"

#include "store_layout.h"
#include "store_sequence.h"

/* One use of a nonce, as a lookup needs it. */
struct use {
    uint64_t tag;
    uint64_t owner;
    uint64_t issued_ms;
    uint32_t count;
};

/* True if no process is inserting a nonce, and the set was not given up. */
static bool is_steady(uint64_t sequence)
{
    return sequence % 2 == 0 && !store_sequence_is_given_up(sequence);
}

/* The way that holds the nonce, or STORE_NONCE_WAYS. */
static size_t find(struct store_nonce_set *set, const struct use *use)
{
    size_t way = 0;
    while (way < STORE_NONCE_WAYS && (store_sequence_load(&set->tag[way]) != use->tag ||
                                      store_sequence_load(&set->issued_ms[way]) == 0))
        way++;
    return way;
}

/* The position of a count. A word holds 32 counts: their bits are in its lower half. Its upper half
 * holds the epoch: the number of the block among the blocks that share the word. A newer block
 * takes the word over. With 8 words, a count may be late by at least 224 and at most 255 counts. */
struct position {
    size_t word;
    uint64_t epoch;
    uint64_t bit;
};

static struct position position_of(uint32_t count)
{
    uint32_t block = count / 32;
    return (struct position){.word = block % STORE_NONCE_WORDS,
                             .epoch = block / STORE_NONCE_WORDS,
                             .bit = (uint64_t)1 << (count % 32)};
}

static enum store_count check_count(uint64_t word, const struct position *position)
{
    if (word >> 32 > position->epoch)
        return STORE_COUNT_STALE; /* the count left the window */
    if (word >> 32 == position->epoch && (word & position->bit) != 0)
        return STORE_COUNT_REPLAY;
    return STORE_COUNT_FRESH;
}

/* Sets the bit of the count. */
static enum store_count mark(struct store_nonce_set *set, size_t way, uint32_t count)
{
    struct position position = position_of(count);
    _Atomic uint64_t *word = &set->word[way][position.word];

    uint64_t old = store_sequence_load(word);
    for (;;) {
        enum store_count answer = check_count(old, &position);
        if (answer != STORE_COUNT_FRESH)
            return answer;
        uint64_t bits = old >> 32 == position.epoch ? old : position.epoch << 32;
        if (atomic_compare_exchange_weak_explicit(word, &old, bits | position.bit,
                                                  memory_order_acq_rel, memory_order_acquire))
            return STORE_COUNT_FRESH;
    }
}

static enum store_count use_way(struct store_nonce_set *set, size_t way, const struct use *use)
{
    /* The counts of this nonce belong to its owner, so the right response of another user is
     * refused. */
    if (store_sequence_load(&set->owner[way]) != use->owner)
        return STORE_COUNT_STALE;
    return mark(set, way, use->count);
}

/* The result of the lock-free path. */
enum known {
    KNOWN_NOT,   /* the nonce is not there, or the set is being changed */
    KNOWN_SURE,  /* counted */
    KNOWN_UNSURE /* counted, but the set changed meanwhile: the nonce may have left its way */
};

static enum known use_known(struct store_nonce_set *set, const struct use *use,
                            enum store_count *ret_count, size_t *ret_way)
{
    uint64_t before = store_sequence_load(&set->sequence);
    if (!is_steady(before))
        return KNOWN_NOT;
    size_t way = find(set, use);
    if (way == STORE_NONCE_WAYS || store_sequence_load(&set->sequence) != before)
        return KNOWN_NOT;
    *ret_count = use_way(set, way, use);
    *ret_way = way;
    return store_sequence_load(&set->sequence) == before ? KNOWN_SURE : KNOWN_UNSURE;
}

/* Returns the way for a nonce that is not in the set: an empty one, otherwise that of the oldest
 * nonce. STORE_NONCE_WAYS: the nonce is older than all of them, or may have been in the set before.
 */
static size_t choose_way(struct store_nonce_set *set, uint64_t issued_ms)
{
    size_t oldest = 0;
    if (issued_ms <= store_sequence_load(&set->floor_ms))
        return STORE_NONCE_WAYS;
    for (size_t way = 0; way < STORE_NONCE_WAYS; way++) {
        uint64_t at_ms = store_sequence_load(&set->issued_ms[way]);
        if (at_ms == 0)
            return way;
        if (at_ms < store_sequence_load(&set->issued_ms[oldest]))
            oldest = way;
    }
    return issued_ms < store_sequence_load(&set->issued_ms[oldest]) ? STORE_NONCE_WAYS : oldest;
}

/* Under the lock: inserts the nonce with its first count. `before` is the sequence. */
static enum store_count insert(struct store_nonce_set *set, const struct use *use, uint64_t before)
{
    size_t way = choose_way(set, use->issued_ms);
    if (way == STORE_NONCE_WAYS || !store_sequence_change(&set->sequence, before, before + 1))
        return STORE_COUNT_STALE;

    store_sequence_store(&set->floor_ms,
                         store_sequence_max(store_sequence_load(&set->floor_ms),
                                            store_sequence_load(&set->issued_ms[way])));
    for (size_t i = 0; i < STORE_NONCE_WORDS; i++)
        store_sequence_store(&set->word[way][i], 0);
    store_sequence_store(&set->owner[way], use->owner);
    store_sequence_store(&set->tag[way], use->tag);
    store_sequence_store(&set->issued_ms[way], use->issued_ms);
    enum store_count count = mark(set, way, use->count);
    return store_sequence_change(&set->sequence, before + 1, before + 2) ? count
                                                                         : STORE_COUNT_STALE;
}

/* Under the lock. `counted` is the result of the lock-free path in the way `counted_way`. */
static enum store_count use_locked(struct store_nonce_set *set, const struct use *use,
                                   enum known known, enum store_count counted, size_t counted_way)
{
    uint64_t before = store_sequence_load(&set->sequence);
    if (!is_steady(before))
        return STORE_COUNT_STALE;
    size_t way = find(set, use);
    if (known == KNOWN_NOT && way == STORE_NONCE_WAYS)
        return insert(set, use, before);
    if (known == KNOWN_NOT)
        counted = use_way(set, way, use);
    else if (way != counted_way)
        return STORE_COUNT_STALE;
    /* If the nonce is still there, it was there all the time, because a removed nonce never comes
     * back. */
    return store_sequence_load(&set->sequence) == before ? counted : STORE_COUNT_STALE;
}

/* Called under a lock that this process took from a holder that seems dead (store_nonces.h). All
 * nonces of a set that is given up count as removed, so they cannot be replayed. */
static void repair(struct sspi_state *state, size_t stripe)
{
    struct store_nonce_set *sets = store_layout_nonces(state);
    for (size_t i = stripe; i < state->constants.n_nonce_sets; i += STORE_LAYOUT_STRIPES)
        store_sequence_repair(&sets[i].sequence);
}

/* Returns the number of the nonce's set. Sets the tag that identifies the nonce in the set. */
static size_t set_of(const struct sspi_state *state, struct sspi_view nonce, struct use *use)
{
    struct store_siphash tag = store_siphash(state->constants.tag_key, nonce.data, nonce.len);
    use->tag = tag.low;
    return store_layout_set(tag.high, state->constants.n_nonce_sets);
}

enum store_count store_nonce_use(struct sspi_state *state, struct sspi_view nonce,
                                 struct sspi_view owner, uint64_t issued_ms, uint32_t count)
{
    if (issued_ms < state->constants.created_ms)
        return STORE_COUNT_STALE; /* the nonce may have been used before this memory existed */
    struct use use = {
        .owner = store_siphash(state->constants.owner_key, owner.data, owner.len).low,
        .issued_ms = issued_ms,
        .count = count,
    };
    size_t index = set_of(state, nonce, &use);
    struct store_nonce_set *set = &store_layout_nonces(state)[index];

    enum store_count answer = STORE_COUNT_STALE;
    size_t counted_way = 0;
    enum known known = use_known(set, &use, &answer, &counted_way);
    if (known == KNOWN_SURE)
        return answer;

    size_t stripe = index % STORE_LAYOUT_STRIPES;
    struct store_lock *lock = &state->header->nonce_lock[stripe];
    uint64_t held;
    bool owner_died;
    if (!store_lock_acquire(lock, &held, &owner_died))
        return STORE_COUNT_STALE;
    if (owner_died)
        repair(state, stripe);
    answer = use_locked(set, &use, known, answer, counted_way);
    (void)store_lock_release(lock, held); /* a late holder sees the sequence */
    return answer;
}

enum store_count store_nonce_peek(struct sspi_state *state, struct sspi_view nonce,
                                  uint64_t issued_ms, uint32_t count)
{
    if (issued_ms < state->constants.created_ms)
        return STORE_COUNT_STALE;
    struct use use = {.issued_ms = issued_ms, .count = count};
    struct store_nonce_set *set = &store_layout_nonces(state)[set_of(state, nonce, &use)];

    uint64_t before = store_sequence_load(&set->sequence);
    size_t way = find(set, &use);
    enum store_count answer;
    if (way < STORE_NONCE_WAYS) {
        struct position position = position_of(count);
        answer = check_count(store_sequence_load(&set->word[way][position.word]), &position);
    } else {
        answer =
            choose_way(set, issued_ms) < STORE_NONCE_WAYS ? STORE_COUNT_FRESH : STORE_COUNT_STALE;
    }
    /* If the sequence changed, the fields may belong to two states of the set. Then the answer is
     * FRESH, and store_nonce_use() decides later. */
    return before % 2 == 0 && store_sequence_load(&set->sequence) == before ? answer
                                                                            : STORE_COUNT_FRESH;
}
