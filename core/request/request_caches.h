/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which answers shared caches may store, for the functions of sspi_http.h. A shared cache
 * does not store the answer to a request with Authorization (RFC 9111 section 3.5). A request that
 * uses the connection's login or a session has no such header, or one of another scheme, so the
 * answer itself must be marked as private. */
#ifndef REQUEST_CACHES_H
#define REQUEST_CACHES_H

#include "request_exchange.h"

/* Remembers that a step granted the request. */
void request_caches_note_grant(struct sspi_exchange *exchange);

#endif
