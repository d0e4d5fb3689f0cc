/* SPDX-License-Identifier: Apache-2.0 */
#include "store_counters.h"

#include "store_layout.h"

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
