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
    struct sspi_view realm;    /* of Digest and Basic for this request */
    const char *default_realm; /* of krb5.conf; NULL: none */
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

/* ---- requirements ---- */

enum policy_met {
    POLICY_MISSED,
    POLICY_MET,
    POLICY_UNKNOWN /* only new credentials can show whether the identity meets the line */
};

/* What the request knows beside the identity. */
struct policy_require_facts {
    bool is_bound; /* to this TLS channel */
    /* Whether the compiled pattern matches the whole text. NULL: no pattern is met. */
    bool (*matches)(void *compiled, struct sspi_view text);
    /* Whether the user is a member of the group, for `self`. NULL: no group is met. */
    enum policy_met (*in_group)(void *self, struct sspi_view group);
    void *self;
};

/* Checks each line of the policy. MISSED if a line is missed, also when another one is UNKNOWN.
 * *ret_line is then that line. */
enum policy_met policy_check_require(const struct sspi_policy *policy,
                                     const struct policy_identity *identity,
                                     const struct policy_require_facts *facts,
                                     struct sspi_words *ret_line) MUST_USE;

#endif
