/* SPDX-License-Identifier: Apache-2.0 */
#include "store_tries.h"

#include <stdalign.h>
#include <string.h>

#include "store_layout.h"
#include "store_lock.h"

/* If another process keeps the lock, passwords are refused for so long. */
#define LOCKED_MS 1000u

/* A password that is verified now, until its time has passed. */
struct asked {
    uint64_t password, until_ms;
};

/* The entry of one user and address. Read and written under the lock of the set only. */
struct entry {
    uint64_t pair, address; /* keyed hashes */
    uint64_t began_ms;
    uint64_t until_ms;      /* end of the time; at or before now: the entry is free */
    uint32_t number, limit; /* wrong passwords, and the least limit that counted one of them */
    struct asked asked[STORE_TRIES_ASKED];
};

struct store_tries_set {
    alignas(STORE_LAYOUT_LINE) struct store_lock lock;
    _Atomic uint64_t until_ms; /* the last end of all entries */
    struct entry entries[STORE_TRIES_WAYS];
};

/* One call, with its set under the lock. */
struct access {
    const struct store_tries_call *call;
    struct store_tries_set *set;
    uint64_t pair, address;
    uint64_t held;
};

size_t store_tries_size(void)
{
    return STORE_TRIES_SETS * sizeof(struct store_tries_set);
}

bool store_tries_init(struct store_tries *ret_tries, void *memory, const struct clock *clock)
{
    ret_tries->sets = memory;
    return clock->random(clock->self, ret_tries->key, sizeof(ret_tries->key));
}

/* ---- the set ---- */

static void find_set(struct store_tries *tries, const struct store_tries_call *call,
                     struct access *ret_access)
{
    struct store_siphash address = store_siphash(tries->key, call->address.data, call->address.len);
    struct store_siphash user = store_siphash(tries->key, call->user.data, call->user.len);
    const uint64_t both[] = {user.low, user.high, address.low, address.high};
    struct store_siphash pair = store_siphash(tries->key, both, sizeof(both));
    *ret_access = (struct access){
        .call = call,
        .set = &tries->sets[store_layout_set(pair.high, STORE_TRIES_SETS)],
        .pair = pair.low,
        .address = address.low,
    };
}

/* False: another process keeps the lock. A holder that died leaves at most one wrong entry. */
static bool lock(struct access *access)
{
    bool owner_died;
    return store_lock_acquire(&access->set->lock, &access->held, &owner_died);
}

static void unlock(struct access *access)
{
    (void)store_lock_release(&access->set->lock, access->held);
}

static bool is_free(const struct access *access, const struct entry *entry)
{
    return entry->until_ms <= access->call->now_ms;
}

static bool is_full(const struct entry *entry)
{
    return entry->number >= entry->limit;
}

/* NULL: the user has no entry for this address. */
static struct entry *find(const struct access *access)
{
    for (size_t i = 0; i < STORE_TRIES_WAYS; i++) {
        struct entry *entry = &access->set->entries[i];
        if (!is_free(access, entry) && entry->pair == access->pair)
            return entry;
    }
    return NULL;
}

/* How many entries of the set the address has. */
static size_t count(const struct access *access, uint64_t address)
{
    size_t n = 0;
    for (size_t i = 0; i < STORE_TRIES_WAYS; i++) {
        const struct entry *entry = &access->set->entries[i];
        n += !is_free(access, entry) && entry->address == address;
    }
    return n;
}

/* True if `a` is dropped rather than `b`: it has fewer wrong passwords, or ends earlier. */
static bool goes_first(const struct entry *a, const struct entry *b)
{
    return b == NULL || a->number < b->number ||
           (a->number == b->number && a->until_ms < b->until_ms);
}

/* Returns a free entry, or the one that is dropped among those below their limit. NULL: all have
 * reached it. */
static struct entry *find_room(const struct access *access)
{
    struct entry *found = NULL;
    for (size_t i = 0; i < STORE_TRIES_WAYS; i++) {
        struct entry *entry = &access->set->entries[i];
        if (is_free(access, entry))
            return entry;
        if (!is_full(entry) && goes_first(entry, found))
            found = entry;
    }
    return found;
}

/* All entries have reached their limit. Returns one of the address that has the most of them. NULL:
 * that is the address of this call. */
static struct entry *find_largest(const struct access *access)
{
    struct entry *found = NULL;
    size_t most = count(access, access->address);
    for (size_t i = 0; i < STORE_TRIES_WAYS; i++) {
        struct entry *entry = &access->set->entries[i];
        size_t n = count(access, entry->address);
        if (n > most || (found != NULL && n == most && entry->until_ms < found->until_ms &&
                         entry->address != access->address)) {
            most = n;
            found = entry;
        }
    }
    return found;
}

static struct entry *choose(const struct access *access)
{
    struct entry *entry = find_room(access);
    return entry != NULL ? entry : find_largest(access);
}

/* The first end in the set, when a refused address may try again. */
static uint64_t first_end(const struct access *access)
{
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < STORE_TRIES_WAYS; i++)
        if (access->set->entries[i].until_ms < first)
            first = access->set->entries[i].until_ms;
    return first;
}

/* ---- the calls, under the lock ---- */

/* LIMITED: the entry has reached the limit of this call, or there is none and no room for one. */
static enum store_tries_answer check(const struct access *access, const struct entry *entry,
                                     uint64_t *ret_until_ms)
{
    if (entry == NULL && choose(access) != NULL)
        return STORE_TRIES_OPEN;
    if (entry != NULL && entry->number < access->call->number)
        return STORE_TRIES_OPEN;
    *ret_until_ms = entry != NULL ? entry->until_ms : first_end(access);
    return STORE_TRIES_LIMITED;
}

