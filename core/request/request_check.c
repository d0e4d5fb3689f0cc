/* SPDX-License-Identifier: Apache-2.0 */
#include "request_check.h"

#include "escape.h"
#include "policy_check.h"
#include "request_bindings.h"
#include "request_login.h"
#include "request_membership.h"
#include "store_users.h"

/* Each location may look its users up elsewhere. The hash that was found there must be the one that
 * verified the user. */
static bool is_same_hash(const struct request_lookup *lookup)
{
    const struct sspi_view verified = {(const char *)lookup->verified_hash,
                                       sizeof(lookup->verified_hash)};
    const struct sspi_view found = {(const char *)lookup->hash_a1, sizeof(lookup->hash_a1)};
    return lookup->has_verified_hash && lookup->state == REQUEST_LOOKUP_FOUND &&
           bytes_equal_secret(verified, found);
}

const struct acceptor_source *request_check_source(const struct sspi_exchange *exchange,
                                                   const struct sspi_policy *policy, uint8_t mech)
{
    enum sspi_option option = SSPI_OPTION_DIGEST_USER_FILE;
    if (mech == SSPI_MECH_KERBEROS)
        option = SSPI_OPTION_KEYTAB;
    if (mech == SSPI_MECH_NTLM)
        option = SSPI_OPTION_NTLM_USER_FILE;
    return acceptor_source_find(exchange->acceptor->sources, policy, option);
}

/* Checks channel and service of a login that was verified under another policy. A password proves
 * neither, and policy_check_identity() has checked that the location demands no channel. */
static bool accepts_binding(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                            const char **ret_why)
{
    if (exchange->identity.scheme == SSPI_SCHEME_BASIC) {
        exchange->bound = PACKAGE_BOUND_UNCHECKED;
        return true;
    }
    struct sspi_error_info error_info;
    SECURITY_STATUS status = request_bindings_check(exchange, policy, &error_info);
    if (status == SEC_E_OK)
        return true;
    *ret_why = status == SEC_E_WRONG_PRINCIPAL ? "other service names" : "channel binding";
    return false;
}

bool request_check_accepts(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                           const char **ret_why)
{
    const struct policy_identity *identity = &exchange->identity;
    const struct acceptor_source *source = request_check_source(exchange, policy, identity->mech);
    enum sspi_digest_algorithm defaults[2];
    struct policy_facts facts = {
        .source = source,
        .realm = exchange->realm,
        .default_realm = exchange->acceptor->default_realm,
        .same_hash = is_same_hash(&exchange->lookup),
        .default_algorithms = defaults,
        .from_connection = exchange->from_connection,
        .from_session = exchange->from_session,
    };
    if (identity->scheme == SSPI_SCHEME_DIGEST && source != NULL &&
        !sspi_policy_is_set(policy, SSPI_OPTION_DIGEST_ALGORITHM))
        facts.n_default_algorithms =
            store_users_algorithms(source->users, exchange->realm, defaults);
    if (exchange->from_connection) {
        facts.connection_is_direct = request_login_has_connection(exchange, policy);
        facts.login_age_ms = request_login_age_ms(exchange);
    }
    *ret_why = policy_check_identity(policy, identity, &facts);
    return *ret_why == NULL && accepts_binding(exchange, policy, ret_why);
}

/* ---- requirements ---- */

/* Writes the words of a line of the configuration, escaped. */
static const char *show_line(char out[ESCAPE_NAME_SIZE], const struct sspi_words *line)
{
    struct bytes text BYTES_CLEANUP = {0};
    for (size_t i = 0; i < line->n; i++) {
        if (i > 0)
            bytes_append_char(&text, ' ');
        bytes_append_view(&text, line->words[i]);
    }
    return escape_text(out, ESCAPE_NAME_SIZE, bytes_as_view(&text));
}

static enum sspi_reason refuse_line(struct sspi_exchange *exchange, enum policy_met met,
                                    const struct sspi_words *line)
{
    char name[ESCAPE_NAME_SIZE], words[ESCAPE_NAME_SIZE];
    bool unknown = met == POLICY_UNKNOWN;
    return request_exchange_log(
        exchange, unknown ? SSPI_REASON_SESSION_INCOMPLETE : SSPI_REASON_NOT_AUTHORIZED, SEC_E_OK,
        unknown ? "%s%s may meet the requirement \"%s\", but the cookie of the session had no room "
                  "for all groups: the client is asked for credentials"
                : "%s%s does not meet the requirement \"%s\" of this location",
        policy_identity_prefix(exchange->identity.scheme, exchange->identity.mech),
        escape_text(name, sizeof(name), bytes_view(exchange->identity.name)),
        show_line(words, line));
}

/* The exchange, and the policy that it is checked against. */
struct check {
    const struct sspi_exchange *exchange;
    const struct sspi_policy *policy;
};

static enum policy_met in_group(void *check_, struct sspi_view group)
{
    const struct check *check = check_;
    return request_membership_has(check->exchange, check->policy, group);
}

enum sspi_reason request_check_require(struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy)
{
    struct check check = {exchange, policy};
    const struct policy_require_facts facts = {
        .is_bound = exchange->bound == PACKAGE_BOUND_MATCHED,
        .matches = exchange->acceptor->config.matches,
        .in_group = in_group,
        .self = &check,
    };
    struct sspi_words line;
    enum policy_met met = policy_check_require(policy, &exchange->identity, &facts, &line);
    return met == POLICY_MET ? SSPI_REASON_NONE : refuse_line(exchange, met, &line);
}
