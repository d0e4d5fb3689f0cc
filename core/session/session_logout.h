/* SPDX-License-Identifier: Apache-2.0 */
/* What a logout reads from a request: whether a page of another site sent it, and where the client
 * goes next. Pure. */
#ifndef SESSION_LOGOUT_H
#define SESSION_LOGOUT_H

#include "bytes.h"

/* The longest target after a logout, decoded. */
#define SESSION_LOGOUT_TARGET_LIMIT 2048

/* True if a page of another site sent the request: Sec-Fetch-Site is cross-site, or the host of
 * Origin is not that of the request. Origin: null counts as another site, unless Sec-Fetch-Site is
 * same-origin. Ports and schemes are not compared, because a front end may have others. Each view
 * is absent without its header; a request without these two headers is none of a browser's page.
 * `authority`: Host, or :authority. */
bool session_logout_is_cross_site(struct sspi_view fetch_site, struct sspi_view origin,
                                  struct sspi_view authority) MUST_USE;

/* Appends the target of the parameter `to` of a query string as the value of Location: a path of
 * this host, perhaps with query and fragment. False: there is no such parameter, or a browser could
 * read its value as something else. *to is then unchanged. */
bool session_logout_target(struct sspi_view query, struct bytes *to) MUST_USE;

#endif
