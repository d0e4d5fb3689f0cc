/* SPDX-License-Identifier: Apache-2.0 */
#include "acceptor_limiter.h"

#include <pthread.h>
#include <stdlib.h>

#include "ref.h"

struct acceptor_limiter {
    struct ref ref;
    pthread_mutex_t lock;
    unsigned limit;
    unsigned n_slots;
    struct acceptor_limiter_slot *slots;
    uint64_t closed_until_ms;
};

struct acceptor_limiter *acceptor_limiter_new(unsigned limit)
{
    struct acceptor_limiter *limiter = calloc(1, sizeof(*limiter));
    if (limiter == NULL || pthread_mutex_init(&limiter->lock, NULL) != 0) {
        free(limiter);
        return NULL;
    }
    ref_init(&limiter->ref);
    limiter->limit = limit;
    return limiter;
}

static void limiter_free(struct acceptor_limiter *limiter)
{
    pthread_mutex_destroy(&limiter->lock);
    free(limiter);
}

REF(acceptor_limiter, struct acceptor_limiter, ref, limiter_free)

/* True for ACCEPTOR_LIMITER_CLOSED_MS after a job timed out. A job that still has its slot counts
 * as well, because it may release the slot much later. */
static bool is_closed(const struct acceptor_limiter *limiter, uint64_t now_ms)
{
    if (now_ms < limiter->closed_until_ms)
        return true;
    for (const struct acceptor_limiter_slot *at = limiter->slots; at != NULL; at = at->next) {
        uint64_t inside_ms = now_ms - at->began_ms;
        if (inside_ms >= ACCEPTOR_LIMITER_TIMEOUT_MS &&
            inside_ms < ACCEPTOR_LIMITER_TIMEOUT_MS + ACCEPTOR_LIMITER_CLOSED_MS)
            return true;
    }
    return false;
}

enum acceptor_limiter_answer acceptor_limiter_acquire(struct acceptor_limiter *limiter,
                                                      struct acceptor_limiter_slot *slot,
                                                      uint64_t now_ms)
{
    enum acceptor_limiter_answer answer = ACCEPTOR_LIMITER_ACQUIRED;
    pthread_mutex_lock(&limiter->lock);
    if (is_closed(limiter, now_ms)) {
        answer = ACCEPTOR_LIMITER_CLOSED;
    } else if (limiter->limit != 0 && limiter->n_slots >= limiter->limit) {
        answer = ACCEPTOR_LIMITER_FULL;
    } else {
        slot->began_ms = now_ms;
        slot->next = limiter->slots;
        limiter->slots = slot;
        limiter->n_slots++;
    }
    pthread_mutex_unlock(&limiter->lock);
    return answer;
}

void acceptor_limiter_release(struct acceptor_limiter *limiter, struct acceptor_limiter_slot *slot,
                              bool answered, uint64_t now_ms)
{
    pthread_mutex_lock(&limiter->lock);
    struct acceptor_limiter_slot **at = &limiter->slots;
    while (*at != slot)
        at = &(*at)->next;
    *at = slot->next;
    limiter->n_slots--;
    if (!answered && now_ms - slot->began_ms >= ACCEPTOR_LIMITER_TIMEOUT_MS)
        limiter->closed_until_ms = now_ms + ACCEPTOR_LIMITER_CLOSED_MS;
    pthread_mutex_unlock(&limiter->lock);
}
