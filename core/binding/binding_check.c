/* SPDX-License-Identifier: Apache-2.0 */
#include "binding_check.h"

#include <string.h>

#include "error_info.h"
#include "escape.h"
#include "service_name.h"

#define SUITE_CLEANUP __attribute__((cleanup(hash_suite_clear)))

/* ---- rules ---- */

/* Reads the flags and buffers of a Windows caller. */
static struct binding_rules rules_of_buffers(const struct package_input *in)
{
    struct binding_rules rules = {.bindings = in->bindings, .n_bindings = in->n_bindings};
    bool proxy = (in->requirements & ASC_REQ_PROXY_BINDINGS) != 0;
    bool missing = (in->requirements & ASC_REQ_ALLOW_MISSING_BINDINGS) != 0;

    /* Without a binding, only PROXY has a meaning, because 0x10000000 is then ASC_REQ_HTTP. With a
     * binding, the client's binding must match, even with PROXY: if the two flags contradict each
     * other, the stricter one applies. */
    if (proxy || (in->n_bindings > 0 && !missing))
        rules.mode = BINDING_MODE_REQUIRE;
    else if (in->n_bindings > 0)
        rules.mode = BINDING_MODE_ALLOW;
    if (proxy && in->n_bindings == 0)
        rules.end = BINDING_END_UNKNOWN;
    return rules;
}

struct binding_rules binding_rules_of(const struct package_input *in)
{
    return in->rules != NULL ? *in->rules : rules_of_buffers(in);
}

/* ---- channel ---- */

static enum binding_answer check_named(const struct binding_rules *rules,
                                       enum binding_comparison comparison,
                                       enum package_bound *ret_bound)
{
    *ret_bound = rules->end == BINDING_END_UNKNOWN ? PACKAGE_BOUND_PROXY : PACKAGE_BOUND_MATCHED;
    if (rules->end == BINDING_END_UNKNOWN || comparison == BINDING_EQUAL)
        return BINDING_ACCEPTED;
    return comparison == BINDING_DIFFERENT ? BINDING_OTHER_CHANNEL : BINDING_NOT_COMPARABLE;
}

/* ALLOW accepts a client that does not know channel bindings. It refuses a client that says "no
 * TLS" on a TLS connection. A relay that terminates the client's TLS causes exactly this. */
enum binding_answer binding_check_channel(const struct binding_rules *rules,
                                          enum package_client_binding client,
                                          enum binding_comparison comparison,
                                          enum package_bound *ret_bound)
{
    bool allowed = rules->mode == BINDING_MODE_ALLOW;

    *ret_bound = PACKAGE_BOUND_UNCHECKED;
    if (rules->mode == BINDING_MODE_NONE || rules->end == BINDING_END_MIXED)
        return BINDING_ACCEPTED;
    switch (client) {
    case PACKAGE_CLIENT_BINDING_ABSENT:
        *ret_bound = PACKAGE_BOUND_ABSENT;
        return allowed ? BINDING_ACCEPTED : BINDING_CLIENT_ABSENT;
    case PACKAGE_CLIENT_BINDING_NO_TLS:
        *ret_bound = PACKAGE_BOUND_NO_TLS;
        return allowed && rules->plain && rules->end == BINDING_END_KNOWN ? BINDING_ACCEPTED
                                                                          : BINDING_CLIENT_NO_TLS;
    case PACKAGE_CLIENT_BINDING_PRESENT:
        return check_named(rules, comparison, ret_bound);
    case PACKAGE_CLIENT_BINDING_UNKNOWN:
        break;
    }
    return BINDING_NOT_READ;
}

/* ---- service ---- */

/* As in .NET's HttpListener, a client that names no service is accepted when channel binding is
 * optional. When it is required, a compared channel is enough. Behind a front end whose certificate
 * is not known, only the name can be checked. HTTP/localhost needs no dot. */
static enum binding_answer check_client_name(const struct binding_rules *rules,
                                             struct sspi_view name, enum package_bound bound)
{
    if (name.len == 0)
        return rules->mode == BINDING_MODE_ALLOW || bound == PACKAGE_BOUND_MATCHED
                   ? BINDING_ACCEPTED
                   : BINDING_NO_SERVICE;
    bool accepted = rules->refuses_dotless && service_name_is_dotless(name) &&
                            !bytes_equal_nocase(name, SSPI_VIEW("HTTP/localhost"))
                        ? service_name_is_listed(name, rules->services, rules->n_services)
                        : service_name_accepts(name, rules->services, rules->n_services);
    return accepted ? BINDING_ACCEPTED : BINDING_OTHER_SERVICE;
}

