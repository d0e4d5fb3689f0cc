/* SPDX-License-Identifier: Apache-2.0 */
/* The status and the counters of a request that ends, from the table of reasons. The page that
 * shows the counters (sspi_acceptor_status() in sspi_http.h). */
#ifndef REQUEST_COUNT_H
#define REQUEST_COUNT_H

#include "policy_identity.h"
#include "package.h"
#include "store_state.h"

/* The HTTP status of a request that ends for `reason`; 0: it passes. */
unsigned request_count_status(enum sspi_reason reason);

/* Counts a request that ended for `reason`. The caller does so once for each request. `state` is
 * NULL if no memory is shared. */
void request_count_end(struct sspi_state *state, enum sspi_reason reason);

/* Counts a request that was granted. `from_connection`: by the login of its connection.
 * `from_session`: by a session. */
void request_count_granted(struct sspi_state *state, const struct policy_identity *identity,
                           enum package_bound bound, bool from_connection, bool from_session);

/* Counts why credentials were refused, if that has a counter. */
void request_count_refusal(struct sspi_state *state, enum sspi_reason reason);

#endif
