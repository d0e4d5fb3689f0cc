/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_binding.h"

#include <string.h>

#include "field.h"
#include "hex.h"
#include "report.h"

/* Begins the cnonce in every version of the extension. */
#define ANY_VERSION "+Upgraded+"
#define PREFIX_LEN  (sizeof(DIGEST_BINDING_PREFIX) - 1)

/* The extension computes with MD5 whatever the response's algorithm is. */
#define MD5_LEN    16
#define MD5_DIGITS (2 * MD5_LEN)

/* The directives that a cnonce can vouch for. It must vouch for both. */
#define N_HASHED 2

static bool begins_with(struct sspi_view text, struct sspi_view head)
{
    return text.len >= head.len && bytes_equal((struct sspi_view){text.data, head.len}, head);
}

/* What hashed-dirs lists, in its order. False: anything but the two, each once. */
static bool list_hashed(const struct digest_response *from, struct sspi_view ret_values[N_HASHED])
{
    struct sspi_view list = from->hashed_dirs;
    const char *comma = memchr(list.data, ',', list.len);

    if (comma == NULL)
        return false;
    size_t first_len = (size_t)(comma - list.data);
    struct sspi_view first = field_trim((struct sspi_view){list.data, first_len});
    struct sspi_view second = field_trim((struct sspi_view){comma + 1, list.len - first_len - 1});
    bool service_first = bytes_equal_nocase(first, SSPI_VIEW("service-name"));
    if (!bytes_equal_nocase(service_first ? second : first, SSPI_VIEW("channel-binding")) ||
        !bytes_equal_nocase(service_first ? first : second, SSPI_VIEW("service-name")))
        return false;
    ret_values[0] = service_first ? from->service_name : from->channel_binding;
    ret_values[1] = service_first ? from->channel_binding : from->service_name;
    return true;
}

/* cnonce = prefix, hexadecimal MD5 of the values joined with ":", randomness. */
static bool read_cnonce(struct sspi_view cnonce, uint8_t ret_digest[MD5_LEN])
{
    return begins_with(cnonce, SSPI_VIEW(DIGEST_BINDING_PREFIX)) &&
           cnonce.len > PREFIX_LEN + MD5_DIGITS &&
           hex_decode_lower((struct sspi_view){cnonce.data + PREFIX_LEN, MD5_DIGITS}, ret_digest,
                            MD5_LEN);
}

