/* SPDX-License-Identifier: Apache-2.0 */
#include "binding_policy.h"

#include <string.h>

#include "report.h"

enum binding_claim binding_policy_claim(const uint8_t channel[BINDING_POLICY_HASH_LEN])
{
    static const uint8_t no_channel[BINDING_POLICY_HASH_LEN];

    return memcmp(channel, no_channel, sizeof no_channel) == 0 ? BINDING_CLAIM_NONE
                                                               : BINDING_CLAIM_CHANNEL;
}

static void update_number(struct hash_run *run, uint32_t number)
{
    const uint8_t octets[] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16),
                              (uint8_t)(number >> 24)};

    hash_update(run, octets, sizeof(octets));
}

static void update_counted(struct hash_run *run, struct sspi_view what)
{
    update_number(run, (uint32_t)what.len); /* it came with a 32-bit length */
    hash_update_view(run, what);
}

/* RFC 4121 4.1.1.2: the Bnd field, with the lengths and types of RFC 2744's structure. */
static bool hash_binding(struct hash_run *run, const struct sspi_channel_binding *binding,
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

/* Compares with every candidate: time shall not tell which one it was. False: libcrypto failed. */
static bool match(struct hash_run *run, const uint8_t channel[BINDING_POLICY_HASH_LEN],
                  const struct sspi_accept_input *in, bool *ret_matched)
{
    uint8_t digest[HASH_MAX];
    bool matched = false;

    for (size_t i = 0; i < in->n_bindings; i++) {
        if (!hash_binding(run, &in->bindings[i], digest))
            return false;
        bool same =
            bytes_equal_secret((struct sspi_view){(const char *)digest, BINDING_POLICY_HASH_LEN},
                               (struct sspi_view){(const char *)channel, BINDING_POLICY_HASH_LEN});
        matched = matched || same;
    }
    *ret_matched = matched;
    return true;
}

SECURITY_STATUS binding_policy_no_md5(struct sspi_report *report)
{
    return report_refuse(
        report, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
        "OpenSSL could not compute MD5, by which channel bindings are made; policy "
        "may forbid it here (FIPS)");
}

/* Nothing, or no channel, where one is demanded. */
static SECURITY_STATUS missing(enum binding_claim claim, struct sspi_report *report)
{
    if (claim == BINDING_CLAIM_SILENT) {
        return report_refuse(report, SEC_E_BAD_BINDINGS, SSPI_REASON_MISSING_BINDING,
                             "the client sent no channel binding, and one is required; it must "
                             "be one that supports Extended Protection");
    }
    return report_refuse(report, SEC_E_BAD_BINDINGS, SSPI_REASON_MISSING_BINDING,
                         "the client says that it speaks without TLS; a front end takes plain "
                         "HTTP and passes it on through TLS, or somebody relays");
}

SECURITY_STATUS binding_policy_refuse(enum binding_claim claim, struct sspi_report *report)
{
    if (claim != BINDING_CLAIM_CHANNEL)
        return missing(claim, report);
    return report_refuse(report, SEC_E_BAD_BINDINGS, SSPI_REASON_BAD_BINDING,
                         "channel binding differs: the client's TLS connection ends at another "
                         "certificate; name that of the TLS front end if there is one; without "
                         "one, somebody relays");
}

/* What is told of a claim that nothing is compared with. */
static enum sspi_bound told(enum binding_claim claim, const struct sspi_accept_input *in)
{
    if (!in->tells_binding)
        return SSPI_BOUND_UNCHECKED;
    switch (claim) {
    case BINDING_CLAIM_NONE:
        return SSPI_BOUND_NONE;
    case BINDING_CLAIM_CHANNEL:
        return SSPI_BOUND_PROXY;
    case BINDING_CLAIM_SILENT:
        break;
    }
    return SSPI_BOUND_ABSENT;
}

SECURITY_STATUS binding_policy_judge(struct hash_run *run, enum binding_claim claim,
                                     const uint8_t channel[BINDING_POLICY_HASH_LEN],
                                     const struct sspi_accept_input *in, enum sspi_bound *ret_bound,
                                     struct sspi_report *report)
{
    bool proxy = (in->requirements & ASC_REQ_PROXY_BINDINGS) != 0;
    bool matched;

    if (in->n_bindings == 0 && !proxy) {
        *ret_bound = told(claim, in);
        return SEC_E_OK;
    }
    /* Forgives clients that do not know the extension, never one that says it has no channel: that
     * is how it looks when an attacker ends its TLS. */
    if (claim == BINDING_CLAIM_SILENT && !proxy &&
        (in->requirements & ASC_REQ_ALLOW_MISSING_BINDINGS) != 0) {
        *ret_bound = SSPI_BOUND_ABSENT;
        return SEC_E_OK;
    }
    if (claim != BINDING_CLAIM_CHANNEL)
        return missing(claim, report);
    /* TLS ends before us and nobody says where: any channel will do. With a binding it must match,
     * PROXY or not. */
    if (in->n_bindings == 0) {
        *ret_bound = SSPI_BOUND_PROXY;
        return SEC_E_OK;
    }
    if (!match(run, channel, in, &matched))
        return binding_policy_no_md5(report);
    if (!matched)
        return binding_policy_refuse(claim, report);
    *ret_bound = SSPI_BOUND_MATCHED;
    return SEC_E_OK;
}
