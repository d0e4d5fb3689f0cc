/* SPDX-License-Identifier: Apache-2.0 */
/* The log entries of a server's start. The adapter fetches and writes them. */
#ifndef ACCEPTOR_ENTRIES_H
#define ACCEPTOR_ENTRIES_H

#include <stddef.h>

#include "sspi_http.h"

struct acceptor_entries {
    struct sspi_log_entry *list;
    size_t n, n_returned; /* n_returned: the adapter has these entries already */
};

/* Adds an entry, unless one with the same text waits already: many locations may share one policy.
 * Without memory nothing is added. */
void acceptor_entries_add(struct acceptor_entries *entries, enum sspi_reason reason,
                          const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Returns how many entries are new. They live until the next entry is added. */
size_t acceptor_entries_take(struct acceptor_entries *entries,
                             const struct sspi_log_entry **ret_entries);

void acceptor_entries_clear(struct acceptor_entries *entries);

#endif
