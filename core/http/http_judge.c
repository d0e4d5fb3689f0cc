/* SPDX-License-Identifier: Apache-2.0 */
#include "http_judge.h"

#include <string.h>

#include "http_bindings.h"
#include "http_login.h"
#include "http_options.h"
#include "http_schemes.h"
#include "kerberos_keytab.h"
#include "ntlm_winbind.h"
#include "store_nt_users.h"

#define DIGEST_PREFIX "digest:"

static uint8_t types_of(const struct sspi_policy *policy)
{
    uint8_t types = 0;
    for (const uint8_t *at = http_options_list(policy, SSPI_OPTION_CHANNEL_BINDING_TYPE); *at != 0;
         at++)
        types |= (uint8_t)(1 << *at);
    return types;
}

static const struct http_resource *front_ends_of(const struct sspi_exchange *exchange,
                                                 const struct sspi_policy *policy)
{
    return http_options_is_set(policy, SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE)
               ? http_resource_find(exchange->acceptor->resources, policy,
                                    SSPI_OPTION_CHANNEL_BINDING_CERTIFICATE)
               : NULL;
}

void http_judge_note_channel(struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    exchange->proof.binding_types = types_of(policy);
    exchange->proof.front_ends = front_ends_of(exchange, policy);
}

/* TLS ends in front of us, at a certificate that is not known. */
static bool is_bound_before(const struct http_proof *proof, uint64_t wanted)
{
    switch (proof->bound) {
    case SSPI_BOUND_PROXY:
    case SSPI_BOUND_MATCHED:
        return true;
    case SSPI_BOUND_ABSENT:
        return wanted == HTTP_BINDING_ALLOW;
    case SSPI_BOUND_NONE:
    case SSPI_BOUND_UNCHECKED:
        break;
    }
    return false;
}

/* The client was compared with just what this policy compares with. */
static bool is_matched(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const struct http_proof *proof = &exchange->proof;
    return proof->bound == SSPI_BOUND_MATCHED && proof->binding_types == types_of(policy) &&
           proof->front_ends == front_ends_of(exchange, policy);
}

/* True when nothing could have been compared: `allow` lets that pass. */
static bool has_no_channel(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    return exchange->bindings_unknown ||
           (!exchange->request.tls && !http_bindings_may_end_before(policy));
}

bool http_judge_bound(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    uint64_t wanted = sspi_policy_number(policy, SSPI_OPTION_CHANNEL_BINDING);
    if (wanted == HTTP_BINDING_NONE || http_options_protects(policy, HTTP_PROTECTION_COHOSTING))
        return true;
    if (http_options_protects(policy, HTTP_PROTECTION_PROXY))
        return is_bound_before(&exchange->proof, wanted);
    if (is_matched(exchange, policy))
        return true;
    return wanted == HTTP_BINDING_ALLOW &&
           (exchange->proof.bound == SSPI_BOUND_ABSENT ||
            (exchange->proof.bound == SSPI_BOUND_UNCHECKED && has_no_channel(exchange, policy)));
}

/* "HTTP/host", as a client tells it, without a dot in its host. */
static bool is_dotless(struct sspi_view target)
{
    const char *slash = target.len == 0 ? NULL : memchr(target.data, '/', target.len);
    if (slash == NULL)
        return true;
    size_t host_len = target.len - (size_t)(slash + 1 - target.data);
    return host_len == 0 || memchr(slash + 1, '.', host_len) == NULL;
}

/* True when the name itself is listed, and not just its service. */
static bool is_listed(struct sspi_view target, const struct sspi_view *services, size_t n_services)
{
    for (size_t i = 0; i < n_services; i++)
        if (services[i].data[services[i].len - 1] != '/' &&
            !bytes_equal(services[i], SSPI_VIEW("*")) &&
            kerberos_service_named(target, &services[i], 1))
            return true;
    return false;
}

