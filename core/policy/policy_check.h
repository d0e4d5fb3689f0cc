/* SPDX-License-Identifier: Apache-2.0 */
/* The policy check: does a policy accept an identity that was verified under this or another
 * policy? Pure: an identity, a policy, and what the request knows beside them. The TLS channel and
 * the name of the service are checked by binding_check(). */
#ifndef POLICY_CHECK_H
#define POLICY_CHECK_H

#include "policy_identity.h"

struct policy_facts {
    /* The source that the policy uses for the identity's mechanism; NULL: it is not open. */
    const struct acceptor_source *source;
    struct sspi_view realm; /* Digest's realm for this request */
    /* Digest with providers: the hash that the providers of this location return is that of the
     * verification. */
    bool same_hash;
    /* The algorithms that Digest offers if the policy names none and has a user file. */
    const enum sspi_digest_algorithm *default_algorithms;
    size_t n_default_algorithms;
    bool from_connection;      /* the identity is the login that the connection kept */
    bool connection_is_direct; /* HTTP/1.x, and no proxy in between */
    uint64_t login_age_ms;     /* of a login from the connection */
    bool from_session;         /* the identity is that of a session's cookie */
};

/* Returns NULL if `policy` accepts the identity. Otherwise returns what it demands instead (static
 * text). */
const char *policy_check_identity(const struct sspi_policy *policy,
                                  const struct policy_identity *identity,
                                  const struct policy_facts *facts) MUST_USE;

/* True if `policy` lets a login of this mechanism persist on its connection. */
bool policy_check_persistent(const struct sspi_policy *policy,
                             const struct policy_identity *identity) MUST_USE;

/* True if a login of this age is too old for `policy`. */
bool policy_check_is_too_old(const struct sspi_policy *policy, uint64_t login_age_ms) MUST_USE;

/* True if the identity meets each `require` line of the policy. A line lists users, or demands that
 * the client is bound to this TLS channel (`is_bound`). */
bool policy_check_require(const struct sspi_policy *policy, const struct policy_identity *identity,
                          bool is_bound) MUST_USE;

#endif
