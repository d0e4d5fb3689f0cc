/* SPDX-License-Identifier: Apache-2.0 */
/* Counters in the memory that all workers share. */
#ifndef STORE_COUNTERS_H
#define STORE_COUNTERS_H

#include "store_state.h"

enum store_counter {
#define STORE_COUNTER(id, name, help) STORE_COUNTER_##id,
#include "store_counters.def"
#undef STORE_COUNTER
    STORE_COUNTERS,
    STORE_COUNTER_NONE = STORE_COUNTERS /* nothing is counted */
};

/* Adds one. Lock-free, and in no order with anything else. */
void store_counters_add(struct sspi_state *state, enum store_counter counter);

/* Since the memory was made. */
uint64_t store_counters_value(const struct sspi_state *state, enum store_counter counter);

const char *store_counters_name(enum store_counter counter);
const char *store_counters_help(enum store_counter counter);

#endif