bool http_judge_reaches(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    size_t n_services;
    const struct sspi_view *services = http_options_services(policy, &n_services);
    uint64_t binding = sspi_policy_number(policy, SSPI_OPTION_CHANNEL_BINDING);
    struct sspi_view name = bytes_view(exchange->proof.target);
    if (binding == HTTP_BINDING_NONE || http_options_protects(policy, HTTP_PROTECTION_ANY_NAME))
        return true;
    /* As .NET has it: who names none gets by where it need not be bound. Where it must be, its
     * channel says enough if that was compared; behind a front end that nobody knows the name is
     * all there is. */
    if (name.len == 0)
        return binding == HTTP_BINDING_ALLOW || exchange->proof.bound == SSPI_BOUND_MATCHED;
    /* Where names matter at all. The machine itself is always right, as in .NET. */
    if (http_options_is_set(policy, SSPI_OPTION_SERVICE_NAME) && is_dotless(name) &&
        !http_options_protects(policy, HTTP_PROTECTION_DOTLESS) &&
        !bytes_equal_nocase(name, SSPI_VIEW("HTTP/localhost")))
        return is_listed(name, services, n_services);
    return kerberos_service_named(name, services, n_services);
}

static bool kerberos_covers(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                            const char **ret_why)
{
    const struct http_proof *proof = &exchange->proof;
    size_t n_services;
    const struct sspi_view *services = http_options_services(policy, &n_services);
    if (proof->resource !=
        http_resource_find(exchange->acceptor->resources, policy, SSPI_OPTION_KEYTAB)) {
        *ret_why = "another keytab";
        return false;
    }
    if (proof->target == NULL ||
        !kerberos_service_accepted(bytes_view(proof->target), services, n_services)) {
        *ret_why = "other service names";
        return false;
    }
    if (!http_judge_bound(exchange, policy)) {
        *ret_why = "channel binding";
        return false;
    }
    return true;
}

static bool ntlm_covers(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                        const char **ret_why)
{
    const struct http_proof *proof = &exchange->proof;
    if (proof->resource !=
        http_resource_find(exchange->acceptor->resources, policy, SSPI_OPTION_NTLM_USER_FILE)) {
        *ret_why = "other users of NTLM";
        return false;
    }
    if (!http_judge_reaches(exchange, policy)) {
        *ret_why = "other service names";
        return false;
    }
    if (!http_judge_bound(exchange, policy)) {
        *ret_why = "channel binding";
        return false;
    }
    return true;
}

/* Each place may look its users up elsewhere: what it found must be what the proof was made with.
 */
static bool same_hash(const struct sspi_exchange *exchange)
{
    const struct http_lookup *lookup = &exchange->lookup;
    const struct sspi_view proven = {(const char *)lookup->proven, sizeof(lookup->proven)};
    const struct sspi_view found = {(const char *)lookup->hash_a1, sizeof(lookup->hash_a1)};
    return lookup->has_proven && lookup->state == HTTP_LOOKUP_FOUND &&
           bytes_equal_secret(proven, found);
}

static bool digest_covers(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                          const char **ret_why)
{
    const struct http_proof *proof = &exchange->proof;
    if (http_options_has_provider(policy)) {
        if (!same_hash(exchange)) {
            *ret_why = "a user whom its own provider knows";
            return false;
        }
    } else if (proof->resource == NULL ||
               proof->resource != http_resource_find(exchange->acceptor->resources, policy,
                                                     SSPI_OPTION_DIGEST_USER_FILE)) {
        *ret_why = "another user file";
        return false;
    }
    if (proof->realm == NULL || !bytes_equal(bytes_view(proof->realm), exchange->realm)) {
        *ret_why = "another realm";
        return false;
    }
    if (!http_digest_takes(exchange, policy, proof->mechanism)) {
        *ret_why = "other Digest algorithms";
        return false;
    }
    if (!proof->integrity && !http_options_takes_qop(policy, HTTP_QOP_AUTH)) {
        *ret_why = "qop auth-int";
        return false;
    }
    if (http_digest_is_ambiguous(exchange, policy)) {
        *ret_why = "a name that no other scheme can have";
        return false;
    }
    if (!http_judge_reaches(exchange, policy)) {
        *ret_why = "other service names";
        return false;
    }
    if (!http_judge_bound(exchange, policy)) {
        *ret_why = "channel binding";
        return false;
    }
    return true;
}

