/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: a request with a good cookie needs no credentials. This file opens cookies, and makes
 * the content of a cookie the identity of the exchange. request_session_make.c makes cookies.
 *
 * A cookie counts only if its seal opens for this name and host, and if the location's own facts
 * agree: the transport, the audience, the sources of users and keys, the lifetimes, and the
 * revocations. Then the policy check decides about the identity, as about any other. A cookie of
 * another audience or key is ignored, because two areas of a host may share a name. A cookie that
 * has ended or was altered is ignored and removed. None of these is an error for the client. */
#ifndef REQUEST_SESSION_H
#define REQUEST_SESSION_H

#include "policy_cookie.h"
#include "request_exchange.h"
#include "session_audience.h"
#include "session_cookie.h"
#include "session_host.h"
#include "session_life.h"

/* Name, host and version of the format, each with an octet behind it. */
#define REQUEST_SESSION_ASSOCIATED_LIMIT (POLICY_COOKIE_LIMIT + SESSION_HOST_LIMIT + 3)

/* What one policy and request say about sessions. */
struct request_session_scope {
    struct store_keys *keys;
    uint64_t keys_generation; /* read before a cookie is opened */
    struct session_cookie cookie;
    char associated[REQUEST_SESSION_ASSOCIATED_LIMIT]; /* of the seal */
    size_t associated_len;
    uint64_t now_ms; /* the wall clock */
};

/* False: this request can neither have nor get a session under `policy`. Sessions are off, or not
 * over plain HTTP, the server is a forward proxy or has no keys, or the request names no host. */
bool request_session_scope_of(const struct sspi_exchange *exchange,
                              const struct sspi_policy *policy,
                              struct request_session_scope *ret_scope) MUST_USE;

/* What a cookie is worth. */
enum request_session_verdict {
    REQUEST_SESSION_GOOD,
    REQUEST_SESSION_IGNORED, /* not for this location: another key, audience or transport */
    REQUEST_SESSION_ENDED,
    REQUEST_SESSION_ALTERED
};

/* Opens one cookie and compares it with the location. GOOD, ENDED: exchange->session.content is
 * set. GOOD also sets exchange->session.renews and *ret_source, the location's source for this
 * login. IGNORED: *ret_why (static) says what the location demands. ENDED: it says why. Allocates
 * nothing. */
enum request_session_verdict
request_session_try(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                    const struct request_session_scope *scope, struct sspi_view value,
                    const struct acceptor_source **ret_source, const char **ret_why) MUST_USE;

/* Writes the audience of such a login at this location. `source` is the location's source for it.
 * False: it has none, so no session is made or used. */
bool request_session_audience(const struct sspi_exchange *exchange,
                              const struct sspi_policy *policy, uint8_t mech,
                              const struct acceptor_source *source,
                              struct session_audience *ret_audience) MUST_USE;

/* Makes the session of the request's cookie the identity of the exchange. The caller then checks
 * whether `policy` accepts it. If no cookie is good, but one has ended or was altered, a log entry
 * says so, and the answer removes the cookie. False: no session counts. If the location ignores a
 * cookie, *ret_why (static) says what it demands. Otherwise *ret_why is NULL. */
bool request_session_take(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                          const char **ret_why) MUST_USE;

/* Takes that identity from the exchange again. */
void request_session_give_back(struct sspi_exchange *exchange);

/* Makes the answer remove the cookie, also if the client sent none. Does nothing if `policy` has no
 * session on this connection. */
void request_session_clear(struct sspi_exchange *exchange, const struct sspi_policy *policy);

/* A session of the request's cookies, for a logout. */
struct request_session_facts {
    uint8_t id[SESSION_CONTENT_ID_LEN];
    uint64_t login_ms, end_ms;
    char name[SESSION_CONTENT_TEXT_LIMIT + 1]; /* of the user, in full */
};

/* Opens the next cookie of this name whose seal is right and that has not reached its end. Begin
 * with {.rest = the request's cookies}. Compares neither audience nor policy, because a user may
 * always log out. The exchange must have no session (request_session_give_back()), because this
 * overwrites its content. False: there is no further one. */
bool request_session_next(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                          struct session_cookie_search *search,
                          struct request_session_facts *ret_facts) MUST_USE;

#endif
