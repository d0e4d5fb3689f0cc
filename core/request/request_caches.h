/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which answers shared caches may store. A shared cache does not store the answer to a
 * request with Authorization (RFC 9111 section 3.5). A request that uses the connection's login has
 * no such header, so the answer itself must be marked as private. The public functions are in
 * sspi_http.h.
 */
#ifndef REQUEST_CACHES_H
#define REQUEST_CACHES_H

#include "bytes.h"
#include "sspi_http.h"

#endif