enum digest_binding_claim digest_binding_read(struct hash_run *run,
                                              const struct digest_response *from)
{
    static const uint8_t no_channel[MD5_LEN] = {0};
    struct sspi_view values[N_HASHED];
    uint8_t sent[MD5_LEN], channel[MD5_LEN], digest[HASH_MAX];

    if (from->hashed_dirs.data == NULL && from->service_name.data == NULL &&
        from->channel_binding.data == NULL) {
        return begins_with(from->cnonce, SSPI_VIEW(ANY_VERSION)) ? DIGEST_BINDING_FORGED
                                                                 : DIGEST_BINDING_SILENT;
    }
    if (from->hashed_dirs.data == NULL || from->service_name.data == NULL ||
        from->channel_binding.data == NULL || !list_hashed(from, values) ||
        !hex_decode_lower(from->channel_binding, channel, MD5_LEN) ||
        !read_cnonce(from->cnonce, sent))
        return DIGEST_BINDING_FORGED;
    hash_begin(run, SSPI_DIGEST_MD5);
    hash_update_view(run, values[0]);
    hash_update(run, ":", 1);
    hash_update_view(run, values[1]);
    if (!hash_end(run, digest))
        return DIGEST_BINDING_FAILED;
    if (!bytes_equal_secret((struct sspi_view){(const char *)digest, MD5_LEN},
                            (struct sspi_view){(const char *)sent, MD5_LEN}))
        return DIGEST_BINDING_FORGED;
    return memcmp(channel, no_channel, MD5_LEN) == 0 ? DIGEST_BINDING_NONE : DIGEST_BINDING_CHANNEL;
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
static bool match(struct hash_run *run, struct sspi_view channel_binding,
                  const struct sspi_accept_input *in, bool *ret_matched)
{
    uint8_t channel[MD5_LEN], digest[HASH_MAX];
    bool readable = hex_decode_lower(channel_binding, channel, MD5_LEN);
    bool matched = false;

    for (size_t i = 0; readable && i < in->n_bindings; i++) {
        if (!hash_binding(run, &in->bindings[i], digest))
            return false;
        bool same = bytes_equal_secret((struct sspi_view){(const char *)digest, MD5_LEN},
                                       (struct sspi_view){(const char *)channel, MD5_LEN});
        matched = matched || same;
    }
    *ret_matched = matched;
    return true;
}

static SECURITY_STATUS no_digest(struct sspi_report *report)
{
    return report_refuse(report, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                         "OpenSSL could not compute MD5, by which Digest's channel bindings are "
                         "made; policy may forbid it here (FIPS)");
}

/* Nothing, or no channel, where one is demanded. */
static SECURITY_STATUS missing(enum digest_binding_claim claim, struct sspi_report *report)
{
    if (claim == DIGEST_BINDING_SILENT) {
        return report_refuse(report, SEC_E_BAD_BINDINGS, SSPI_REASON_MISSING_BINDING,
                             "the client sent no channel binding, and one is required; it must "
                             "be one that supports Extended Protection");
    }
    return report_refuse(report, SEC_E_BAD_BINDINGS, SSPI_REASON_MISSING_BINDING,
                         "the client says that it speaks without TLS; a front end takes plain "
                         "HTTP and passes it on through TLS, or somebody relays");
}

SECURITY_STATUS digest_binding_judge(struct hash_run *run, enum digest_binding_claim claim,
                                     const struct digest_response *from,
                                     const struct sspi_accept_input *in, enum sspi_bound *ret_bound,
                                     struct sspi_report *report)
{
    bool proxy = (in->requirements & ASC_REQ_PROXY_BINDINGS) != 0;
    bool matched;

    /* Also where nothing is demanded: somebody changed the header on its way. */
    if (claim == DIGEST_BINDING_FORGED) {
        return report_refuse(report, SEC_E_BAD_BINDINGS, SSPI_REASON_BAD_BINDING,
                             "hashed-dirs, service-name, channel-binding and cnonce contradict "
                             "one another; something between client and server changed them");
    }
    if (claim == DIGEST_BINDING_FAILED)
        return no_digest(report);
    if (in->n_bindings == 0 && !proxy) {
        *ret_bound = SSPI_BOUND_UNCHECKED;
        return SEC_E_OK;
    }
    /* Forgives clients that do not know the extension, never one that says it has no channel: that
     * is how it looks when an attacker ends its TLS. */
    if (claim == DIGEST_BINDING_SILENT && !proxy &&
        (in->requirements & ASC_REQ_ALLOW_MISSING_BINDINGS) != 0) {
        *ret_bound = SSPI_BOUND_ABSENT;
        return SEC_E_OK;
    }
    if (claim != DIGEST_BINDING_CHANNEL)
        return missing(claim, report);
    /* TLS ends before us and nobody says where: any channel will do. With a binding it must match,
     * PROXY or not. */
    if (in->n_bindings == 0) {
        *ret_bound = SSPI_BOUND_PROXY;
        return SEC_E_OK;
    }
    if (!match(run, from->channel_binding, in, &matched))
        return no_digest(report);
    if (!matched) {
        return report_refuse(report, SEC_E_BAD_BINDINGS, SSPI_REASON_BAD_BINDING,
                             "channel binding differs: the client's TLS connection ends at another "
                             "certificate; name that of the TLS front end if there is one; without "
                             "one, somebody relays");
    }
    *ret_bound = SSPI_BOUND_MATCHED;
    return SEC_E_OK;
}
