/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_check.h"

#include "bytes.h"
#include "hash.h"
#include "policy.h"
#include "policy_require.h"

/* ---- the mechanisms ---- */

static const char *check_kerberos(const struct policy_identity *identity,
                                  const struct policy_facts *facts)
{
    return identity->source == facts->source ? NULL : "another keytab";
}

static const char *check_ntlm(const struct policy_identity *identity,
                              const struct policy_facts *facts)
{
    return identity->source == facts->source ? NULL : "other users of NTLM";
}

static bool offers_by_default(const struct sspi_policy *policy, const struct policy_facts *facts,
                              enum sspi_digest_algorithm algorithm)
{
    if (policy->digest_providers.n > 0)
        return algorithm == SSPI_DIGEST_MD5;
    /* Windows' clients are offered MD5 if a binding is demanded (digest_offer.c). */
    if (policy->channel_binding == SSPI_BINDING_REQUIRE && hash_base(algorithm) == SSPI_DIGEST_MD5)
        return true;
    for (size_t i = 0; i < facts->n_default_algorithms; i++)
        if (facts->default_algorithms[i] == algorithm)
            return true;
    return false;
}

static bool offers_algorithm(const struct sspi_policy *policy, const struct policy_facts *facts,
                             const char *mechanism)
{
    enum sspi_digest_algorithm algorithm = hash_from_name(bytes_view(mechanism));
    if (algorithm == SSPI_DIGEST_NONE)
        return false;
    if (!sspi_policy_is_set(policy, SSPI_OPTION_DIGEST_ALGORITHM))
        return offers_by_default(policy, facts, algorithm);
    return policy->digest_algorithms.offers[algorithm];
}

static const char *check_digest(const struct sspi_policy *policy,
                                const struct policy_identity *identity,
                                const struct policy_facts *facts)
{
    bool has_provider = policy->digest_providers.n > 0;
    if (has_provider && !facts->same_hash)
        return "a user whom its own provider knows";
    if (!has_provider && (identity->source == NULL || identity->source != facts->source))
        return "another user file";
    if (identity->realm == NULL || !bytes_equal(bytes_view(identity->realm), facts->realm))
        return "another realm";
    if (!offers_algorithm(policy, facts, identity->mechanism))
        return "other Digest algorithms";
    if (!identity->integrity && !policy->digest_qop.offers[SSPI_QOP_AUTH])
        return "qop auth-int";
    if (policy_identity_is_ambiguous(identity, policy))
        return "a name that no other scheme can have";
    return NULL;
}

/* True if users of this Kerberos realm may log in by Basic. */
static bool allows_realm(const struct sspi_policy *policy, const struct policy_facts *facts,
                         struct sspi_view realm)
{
    for (size_t i = 0; i < policy->basic_realms.n; i++)
        if (bytes_equal(policy->basic_realms.words[i], realm))
            return true;
    return policy->basic_realms.n == 0 && facts->default_realm != NULL &&
           bytes_equal(bytes_view(facts->default_realm), realm);
}

/* A user who logged in by Basic with a line of Digest. */
static const char *check_line(const struct sspi_policy *policy,
                              const struct policy_identity *identity,
                              const struct policy_facts *facts)
{
    if (identity->source == NULL || identity->source != facts->source)
        return "another user file";
    if (identity->realm == NULL || !bytes_equal(bytes_view(identity->realm), facts->realm))
        return "another realm";
    return policy_identity_is_ambiguous(identity, policy) ? "a name that no other scheme can have"
                                                          : NULL;
}

static const char *check_basic(const struct sspi_policy *policy,
                               const struct policy_identity *identity,
                               const struct policy_facts *facts)
{
    if (policy_demands_channel(policy))
        return "a channel binding, which Basic does not prove";
    if (!policy_basic_has(policy, identity->mech))
        return "passwords that another source verifies";
    switch (identity->mech) {
    case SSPI_MECH_KERBEROS:
        return allows_realm(policy, facts, bytes_view(identity->realm))
                   ? check_kerberos(identity, facts)
                   : "another realm";
    case SSPI_MECH_NTLM:
        return check_ntlm(identity, facts);
    default:
        return check_line(policy, identity, facts);
    }
}

/* ---- logins of connections ---- */

bool policy_check_persistent(const struct sspi_policy *policy,
                             const struct policy_identity *identity)
{
    switch (policy->connection_auth) {
    case SSPI_CONNECTION_AUTH_OFF:
        break;
    case SSPI_CONNECTION_AUTH_NTLM:
        return identity->mech == SSPI_MECH_NTLM;
    case SSPI_CONNECTION_AUTH_ALL:
        /* Digest's client sends its credentials with every request. */
        return identity->mech != SSPI_MECH_NONE;
    }
    return false;
}

bool policy_check_is_too_old(const struct sspi_policy *policy, uint64_t login_age_ms)
{
    return login_age_ms >= policy->connection_lifetime_s * 1000;
}

