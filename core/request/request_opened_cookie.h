/* SPDX-License-Identifier: Apache-2.0 */
/* A cookie that was opened, and what it held. A connection keeps the last cookie that was good on
 * it, because a client sends the same cookie with each request. To open it is the largest part of
 * what a session costs.
 *
 * It only takes the place of the opening. Life, revocation, audience, user and policy are checked
 * for each request. It counts only for the same octets of the cookie, the same associated data
 * (name, host, version) and the same contents of the same keys. To open such a cookie again would
 * give the same content, whichever client sends it. So several clients of a proxy may share a
 * connection.
 *
 * An opened cookie never changes. The connection and the exchanges that use it have references. */
#ifndef REQUEST_OPENED_COOKIE_H
#define REQUEST_OPENED_COOKIE_H

#include "ref.h"
#include "session_content.h"
#include "store_keys.h"

/* The most octets of one, which a connection keeps until it ends. Most have less than 1,500. */
#define REQUEST_OPENED_COOKIE_LIMIT 8192

/* What the server opens a cookie with. */
struct request_opening {
    struct store_keys *keys;
    uint64_t generation; /* of the keys, read before the cookie is opened */
    struct sspi_view associated, value;
};

struct request_opened_cookie {
    struct ref ref;
    struct store_keys *keys; /* a reference, so that other keys never have this address */
    uint64_t generation;
    size_t associated_len, value_len, octets_len;
    struct session_content content; /* views into the octets */
    char text[];                    /* associated data, value, octets */
};

/* Copies all, for the first owner. `octets` are what the cookie held. NULL: no memory, or they are
 * no content. */
struct request_opened_cookie *request_opened_cookie_new(const struct request_opening *opening,
                                                        struct sspi_view octets) MUST_USE;

/* See ref.h. The last owner wipes the text. */
struct request_opened_cookie *request_opened_cookie_ref(struct request_opened_cookie *cookie);
void request_opened_cookie_unref(struct request_opened_cookie *cookie);

/* True if this opening would give the same octets. Compares the value in constant time. */
bool request_opened_cookie_is(const struct request_opened_cookie *cookie,
                              const struct request_opening *opening) MUST_USE;

/* Returns the octets, in which the views of the content lie. */
char *request_opened_cookie_octets(struct request_opened_cookie *cookie);

#endif
