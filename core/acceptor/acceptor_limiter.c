/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_limiter.h"

#include <pthread.h>
#include <stdlib.h>

#include "ref.h"

struct acceptor_limiter {
    struct ref ref;
    enum acceptor_wait wait;
    unsigned limit;
    pthread_mutex_t lock; /* guards what follows */
    unsigned n_slots;
    struct acceptor_limiter_slot *slots;
    bool is_silent; /* a job timed out, and since then no job had an answer */
    uint64_t closed_until_ms;
    const struct acceptor_limiter_slot *probe; /* asks a silent machine; NULL: no job does */
};

struct acceptor_limiter *acceptor_limiter_new(enum acceptor_wait wait, unsigned limit)
{
    struct acceptor_limiter *limiter = calloc(1, sizeof(*limiter));
    if (limiter == NULL || pthread_mutex_init(&limiter->lock, NULL) != 0) {
        free(limiter);
        return NULL;
    }
    ref_init(&limiter->ref);
    limiter->wait = wait;
    limiter->limit = limit;
    return limiter;
}

static void limiter_free(struct acceptor_limiter *limiter)
{
    pthread_mutex_destroy(&limiter->lock);
    free(limiter);
}

REF(acceptor_limiter, struct acceptor_limiter, ref, limiter_free)

enum acceptor_wait acceptor_limiter_wait(const struct acceptor_limiter *limiter)
{
    return limiter->wait;
}

bool acceptor_limiter_is_used(struct acceptor_limiter *limiter)
{
    pthread_mutex_lock(&limiter->lock);
    bool used = limiter->n_slots > 0;
    pthread_mutex_unlock(&limiter->lock);
    return used;
}

static void drop_probe(struct acceptor_limiter *limiter, const struct acceptor_limiter_slot *slot)
{
    if (limiter->probe == slot)
        limiter->probe = NULL;
}

/* Counts the jobs that timed out since the last call. Each of them counts at its deadline, and not
 * when it ends, because the machine may answer other jobs again before that. */
static void count_timeouts(struct acceptor_limiter *limiter, uint64_t now_ms)
{
    for (struct acceptor_limiter_slot *at = limiter->slots; at != NULL; at = at->next) {
        uint64_t closed_until_ms = at->began_ms + SSPI_JOB_DEADLINE_MS + ACCEPTOR_LIMITER_CLOSED_MS;
        if (at->is_late || now_ms < at->began_ms + SSPI_JOB_DEADLINE_MS)
            continue;
        at->is_late = true;
        drop_probe(limiter, at);
        limiter->is_silent = true;
        if (limiter->closed_until_ms < closed_until_ms)
            limiter->closed_until_ms = closed_until_ms;
    }
}

bool acceptor_limiter_is_silent(struct acceptor_limiter *limiter, uint64_t now_ms)
{
    pthread_mutex_lock(&limiter->lock);
    count_timeouts(limiter, now_ms);
    bool silent = limiter->is_silent;
    pthread_mutex_unlock(&limiter->lock);
    return silent;
}

/* While the machine is silent, the limiter is never FULL, because another limit would not help. */
static enum acceptor_limiter_answer check(const struct acceptor_limiter *limiter, uint64_t now_ms)
{
    bool full = limiter->limit != 0 && limiter->n_slots >= limiter->limit;
    if (limiter->is_silent && (full || limiter->probe != NULL || now_ms < limiter->closed_until_ms))
        return ACCEPTOR_LIMITER_CLOSED;
    return full ? ACCEPTOR_LIMITER_FULL : ACCEPTOR_LIMITER_ACQUIRED;
}

enum acceptor_limiter_answer acceptor_limiter_acquire(struct acceptor_limiter *limiter,
                                                      struct acceptor_limiter_slot *slot,
                                                      uint64_t now_ms)
{
    pthread_mutex_lock(&limiter->lock);
    count_timeouts(limiter, now_ms);
    enum acceptor_limiter_answer answer = check(limiter, now_ms);
    if (answer == ACCEPTOR_LIMITER_ACQUIRED) {
        *slot = (struct acceptor_limiter_slot){.next = limiter->slots, .began_ms = now_ms};
        limiter->slots = slot;
        limiter->n_slots++;
        if (limiter->is_silent)
            limiter->probe = slot;
    }
    pthread_mutex_unlock(&limiter->lock);
    return answer;
}

void acceptor_limiter_release(struct acceptor_limiter *limiter, struct acceptor_limiter_slot *slot,
                              bool answered, uint64_t now_ms)
{
    pthread_mutex_lock(&limiter->lock);
    count_timeouts(limiter, now_ms);
    struct acceptor_limiter_slot **at = &limiter->slots;
    while (*at != slot)
        at = &(*at)->next;
    *at = slot->next;
    limiter->n_slots--;
    drop_probe(limiter, slot);
    if (answered)
        limiter->is_silent = false;
    pthread_mutex_unlock(&limiter->lock);
}
