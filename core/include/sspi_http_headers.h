/* SPDX-License-Identifier: Apache-2.0 */
/* The header fields of requests and answers that the server changes for the core: Cache-Control,
 * and Cookie. A part of sspi_http.h, which includes it. */
#ifndef SSPI_HTTP_HEADERS_H
#define SSPI_HTTP_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

#include "sspi_view.h"

struct sspi_connection;
struct sspi_exchange;
struct sspi_policy;

/* ---- caches ---- */

/* True if the answer must forbid shared caches to store it. RFC 9111 section 3.5 forbids that only
 * for requests with Authorization. So this is true if the request has no such header, but the
 * answer may be for one user: the request was granted, or its connection keeps a login, which a
 * later part of the answer may use. It is also true if a session granted the request. `exchange`:
 * NULL if no location needed one. Only then `has_no_header` is used: the request has no
 * Authorization header. `connection`: NULL if there is none. */
bool sspi_http_is_private(const struct sspi_exchange *exchange,
                          const struct sspi_connection *connection, bool has_no_header);

/* The most octets that sspi_http_private_cache_control() writes for a value of this length. */
#define SSPI_PRIVATE_SIZE(value_len) (2 * (value_len) + 16)

/* Writes the Cache-Control of such an answer: `private`, then the directives of `value` without
 * public and s-maxage. `value` is all lines of the field, joined by commas, and may be empty.
 * Returns the length. Writes no NUL. */
size_t sspi_http_private_cache_control(struct sspi_view value, char *to);

/* True if an answer of this exchange has a line Set-Cookie of this module, also one that removes a
 * cookie. `exchange`: NULL if no location needed one. */
bool sspi_http_sets_cookie(const struct sspi_exchange *exchange);

/* The most octets that sspi_http_cookie_cache_control() writes for a value of this length. */
#define SSPI_COOKIE_CONTROL_SIZE(value_len) (2 * (value_len) + 24)

/* Writes the Cache-Control of such an answer: the directives of `value`, and no-cache="Set-Cookie",
 * so that no cache gives the cookie to another client (RFC 9111 section 5.2.2.4). `value` is all
 * lines of the field, joined by commas, and may be empty. If the answer is private as well, `value`
 * is the result of sspi_http_private_cache_control(). Returns the length. Writes no NUL. */
size_t sspi_http_cookie_cache_control(struct sspi_view value, char *to);

/* True for a header field that caches follow instead of Cache-Control (RFC 9213's
 * CDN-Cache-Control, nginx's X-Accel-Expires). A private answer must not have it. */
bool sspi_http_overrides_cache_control(struct sspi_view name);

/* ---- cookies ---- */

/* True if the value of a Cookie line has the cookie of a session that a location with `policy` can
 * have made. False if the policy has no sessions. */
bool sspi_http_has_session_cookie(const struct sspi_policy *policy, struct sspi_view header);

/* Writes that value without these cookies to `to`, which has room for header.len octets and may be
 * header.data. All other cookies stay as they are. The server does this for each Cookie line before
 * the handler of the request reads it, because an upstream or a program could use the session.
 * Returns the length. 0: no cookie is left, so the server removes the line. Writes no NUL. */
size_t sspi_http_strip_session_cookie(const struct sspi_policy *policy, struct sspi_view header,
                                      char *to);

#endif
