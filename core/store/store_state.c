/* SPDX-License-Identifier: Apache-2.0 */
#include "store_state.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store_layout.h"

struct sspi_state *store_state_format(void *memory, size_t size, const struct clock *clock)
{
    return store_layout_format(memory, size, &(struct store_origin){0}, clock);
}

struct sspi_state *store_state_attach(void *memory, size_t size)
{
    return store_layout_attach(memory, size, &(struct store_origin){0});
}

void store_state_free(struct sspi_state *state)
{
    if (state == NULL)
        return;
    if (state->mapped > 0)
        munmap(state->header, state->mapped);
    if (state->file != -1)
        close(state->file);
    bytes_wipe(&state->constants, sizeof(state->constants));
    free(state);
}

size_t store_state_size(const struct sspi_state *state)
{
    return (size_t)state->constants.size;
}

const uint8_t *store_state_nonce_key(const struct sspi_state *state)
{
    return state->constants.nonce_key;
}

const uint8_t *store_state_session_key(const struct sspi_state *state)
{
    return state->constants.session_key;
}

struct sspi_view store_state_opaque(const struct sspi_state *state)
{
    return (struct sspi_view){state->constants.opaque, sizeof(state->constants.opaque)};
}

uint64_t store_state_time_ms(const struct sspi_state *state, const struct clock *clock)
{
    return state->constants.created_ms +
           (clock->steady_ms(clock->self) - state->constants.created_steady_ms);
}

uint64_t store_state_created_ms(const struct sspi_state *state)
{
    return state->constants.created_ms;
}

/* ---- counters ---- */

_Static_assert((int)STORE_COUNTERS == (int)STORE_LAYOUT_COUNTERS, "one table");

static const struct {
    const char *name, *help;
} table[STORE_COUNTERS] = {
#define STORE_COUNTER(id, name, help) {name, help},
#include "store_counters.def"
#undef STORE_COUNTER
};

void store_counters_add(struct sspi_state *state, enum store_counter counter)
{
    atomic_fetch_add_explicit(&state->header->counters[counter], 1, memory_order_relaxed);
}

uint64_t store_counters_value(const struct sspi_state *state, enum store_counter counter)
{
    return atomic_load_explicit(&state->header->counters[counter], memory_order_relaxed);
}

const char *store_counters_name(enum store_counter counter)
{
    return table[counter].name;
}

const char *store_counters_help(enum store_counter counter)
{
    return table[counter].help;
}
