/* SPDX-License-Identifier: Apache-2.0 */
/* What caches may keep. RFC 9111 section 3.5 keeps shared caches away from answers to requests that
 * carry Authorization. A request that the connection's login grants carries none, so that the
 * answer itself must say that it is one user's. The public functions are in sspi_http.h. */
#ifndef HTTP_CACHES_H
#define HTTP_CACHES_H

#include "bytes.h"
#include "sspi_http.h"

#endif
