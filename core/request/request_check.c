/* SPDX-License-Identifier: Apache-2.0 */
#include "request_check.h"

#include <string.h>

#include "request_bindings.h"
#include "request_login.h"
#include "policy.h"
#include "request_digest.h"
#include "kerberos_keytab.h"

#define DIGEST_PREFIX "digest:"

/* Checks channel and service of a login that was verified under another policy. */
static bool binding_covers(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           const char **ret_why)
{
    struct sspi_error_info error_info;
    SECURITY_STATUS status = request_bindings_check(exchange, policy, &error_info);
    if (status == SEC_E_OK)
        return true;
    *ret_why = status == SEC_E_WRONG_PRINCIPAL ? "other service names" : "channel binding";
    return false;
}

static bool kerberos_covers(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                            const char **ret_why)
{
    if (exchange->identity.source !=
        acceptor_source_find(exchange->acceptor->sources, policy, SSPI_OPTION_KEYTAB)) {
        *ret_why = "another keytab";
        return false;
    }
    return binding_covers(exchange, policy, ret_why);
}

static bool ntlm_covers(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        const char **ret_why)
{
    if (exchange->identity.source !=
        acceptor_source_find(exchange->acceptor->sources, policy, SSPI_OPTION_NTLM_USER_FILE)) {
        *ret_why = "other users of NTLM";
        return false;
    }
    return binding_covers(exchange, policy, ret_why);
}

/* Each place may look its users up elsewhere: what it found must be what the proof was made with.
 */
static bool same_hash(const struct sspi_exchange *exchange)
{
    const struct request_lookup *lookup = &exchange->lookup;
    const struct sspi_view proven = {(const char *)lookup->proven, sizeof(lookup->proven)};
    const struct sspi_view found = {(const char *)lookup->hash_a1, sizeof(lookup->hash_a1)};
    return lookup->has_proven && lookup->state == REQUEST_LOOKUP_FOUND &&
           bytes_equal_secret(proven, found);
}

static bool digest_covers(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                          const char **ret_why)
{
    const struct acceptor_identity *identity = &exchange->identity;
    if (policy->digest_providers.n > 0) {
        if (!same_hash(exchange)) {
            *ret_why = "a user whom its own provider knows";
            return false;
        }
    } else if (identity->source == NULL ||
               identity->source != acceptor_source_find(exchange->acceptor->sources, policy,
                                                        SSPI_OPTION_DIGEST_USER_FILE)) {
        *ret_why = "another user file";
        return false;
    }
    if (identity->realm == NULL || !bytes_equal(bytes_view(identity->realm), exchange->realm)) {
        *ret_why = "another realm";
        return false;
    }
    if (!request_digest_takes(exchange, policy, identity->mechanism)) {
        *ret_why = "other Digest algorithms";
        return false;
    }
    if (!identity->integrity && !policy->digest_qop.offers[SSPI_QOP_AUTH]) {
        *ret_why = "qop auth-int";
        return false;
    }
    if (request_digest_is_ambiguous(exchange, policy)) {
        *ret_why = "a name that no other scheme can have";
        return false;
    }
    return binding_covers(exchange, policy, ret_why);
}

bool request_check_accepts(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           const char **ret_why)
{
    if (!policy->schemes.offers[exchange->identity.package]) {
        *ret_why = "other packages";
        return false;
    }
    if (exchange->identity.package == SSPI_SCHEME_DIGEST)
        return digest_covers(exchange, policy, ret_why);
    if (!policy->mechanisms.offers[exchange->identity.runs]) {
        *ret_why = "other mechanisms";
        return false;
    }
    if (exchange->from_connection && !request_login_has_connection(exchange, policy)) {
        *ret_why = "no proxy in between";
        return false;
    }
    if (exchange->from_connection && !request_login_may_stay(policy, &exchange->identity)) {
        *ret_why = "credentials with each request";
        return false;
    }
    if (exchange->from_connection && request_login_is_too_old(exchange, policy)) {
        *ret_why = "a login that is not so old";
        return false;
    }
    switch (exchange->identity.runs) {
    case SSPI_MECH_KERBEROS:
        return kerberos_covers(exchange, policy, ret_why);
    case SSPI_MECH_NTLM:
        return ntlm_covers(exchange, policy, ret_why);
    }
    *ret_why = "a known mechanism";
    return false;
}

bool request_check_user_is(const struct acceptor_identity *identity, struct sspi_view name)
{
    struct sspi_view own = bytes_view(identity->name);
    if (identity->runs == SSPI_MECH_NTLM)
        return bytes_equal_nocase(own, name);
    if (identity->package != SSPI_SCHEME_DIGEST)
        return bytes_equal(own, name);
    const size_t prefix_len = sizeof(DIGEST_PREFIX) - 1;
    return name.len == own.len + prefix_len && memcmp(name.data, DIGEST_PREFIX, prefix_len) == 0 &&
           memcmp(name.data + prefix_len, own.data, own.len) == 0;
}

/* One line without its end: `user` and names, or `channel-bound`, which the caller checks. */
static bool meets(const struct sspi_exchange *exchange, const struct sspi_view *words,
                  size_t n_words)
{
    if (n_words == 1)
        return true;
    for (size_t i = 1; i < n_words; i++)
        if (request_check_user_is(&exchange->identity, words[i]))
            return true;
    return false;
}

bool request_check_require(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const struct sspi_view *words = policy->require.words;
    size_t n_words = policy->require.n, start = 0;
    if (policy->requires_channel_bound && exchange->bound != PACKAGE_BOUND_MATCHED)
        return false;
    /* An absent view stands behind each line. */
    for (size_t i = 0; i < n_words; i++) {
        if (words[i].data != NULL)
            continue;
        if (!meets(exchange, words + start, i - start))
            return false;
        start = i + 1;
    }
    return true;
}
