/* SPDX-License-Identifier: Apache-2.0 */
/* The words of SSPISessionCookie: the name of a cookie, and its attributes (RFC 6265 section 4.1).
 * Pure. */
#ifndef POLICY_COOKIE_H
#define POLICY_COOKIE_H

#include "bytes.h"
#include "sspi_http.h"

/* The most octets of all words together. A browser keeps a cookie of 4,096 octets with its name and
 * attributes (RFC 6265 section 6.1), and most of them are for the value. */
#define POLICY_COOKIE_LIMIT 200

/* Checks the name, and the attributes Domain=, Path= and SameSite=, each at most once. NULL: the
 * words are right. Otherwise the returned text says what would be right, and *ret_word is the wrong
 * word. */
const char *policy_cookie_check(const struct sspi_view *words, size_t n_words,
                                struct sspi_view *ret_word) MUST_USE;

/* Returns the name without the prefixes __Host- and __Secure-. Browsers accept such a name only
 * over TLS (RFC 6265bis section 4.1.3), and ignore the case of the prefix. */
struct sspi_view policy_cookie_bare_name(struct sspi_view name);

/* Returns the value of an attribute, such as Path. `words` have passed policy_cookie_check(). An
 * absent view: no word has this attribute. */
struct sspi_view policy_cookie_attribute(const struct sspi_words *words, const char *name);

#endif