enum binding_answer binding_check_service(const struct binding_rules *rules,
                                          const struct binding_facts *facts,
                                          enum package_bound bound)
{
    /* Every policy checks the service that the server's key proves: a login for another service of
     * this machine is not valid here. */
    if (facts->service_proven)
        return service_name_accepts_principal(facts->service, rules->services, rules->n_services)
                   ? BINDING_ACCEPTED
                   : BINDING_OTHER_SERVICE;
    if (!rules->checks_client_names)
        return BINDING_ACCEPTED;
    return check_client_name(rules, facts->service, bound);
}

/* ---- comparison ---- */

struct package_client_channel
binding_channel_from_hash(const uint8_t hash[PACKAGE_CHANNEL_HASH_LEN])
{
    static const uint8_t no_channel[PACKAGE_CHANNEL_HASH_LEN];
    struct package_client_channel channel = {.client = PACKAGE_CLIENT_BINDING_PRESENT};

    if (memcmp(hash, no_channel, sizeof(no_channel)) == 0)
        channel.client = PACKAGE_CLIENT_BINDING_NO_TLS;
    memcpy(channel.hash, hash, sizeof(channel.hash));
    return channel;
}

static void update_number(struct hash_run *run, uint32_t number)
{
    const uint8_t octets[] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16),
                              (uint8_t)(number >> 24)};

    hash_update(run, octets, sizeof(octets));
}

static void update_counted(struct hash_run *run, struct sspi_view what)
{
    update_number(run, (uint32_t)what.len); /* fits, because it came with a 32-bit length */
    hash_update_view(run, what);
}

/* RFC 4121 4.1.1.2: the Bnd field, with the lengths and types of RFC 2744's structure. */
static bool hash_binding(struct hash_run *run, const struct package_channel_binding *binding,
                         uint8_t ret_digest[HASH_MAX])
{
    hash_begin(run, SSPI_DIGEST_MD5);
    update_number(run, binding->initiator_type);
    update_counted(run, binding->initiator);
    update_number(run, binding->acceptor_type);
    update_counted(run, binding->acceptor);
    update_counted(run, binding->application);
    return hash_end(run, ret_digest);
}

bool binding_channel_hash(const struct package_channel_binding *binding,
                          const struct hash_suite *hashes,
                          uint8_t ret_hash[PACKAGE_CHANNEL_HASH_LEN])
{
    HASH_RUN_CLEANUP struct hash_run run = {0};
    uint8_t digest[HASH_MAX];

    if (!hash_run_init(&run, hashes) || !hash_binding(&run, binding, digest))
        return false;
    memcpy(ret_hash, digest, PACKAGE_CHANNEL_HASH_LEN);
    return true;
}

/* Compares with every candidate, so the time does not depend on which one matches. False: OpenSSL
 * failed. */
static bool compare(const struct binding_rules *rules,
                    const uint8_t channel[PACKAGE_CHANNEL_HASH_LEN],
                    const struct hash_suite *hashes, enum binding_comparison *ret_comparison)
{
    HASH_RUN_CLEANUP struct hash_run run = {0};
    uint8_t digest[HASH_MAX];
    bool equal = false;

    if (!hash_run_init(&run, hashes))
        return false;
    for (size_t i = 0; i < rules->n_bindings; i++) {
        if (!hash_binding(&run, &rules->bindings[i], digest))
            return false;
        bool same =
            bytes_equal_secret((struct sspi_view){(const char *)digest, PACKAGE_CHANNEL_HASH_LEN},
                               (struct sspi_view){(const char *)channel, PACKAGE_CHANNEL_HASH_LEN});
        equal = equal || same;
    }
    *ret_comparison = equal ? BINDING_EQUAL : BINDING_DIFFERENT;
    return true;
}

/* Computes no hash unless the client named a channel, because most clients name none. */
static bool compare_facts(const struct binding_rules *rules, const struct binding_facts *facts,
                          const struct hash_suite *hashes, enum binding_comparison *ret_comparison)
{
    SUITE_CLEANUP struct hash_suite fetched = {0};

    *ret_comparison = BINDING_NO_CANDIDATE;
    if (facts->channel.client != PACKAGE_CLIENT_BINDING_PRESENT || rules->n_bindings == 0 ||
        rules->mode == BINDING_MODE_NONE || rules->end != BINDING_END_KNOWN)
        return true;
    if (hashes == NULL && !hash_suite_init(&fetched))
        return false;
    return compare(rules, facts->channel.hash, hashes != NULL ? hashes : &fetched, ret_comparison);
}

