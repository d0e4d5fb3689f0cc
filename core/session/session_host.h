/* SPDX-License-Identifier: Apache-2.0 */
/* The host for which a session is sealed, so that the cookie of one host is worthless at another.
 * Pure. */
#ifndef SESSION_HOST_H
#define SESSION_HOST_H

#include "bytes.h"

/* The longest name of a host (RFC 1035 2.3.4). */
#define SESSION_HOST_LIMIT 255

/* Writes the host of Host or :authority in lower case, without its port and without the dot at its
 * end. Returns the length; 0: there is no host, it is too long, or it holds an octet that is not
 * printable ASCII. Such a request makes and uses no session. */
size_t session_host_of(struct sspi_view authority, char ret_host[SESSION_HOST_LIMIT]) MUST_USE;

#endif