static const char *check_login(const struct sspi_policy *policy,
                               const struct policy_identity *identity,
                               const struct policy_facts *facts)
{
    if (!facts->connection_is_direct)
        return "no proxy in between";
    if (!policy_check_persistent(policy, identity))
        return "credentials with each request";
    return policy_check_is_too_old(policy, facts->login_age_ms) ? "a newer login" : NULL;
}

/* ---- sessions ---- */

/* A cookie proves neither that the client uses this TLS channel, nor that the body of the request
 * is the client's. */
static const char *check_session(const struct sspi_policy *policy,
                                 const struct policy_identity *identity)
{
    if (!policy->session)
        return "credentials with each request";
    if (policy_demands_channel(policy))
        return "a channel binding, which a session does not prove";
    if (identity->scheme == SSPI_SCHEME_DIGEST && !policy->digest_qop.offers[SSPI_QOP_AUTH])
        return "qop auth-int";
    return NULL;
}

/* ---- the check ---- */

const char *policy_check_identity(const struct sspi_policy *policy,
                                  const struct policy_identity *identity,
                                  const struct policy_facts *facts)
{
    const char *why = facts->from_session ? check_session(policy, identity) : NULL;
    if (why != NULL)
        return why;
    if (!policy->schemes.offers[identity->scheme])
        return "another scheme";
    if (identity->scheme == SSPI_SCHEME_DIGEST)
        return check_digest(policy, identity, facts);
    if (identity->scheme == SSPI_SCHEME_BASIC)
        return facts->from_connection ? "credentials with each request"
                                      : check_basic(policy, identity, facts);
    if (!policy->mechanisms.offers[identity->mech])
        return "other mechanisms";
    why = facts->from_connection ? check_login(policy, identity, facts) : NULL;
    if (why != NULL)
        return why;
    switch (identity->mech) {
    case SSPI_MECH_KERBEROS:
        return check_kerberos(identity, facts);
    case SSPI_MECH_NTLM:
        return check_ntlm(identity, facts);
    }
    return "another mechanism";
}

/* ---- requirements ---- */

static const struct sspi_view channel_bound = {"channel-bound", 13};

/* The identity, its full name, and what the request knows. */
struct subject {
    const struct policy_identity *identity;
    struct sspi_view full_name;
    const struct policy_require_facts *facts;
};

static bool meets_user(const struct subject *subject, struct sspi_view word, void *compiled)
{
    const struct policy_require_facts *facts = subject->facts;
    if (!policy_require_is_pattern(word))
        return policy_identity_is(subject->identity, word);
    /* A name that could not be written (no memory) is absent. */
    return compiled != NULL && facts->matches != NULL && subject->full_name.data != NULL &&
           facts->matches(compiled, subject->full_name);
}

static enum policy_met met_if(bool met)
{
    return met ? POLICY_MET : POLICY_MISSED;
}

static enum policy_met meets_word(const struct subject *subject, const struct sspi_words *line,
                                  size_t i)
{
    const struct policy_require_facts *facts = subject->facts;
    struct sspi_view word = line->words[i];
    if (policy_require_line_is(line, SSPI_VIEW("user")))
        return met_if(meets_user(subject, word, line->compiled != NULL ? line->compiled[i] : NULL));
    if (policy_require_line_is(line, SSPI_VIEW("realm")))
        return met_if(policy_identity_realm_is(subject->identity, word));
    if (policy_require_line_is(line, SSPI_VIEW("group")) && facts->in_group != NULL)
        return facts->in_group(facts->self, word);
    return POLICY_MISSED;
}

/* A line of names is met by one of them. */
static enum policy_met meets_line(const struct subject *subject, const struct sspi_words *line)
{
    enum policy_met met = POLICY_MISSED;
    if (policy_require_line_is(line, channel_bound))
        return met_if(subject->facts->is_bound);
    for (size_t i = 1; i < line->n; i++) {
        enum policy_met word = meets_word(subject, line, i);
        if (word == POLICY_MET)
            return word;
        if (word == POLICY_UNKNOWN)
            met = word;
    }
    return met;
}

static enum policy_met check_lines(const struct subject *subject, const struct sspi_words *lines,
                                   struct sspi_words *ret_line)
{
    struct policy_require_at at = {.all = lines};
    enum policy_met all = POLICY_MET;
    while (policy_require_next(&at)) {
        enum policy_met met = meets_line(subject, &at.line);
        if (met == POLICY_MET)
            continue;
        *ret_line = at.line;
        all = met;
        if (met == POLICY_MISSED)
            break;
    }
    return all;
}

enum policy_met policy_check_require(const struct sspi_policy *policy,
                                     const struct policy_identity *identity,
                                     const struct policy_require_facts *facts,
                                     struct sspi_words *ret_line)
{
    struct bytes buffer BYTES_CLEANUP = {0};
    struct subject subject = {.identity = identity, .facts = facts};
    /* The line of an outer scope may demand a bound channel. */
    if (policy->requires_channel_bound && !facts->is_bound) {
        *ret_line = (struct sspi_words){&channel_bound, 1, NULL};
        return POLICY_MISSED;
    }
    if (policy->require.compiled != NULL)
        subject.full_name = policy_identity_write_name(identity, &buffer);
    return check_lines(&subject, &policy->require, ret_line);
}