/* ---- error texts ---- */

SECURITY_STATUS binding_check_no_md5(struct sspi_error_info *error_info)
{
    return error_info_refuse(
        error_info, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
        "OpenSSL could not compute MD5, which channel bindings need; a policy of "
        "this machine may forbid MD5 (FIPS)");
}

SECURITY_STATUS binding_check_refuse_service(const struct binding_rules *rules,
                                             const struct binding_facts *facts,
                                             struct sspi_error_info *error_info)
{
    BYTES_CLEANUP struct bytes accepted = {0};
    char shown[ESCAPE_NAME_SIZE];
    bool dotless =
        !facts->service_proven && rules->refuses_dotless && service_name_is_dotless(facts->service);

    service_name_describe(rules->services, rules->n_services, &accepted);
    return error_info_refuse(
        error_info, SEC_E_WRONG_PRINCIPAL, SSPI_REASON_WRONG_SERVICE,
        "%s %s%s, but the accepted services are %.*s",
        facts->service_proven ? "the ticket is for" : "the client logs in to the service",
        escape_text(shown, sizeof(shown), facts->service),
        dotless ? " (a name without a dot must be listed itself, unless allow-dotless-spn is set)"
                : "",
        (int)bytes_as_view(&accepted).len, bytes_as_view(&accepted).data);
}

static SECURITY_STATUS refuse(enum binding_answer answer, const struct binding_rules *rules,
                              const struct binding_facts *facts, struct sspi_error_info *error_info)
{
    switch (answer) {
    case BINDING_CLIENT_ABSENT:
        return error_info_refuse(error_info, SEC_E_BAD_BINDINGS, SSPI_REASON_MISSING_BINDING,
                                 "the client sent no channel binding, and one is required; use a "
                                 "client that supports Extended Protection");
    case BINDING_CLIENT_NO_TLS:
        return error_info_refuse(
            error_info, SEC_E_BAD_BINDINGS, SSPI_REASON_MISSING_BINDING,
            "the client says that it uses no TLS; a front end forwards plain HTTP "
            "through TLS, or an attacker relays the login");
    case BINDING_OTHER_CHANNEL:
        return error_info_refuse(error_info, SEC_E_BAD_BINDINGS, SSPI_REASON_BAD_BINDING,
                                 "the channel binding differs: the client's TLS connection ends at "
                                 "another certificate. Configure the certificate of the TLS front "
                                 "end. Without a front end, an attacker relays the login");
    case BINDING_NOT_COMPARABLE:
        return error_info_refuse(
            error_info, SEC_E_BAD_BINDINGS, SSPI_REASON_BAD_BINDING,
            "the client names a TLS channel, but this connection has no channel to compare%s. "
            "Without a TLS front end, an attacker relays the login",
            rules->plain
                ? ", because it is not TLS: configure the TLS front end, or its certificate"
                : " of an accepted type");
    case BINDING_OTHER_SERVICE:
        return binding_check_refuse_service(rules, facts, error_info);
    case BINDING_NO_SERVICE:
        return error_info_refuse(error_info, SEC_E_WRONG_PRINCIPAL, SSPI_REASON_WRONG_SERVICE,
                                 "the client names no service, and no channel is compared");
    case BINDING_ACCEPTED:
    case BINDING_NOT_READ:
        break;
    }
    return error_info_refuse(
        error_info, SEC_E_BAD_BINDINGS, SSPI_REASON_BAD_BINDING,
        "no channel was compared when the client logged in, but a comparison is required now");
}

SECURITY_STATUS binding_check(const struct binding_rules *rules, const struct binding_facts *facts,
                              const struct hash_suite *hashes, enum package_bound *ret_bound,
                              struct sspi_error_info *error_info)
{
    enum binding_comparison comparison;
    enum package_bound bound;

    if (!compare_facts(rules, facts, hashes, &comparison))
        return binding_check_no_md5(error_info);
    enum binding_answer answer =
        binding_check_channel(rules, facts->channel.client, comparison, &bound);
    if (answer == BINDING_ACCEPTED)
        answer = binding_check_service(rules, facts, bound);
    if (answer != BINDING_ACCEPTED)
        return refuse(answer, rules, facts, error_info);
    *ret_bound = bound;
    return SEC_E_OK;
}
