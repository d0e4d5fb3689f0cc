/* SPDX-License-Identifier: Apache-2.0 */
/* The cookie of a session in header fields: how it is found in Cookie, removed from it, and set by
 * Set-Cookie (RFC 6265). Pure. These functions do not read the value. All take time in proportion
 * to the header. */
#ifndef SESSION_COOKIE_H
#define SESSION_COOKIE_H

#include "bytes.h"
#include "sspi_http.h"

/* A client may send several cookies of one name, for different domains and paths. A parent domain
 * can so put its own before the right one. The first ones count; further ones are ignored. */
#define SESSION_COOKIE_TRIES 4

/* The cookie of one policy and transport. Its views are those of the policy, or static. */
struct session_cookie {
    struct sspi_view name;
    struct sspi_view path;
    struct sspi_view domain;    /* absent: the cookie is only for this host */
    struct sspi_view same_site; /* Strict, Lax or None */
    bool secure;
};

/* Over plain HTTP, the name has no prefix __Host- or __Secure-, and SameSite=Lax replaces
 * SameSite=None, which browsers accept only with Secure. */
void session_cookie_of(const struct sspi_policy *policy, bool tls,
                       struct session_cookie *ret_cookie);

/* A walk over the cookies of this name. Begin with {.rest = the value of Cookie}, which may be
 * absent. */
struct session_cookie_search {
    struct sspi_view rest;
    unsigned n_found;
};

/* Returns the value of the next cookie of this name in *ret_value, which lies within the header.
 * False: there is no further one, or SESSION_COOKIE_TRIES were found. Only a semicolon begins a
 * cookie. After a comma this text may be the value of another cookie. A parent domain, or a page of
 * plain HTTP, can set such a value, although it can set no cookie with the prefix __Host-. */
bool session_cookie_find(const struct session_cookie *cookie, struct session_cookie_search *search,
                         struct sspi_view *ret_value) MUST_USE;

/* The names of the cookies of one policy: those of TLS and of plain HTTP. */
struct session_cookie_names {
    struct sspi_view name[2];
    size_t n;
};

/* True if the value of a Cookie line has a cookie of these names, also after a comma: httpd joins
 * several lines by commas. */
bool session_cookie_is_in(const struct session_cookie_names *names, struct sspi_view header);

/* Writes the value of a Cookie line without all cookies of these names to `to`, which has room for
 * header.len octets and may be header.data. The octets of the other cookies do not change. Returns
 * the length. 0: the line has no other cookie, so it must be removed. Writes no NUL. */
size_t session_cookie_strip(const struct session_cookie_names *names, struct sspi_view header,
                            char *to);

/* Appends the value of a Set-Cookie line. `value` has only octets of RFC 6265's cookie-octet. */
void session_cookie_append_set(const struct session_cookie *cookie, struct sspi_view value,
                               struct bytes *to);

/* The same for a line that makes the client remove the cookie. */
void session_cookie_append_clear(const struct session_cookie *cookie, struct bytes *to);

#endif
