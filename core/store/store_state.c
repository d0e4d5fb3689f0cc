/* SPDX-License-Identifier: Apache-2.0 */
/* The header of the shared memory: made once, recognised later. */
#include "store_state.h"

#include <errno.h>
#include <string.h>

#include "base64.h"
#include "store_layout.h"

#define OPAQUE_SIZE 12

_Static_assert(BASE64_URL_LEN(OPAQUE_SIZE) == STORE_STATE_OPAQUE_LEN, "the name fits");

/* Largest memory: the number of a set must fit in 32 bits (store_layout_set). */
#define SIZE_LIMIT ((uint64_t)1 << 40)

static void divide(uint64_t size, uint64_t *n_nonce_sets, uint64_t *n_replay_sets)
{
    uint64_t tables = size - store_layout_header_size();
    *n_nonce_sets = tables / 4 * 3 / sizeof(struct store_nonce_set);
    *n_replay_sets = tables / 4 / sizeof(struct store_replay_set);
}

static bool make_locks(pthread_mutex_t *locks)
{
    pthread_mutexattr_t kind;
    if (pthread_mutexattr_init(&kind) != 0)
        return false;
    /* Robust: a worker that is killed inside must not stop the others for ever. */
    bool done = pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED) == 0 &&
                pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST) == 0;
    for (size_t i = 0; done && i < STORE_LAYOUT_STRIPES; i++)
        done = pthread_mutex_init(&locks[i], &kind) == 0;
    pthread_mutexattr_destroy(&kind);
    return done;
}

static bool make_opaque(struct sspi_state *state, const struct sspi_clock *clock)
{
    uint8_t octets[OPAQUE_SIZE];
    if (!clock->random(clock->self, octets, sizeof octets))
        return false;
    base64_url_encode(octets, sizeof octets, state->opaque);
    return true;
}

struct sspi_state *store_state_format(void *memory, size_t size, const struct sspi_clock *clock)
{
    _Static_assert(sizeof(struct sspi_state) < STORE_STATE_MIN_SIZE / 2, "tables need room");
    if (memory == NULL || (uintptr_t)memory % STORE_LAYOUT_LINE != 0 ||
        size < STORE_STATE_MIN_SIZE || size > SIZE_LIMIT)
        return NULL;
    memset(memory, 0, size);
    struct sspi_state *state = memory;
    state->layout = STORE_LAYOUT_NUMBER;
    state->size = size;
    state->created_ms = clock->now_ms(clock->self);
    state->created_steady_ms = clock->steady_ms(clock->self);
    divide(size, &state->n_nonce_sets, &state->n_replay_sets);
    if (!clock->random(clock->self, state->nonce_key, sizeof state->nonce_key) ||
        !clock->random(clock->self, state->tag_key, sizeof state->tag_key) ||
        !clock->random(clock->self, state->owner_key, sizeof state->owner_key) ||
        !clock->random(clock->self, state->replay_key, sizeof state->replay_key) ||
        !make_opaque(state, clock) || !make_locks(state->nonce_lock) ||
        !make_locks(state->replay_lock))
        return NULL;
    atomic_store_explicit(&state->magic, STORE_LAYOUT_MAGIC, memory_order_release);
    return state;
}

struct sspi_state *store_state_attach(void *memory, size_t size)
{
    if (memory == NULL || (uintptr_t)memory % STORE_LAYOUT_LINE != 0 ||
        size < STORE_STATE_MIN_SIZE || size > SIZE_LIMIT)
        return NULL;
    struct sspi_state *state = memory;
    uint64_t n_nonce_sets, n_replay_sets;
    divide(size, &n_nonce_sets, &n_replay_sets);
    if (atomic_load_explicit(&state->magic, memory_order_acquire) != STORE_LAYOUT_MAGIC ||
        state->layout != STORE_LAYOUT_NUMBER || state->size != size ||
        state->n_nonce_sets != n_nonce_sets || state->n_replay_sets != n_replay_sets)
        return NULL;
    return state;
}

const uint8_t *store_state_nonce_key(const struct sspi_state *state)
{
    return state->nonce_key;
}

struct sspi_view store_state_opaque(const struct sspi_state *state)
{
    return (struct sspi_view){state->opaque, sizeof state->opaque};
}

uint64_t store_state_time_ms(const struct sspi_state *state, const struct sspi_clock *clock)
{
    return state->created_ms + (clock->steady_ms(clock->self) - state->created_steady_ms);
}

uint64_t store_state_created_ms(const struct sspi_state *state)
{
    return state->created_ms;
}

bool store_layout_lock(pthread_mutex_t *lock, bool *ret_owner_died)
{
    int failed = pthread_mutex_lock(lock);
    if (failed == EOWNERDEAD) {
        *ret_owner_died = true;
        return pthread_mutex_consistent(lock) == 0;
    }
    *ret_owner_died = false;
    return failed == 0;
}

void store_layout_unlock(pthread_mutex_t *lock)
{
    pthread_mutex_unlock(lock);
}