bool http_judge_covers(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                       const char **ret_why)
{
    if (!http_options_lists(policy, exchange->proof.package)) {
        *ret_why = "other packages";
        return false;
    }
    if (exchange->proof.package == HTTP_PACKAGE_DIGEST)
        return digest_covers(exchange, policy, ret_why);
    if (!http_options_runs(policy, exchange->proof.runs)) {
        *ret_why = "other mechanisms";
        return false;
    }
    if (exchange->kept && !http_login_may_stay(policy, &exchange->proof)) {
        *ret_why = "credentials with each request";
        return false;
    }
    switch (exchange->proof.runs) {
    case HTTP_MECHANISM_KERBEROS:
        return kerberos_covers(exchange, policy, ret_why);
    case HTTP_MECHANISM_NTLM:
        return ntlm_covers(exchange, policy, ret_why);
    }
    *ret_why = "a known mechanism";
    return false;
}

bool http_judge_user_is(const struct http_proof *proof, struct sspi_view name)
{
    struct sspi_view own = bytes_view(proof->name);
    if (proof->runs == HTTP_MECHANISM_NTLM)
        return bytes_equal_nocase(own, name);
    if (proof->package != HTTP_PACKAGE_DIGEST)
        return bytes_equal(own, name);
    const size_t prefix_len = sizeof(DIGEST_PREFIX) - 1;
    return name.len == own.len + prefix_len && memcmp(name.data, DIGEST_PREFIX, prefix_len) == 0 &&
           memcmp(name.data + prefix_len, own.data, own.len) == 0;
}

/* One line without its end: `user` and names, or `channel-bound`, which the caller judges. */
static bool meets(const struct sspi_exchange *exchange, const struct sspi_view *words,
                  size_t n_words)
{
    if (n_words == 1)
        return true;
    for (size_t i = 1; i < n_words; i++)
        if (http_judge_user_is(&exchange->proof, words[i]))
            return true;
    return false;
}

bool http_judge_allows(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    size_t n_words, start = 0;
    const struct sspi_view *words = http_options_words(policy, SSPI_OPTION_REQUIRE, &n_words);
    if (http_options_requires_bound(policy) && exchange->proof.bound != SSPI_BOUND_MATCHED)
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

/* alice@DEFAULT.REALM becomes alice; names of other realms are kept whole. */
static char *short_principal(const struct sspi_exchange *exchange)
{
    const char *name = exchange->proof.name, *realm = exchange->acceptor->default_realm;
    const char *at = strrchr(name, '@');
    if (realm == NULL || at == NULL || strcmp(at + 1, realm) != 0)
        return strdup(name);
    return strndup(name, (size_t)(at - name));
}

/* True when the user is of the domain of winbind, or of the user file's own. */
static bool is_of_own_domain(const struct http_proof *proof)
{
    char file_domain[STORE_USERS_NAME_LIMIT + 1];
    struct ntlm_winbind_names names;
    const char *own = NULL;
    if (proof->resource->users != NULL &&
        store_nt_users_domain(proof->resource->users, file_domain))
        own = file_domain;
    else if (proof->resource->winbind != NULL &&
             ntlm_winbind_names(proof->resource->winbind, &names))
        own = names.nb_domain;
    return own != NULL && bytes_equal_nocase(bytes_view(proof->realm), bytes_view(own));
}

/* DOMAIN\alice becomes alice where the domain is our own; others are kept whole where `local` does
 * not want an account of this machine. */
static char *short_account(const struct http_proof *proof, bool local)
{
    const char *behind = strchr(proof->name, '\\');
    if (behind != NULL && is_of_own_domain(proof))
        return strdup(behind + 1);
    return local ? NULL : strdup(proof->name);
}

char *http_judge_user_name(const struct sspi_exchange *exchange, const struct sspi_policy *policy)
{
    const struct http_proof *proof = &exchange->proof;
    bool ntlm = proof->runs == HTTP_MECHANISM_NTLM;
    if (proof->package == HTTP_PACKAGE_DIGEST)
        return strdup(proof->name);
    switch (sspi_policy_number(policy, SSPI_OPTION_USER_NAME)) {
    case HTTP_NAME_FULL:
        return strdup(proof->name);
    case HTTP_NAME_SHORT:
        return ntlm ? short_account(proof, false) : short_principal(exchange);
    case HTTP_NAME_LOCAL:
        return ntlm ? short_account(proof, true) : kerberos_local_name(proof->name);
    }
    return NULL;
}
