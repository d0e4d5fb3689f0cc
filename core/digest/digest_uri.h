/* SPDX-License-Identifier: Apache-2.0 */
/* Checks whether a uri directive names the resource of the request line (RFC 7616 3.4.6). Pure. */
#ifndef DIGEST_URI_H
#define DIGEST_URI_H

#include "bytes.h"

/* True if `uri`, the directive, names the resource of `target`. `target` is the request's target
 * URI with scheme and authority (RFC 9110 7.1), or only the request-target if the caller does not
 * know them. An absolute directive then names no resource.
 *
 * A path in the directive is compared with the target's path and query. Clients of a forward proxy
 * send a path for an absolute target. An absolute directive must have the target's scheme and host
 * in any case. It must have the target's port, where an absent port is the scheme's default.
 *
 * Paths and queries must be equal octet by octet, except for two equivalences of RFC 9110 4.2.3.
 * Hexadecimal digits may differ in case, and an octet that is not reserved equals its
 * percent-encoding. A reserved octet names another resource when it is encoded (RFC 3986 2.2). An
 * application may split at it, or read `+` as a blank and `%2B` as a plus. Dot segments are not
 * removed, because servers differ in that. */
bool digest_uri_names(struct sspi_view uri, struct sspi_view target) MUST_USE;

#endif
