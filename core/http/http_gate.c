/* SPDX-License-Identifier: Apache-2.0 */
#include "http_gate.h"

#include <pthread.h>
#include <stdlib.h>

struct http_gate {
    pthread_mutex_t lock;
    unsigned n_owners;
    unsigned limit;
    unsigned n_inside;
    struct http_gate_pass *inside;
    uint64_t closed_until_ms;
};

struct http_gate *http_gate_new(unsigned limit)
{
    struct http_gate *gate = calloc(1, sizeof(*gate));
    if (gate == NULL || pthread_mutex_init(&gate->lock, NULL) != 0) {
        free(gate);
        return NULL;
    }
    gate->n_owners = 1;
    gate->limit = limit;
    return gate;
}

struct http_gate *http_gate_reference(struct http_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->n_owners++;
    pthread_mutex_unlock(&gate->lock);
    return gate;
}

void http_gate_drop(struct http_gate *gate)
{
    if (gate == NULL)
        return;
    pthread_mutex_lock(&gate->lock);
    bool last = --gate->n_owners == 0;
    pthread_mutex_unlock(&gate->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&gate->lock);
    free(gate);
}

/* True while somebody's time-out counts: whoever is inside may come out much later. */
static bool is_closed(const struct http_gate *gate, uint64_t now_ms)
{
    if (now_ms < gate->closed_until_ms)
        return true;
    for (const struct http_gate_pass *at = gate->inside; at != NULL; at = at->next) {
        uint64_t inside_ms = now_ms - at->began_ms;
        if (inside_ms >= HTTP_GATE_PATIENCE_MS &&
            inside_ms < HTTP_GATE_PATIENCE_MS + HTTP_GATE_CLOSED_MS)
            return true;
    }
    return false;
}

enum http_gate_answer http_gate_enter(struct http_gate *gate, struct http_gate_pass *pass,
                                      uint64_t now_ms)
{
    enum http_gate_answer answer = HTTP_GATE_ENTERED;
    pthread_mutex_lock(&gate->lock);
    if (is_closed(gate, now_ms)) {
        answer = HTTP_GATE_CLOSED;
    } else if (gate->limit != 0 && gate->n_inside >= gate->limit) {
        answer = HTTP_GATE_FULL;
    } else {
        pass->began_ms = now_ms;
        pass->next = gate->inside;
        gate->inside = pass;
        gate->n_inside++;
    }
    pthread_mutex_unlock(&gate->lock);
    return answer;
}

void http_gate_leave(struct http_gate *gate, struct http_gate_pass *pass, bool answered,
                     uint64_t now_ms)
{
    pthread_mutex_lock(&gate->lock);
    struct http_gate_pass **at = &gate->inside;
    while (*at != pass)
        at = &(*at)->next;
    *at = pass->next;
    gate->n_inside--;
    if (!answered && now_ms - pass->began_ms >= HTTP_GATE_PATIENCE_MS)
        gate->closed_until_ms = now_ms + HTTP_GATE_CLOSED_MS;
    pthread_mutex_unlock(&gate->lock);
}
