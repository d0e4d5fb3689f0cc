/* SPDX-License-Identifier: Apache-2.0 */
/* The memory that all workers share: a header with the counters, the table of nonce counts
 * (store_nonces.h), the table of Kerberos replays (store_replays.h), the table of revoked sessions
 * (store_revocations.h). The memory comes from the caller (an anonymous mapping, an nginx zone) or
 * is a file (store_state_file.h). These functions neither open files nor log. ARCHITECTURE.md
 * describes the memory under "Where state lives". */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include "bytes.h"
#include "clock.h"
#include "sspi_acceptor.h"
#include "store_sizes.h"

/* Lays out `memory` (page-aligned, `size` bytes, shared by all processes that attach or that are
 * forked later) and attaches to it. Secrets and the creation time come from `clock`. The memory
 * must outlive the result. The caller frees the result by store_state_free(). NULL: the memory is
 * too small, or allocation or randomness failed. One call per memory, before any process shares it.
 */
struct sspi_state *store_state_format(void *memory, size_t size,
                                      const struct clock *clock) MUST_USE;

/* Attaches to memory that was formatted before. NULL if magic, layout number or size differ, if the
 * header is damaged, or if no memory is left for the view. The caller must then make new memory and
 * never overwrite this one, because older children still use it. The header is copied and checked
 * once, and never read again. */
struct sspi_state *store_state_attach(void *memory, size_t size) MUST_USE;

/* Frees the view of one process. The memory is kept, unless it is the mapping of a file. NULL is
 * fine. */
void store_state_free(struct sspi_state *state);

/* Returns the size of the memory in octets. */
size_t store_state_size(const struct sspi_state *state);

/* The secret for nonces, random for each formatted memory. Valid as long as the view. */
const uint8_t *store_state_nonce_key(const struct sspi_state *state);

/* The secret for sessions if there is no key file (store_keys_new()): STORE_KEY_SIZE octets, random
 * for each formatted memory. Valid as long as the view. */
const uint8_t *store_state_session_key(const struct sspi_state *state);

/* A public name of this memory: random text that needs no quoting and does not end with a NUL.
 * Digest sends it as opaque. It shows whether a client answers a challenge of this memory. */
struct sspi_view store_state_opaque(const struct sspi_state *state);

/* The time by which nonces are issued and checked. It starts as the wall clock's time when the
 * memory was made, and goes on with the steady clock. So a new nonce is never older than a removed
 * one, even if the machine's clock is set back. */
uint64_t store_state_time_ms(const struct sspi_state *state, const struct clock *clock);

/* When the memory was made, by the wall clock at that moment. The memory does not record whether an
 * older token was used before. */
uint64_t store_state_created_ms(const struct sspi_state *state);

/* ---- counters ---- */

enum store_counter {
#define STORE_COUNTER(id, name, help) STORE_COUNTER_##id,
#include "store_counters.def"
#undef STORE_COUNTER
    STORE_COUNTERS,
    STORE_COUNTER_NONE = STORE_COUNTERS /* nothing is counted */
};

/* Adds one to the counter. Takes no lock. The order relative to other memory accesses is undefined.
 */
void store_counters_add(struct sspi_state *state, enum store_counter counter);

/* The count since the memory was made. */
uint64_t store_counters_value(const struct sspi_state *state, enum store_counter counter);

/* The texts of store_counters.def, of static lifetime. */
const char *store_counters_name(enum store_counter counter);
const char *store_counters_help(enum store_counter counter);

#endif