/* Begins an entry without an end, which is free for others: a process may be killed here. */
static struct entry *make(const struct access *access)
{
    struct entry *entry = choose(access);
    entry->until_ms = 0;
    memset(entry->asked, 0, sizeof(entry->asked));
    entry->pair = access->pair;
    entry->address = access->address;
    entry->began_ms = access->call->now_ms;
    entry->number = 0;
    entry->limit = UINT32_MAX;
    atomic_signal_fence(memory_order_release);
    return entry;
}

/* An entry ends with the longest time of the calls that counted. A location with few tries in a
 * short time would otherwise begin an entry that ends early for one with many in a long time. */
static void prolong(const struct access *access, struct entry *entry)
{
    uint64_t until_ms = entry->began_ms + access->call->time_ms;
    if (entry->until_ms < until_ms)
        entry->until_ms = until_ms;
    if (atomic_load_explicit(&access->set->until_ms, memory_order_relaxed) < until_ms)
        atomic_store_explicit(&access->set->until_ms, until_ms, memory_order_release);
}

static struct entry *count_one(const struct access *access, struct entry *entry)
{
    if (entry == NULL)
        entry = make(access);
    entry->number++;
    if (access->call->number < entry->limit)
        entry->limit = (uint32_t)access->call->number;
    prolong(access, entry);
    return entry;
}

/* Returns the password among those that are verified now. NULL: it is not one of them. */
static struct asked *find_asked(const struct access *access, struct entry *entry, uint64_t password)
{
    for (size_t i = 0; entry != NULL && i < STORE_TRIES_ASKED; i++)
        if (entry->asked[i].until_ms > access->call->now_ms && entry->asked[i].password == password)
            return &entry->asked[i];
    return NULL;
}

/* Returns a place for one more password. NULL: there is none now. */
static struct asked *find_place(const struct access *access, struct entry *entry)
{
    for (size_t i = 0; i < STORE_TRIES_ASKED; i++)
        if (entry->asked[i].until_ms <= access->call->now_ms)
            return &entry->asked[i];
    return NULL;
}

/* The request that verifies the password now has taken the last try, and may give it back. */
static enum store_tries_answer check_asked(const struct access *access, const uint64_t *password,
                                           uint64_t *ret_until_ms)
{
    struct entry *entry = find(access);
    enum store_tries_answer answer = check(access, entry, ret_until_ms);
    return answer == STORE_TRIES_LIMITED && password != NULL &&
                   find_asked(access, entry, *password) != NULL
               ? STORE_TRIES_ASKED_NOW
               : answer;
}

static enum store_tries_answer begin(const struct access *access, uint64_t password,
                                     uint64_t *ret_until_ms)
{
    struct entry *entry = find(access);
    if (find_asked(access, entry, password) != NULL)
        return STORE_TRIES_ASKED_NOW;
    if (check(access, entry, ret_until_ms) == STORE_TRIES_LIMITED)
        return STORE_TRIES_LIMITED;
    if (entry != NULL && find_place(access, entry) == NULL)
        return STORE_TRIES_ASKED_NOW;
    entry = count_one(access, entry);
    *find_place(access, entry) =
        (struct asked){password, access->call->now_ms + STORE_TRIES_ASKED_MS};
    return STORE_TRIES_OPEN;
}

/* ---- calls ---- */

static enum store_tries_answer refuse_locked(const struct store_tries_call *call,
                                             uint64_t *ret_until_ms)
{
    *ret_until_ms = call->now_ms + LOCKED_MS;
    return STORE_TRIES_LIMITED;
}

static bool is_empty(const struct access *access)
{
    return atomic_load_explicit(&access->set->until_ms, memory_order_acquire) <=
           access->call->now_ms;
}

enum store_tries_answer store_tries_check(struct store_tries *tries,
                                          const struct store_tries_call *call,
                                          const uint64_t *password, uint64_t *ret_until_ms)
{
    struct access access;
    find_set(tries, call, &access);
    if (is_empty(&access))
        return STORE_TRIES_OPEN;
    if (!lock(&access))
        return refuse_locked(call, ret_until_ms);
    enum store_tries_answer answer = check_asked(&access, password, ret_until_ms);
    unlock(&access);
    return answer;
}

enum store_tries_answer store_tries_add(struct store_tries *tries,
                                        const struct store_tries_call *call, uint64_t *ret_until_ms)
{
    struct access access;
    find_set(tries, call, &access);
    if (!lock(&access))
        return refuse_locked(call, ret_until_ms);
    struct entry *entry = find(&access);
    enum store_tries_answer answer = check(&access, entry, ret_until_ms);
    if (answer == STORE_TRIES_OPEN)
        (void)count_one(&access, entry);
    unlock(&access);
    return answer;
}

enum store_tries_answer store_tries_begin(struct store_tries *tries,
                                          const struct store_tries_call *call, uint64_t password,
                                          uint64_t *ret_until_ms)
{
    struct access access;
    find_set(tries, call, &access);
    if (!lock(&access))
        return refuse_locked(call, ret_until_ms);
    enum store_tries_answer answer = begin(&access, password, ret_until_ms);
    unlock(&access);
    return answer;
}

void store_tries_end(struct store_tries *tries, const struct store_tries_call *call,
                     uint64_t password, bool wrong)
{
    struct access access;
    find_set(tries, call, &access);
    if (!lock(&access))
        return; /* it keeps counting */
    struct entry *entry = find(&access);
    struct asked *asked = find_asked(&access, entry, password);
    if (asked != NULL)
        asked->until_ms = 0;
    if (asked != NULL && !wrong && entry->number > 0)
        entry->number--;
    unlock(&access);
}
