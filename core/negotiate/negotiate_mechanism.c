/* SPDX-License-Identifier: Apache-2.0 */
#include "negotiate_mechanism.h"

/* The octets of an unknown OID that a text shows. */
#define OID_SHOWN 24

/* Windows writes its Kerberos OID with one bit cleared (1.2.840.48018.1.2.2) and lists it first. */
#define KRB5_OID                                                                                   \
    {                                                                                              \
        "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02", 9                                                  \
    }
#define MS_KRB5_OID                                                                                \
    {                                                                                              \
        "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02", 9                                                  \
    }

#define NTLM_OID                                                                                   \
    {                                                                                              \
        "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a", 10                                             \
    }

const struct negotiate_mechanism negotiate_mechanism_table[NEGOTIATE_MECHANISM_COUNT] = {
    {.package = &kerberos_package,
     .allowed_by = SSPI_MECHANISM_KERBEROS,
     .oids = {KRB5_OID, MS_KRB5_OID},
     .bare = NEGOTIATE_TOKEN_FRAMED},
    {.package = &ntlm_package,
     .allowed_by = SSPI_MECHANISM_NTLM,
     .oids = {NTLM_OID},
     .bare = NEGOTIATE_TOKEN_NTLM},
};

static const struct {
    const char *name;
    struct sspi_view oid;
} known[] = {
    {"Kerberos", KRB5_OID},
    {"Kerberos", MS_KRB5_OID},
    {"NTLM", NTLM_OID},
    {"NEGOEX", {"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e", 10}},
    {"IAKERB", {"\x2b\x06\x01\x05\x02\x05", 6}},
    {"Kerberos user-to-user", {"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x03", 10}},
};

const struct negotiate_mechanism *negotiate_mechanism_by_oid(struct sspi_view oid)
{
    for (size_t i = 0; i < NEGOTIATE_MECHANISM_COUNT; i++) {
        const struct negotiate_mechanism *row = &negotiate_mechanism_table[i];
        for (size_t j = 0; j < NEGOTIATE_MECHANISM_OIDS_LIMIT; j++) {
            if (row->oids[j].data != NULL && bytes_equal(row->oids[j], oid))
                return row;
        }
    }
    return NULL;
}

const struct negotiate_mechanism *negotiate_mechanism_by_kind(enum negotiate_token_kind kind,
                                                              struct sspi_view oid)
{
    if (kind == NEGOTIATE_TOKEN_FRAMED)
        return negotiate_mechanism_by_oid(oid);
    for (size_t i = 0; i < NEGOTIATE_MECHANISM_COUNT; i++) {
        if (negotiate_mechanism_table[i].bare == kind)
            return &negotiate_mechanism_table[i];
    }
    return NULL;
}

void negotiate_mechanism_name(struct sspi_view oid, struct bytes *to)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (bytes_equal(known[i].oid, oid)) {
            bytes_append_text(to, known[i].name);
            return;
        }
    }
    /* X.690 8.19: each octet holds seven bits. Its highest bit says that more octets follow. The
     * first two arcs share one number. */
    uint64_t arc = 0;
    bool first = true;
    for (size_t i = 0; i < oid.len && i < OID_SHOWN; i++) {
        uint8_t octet = (uint8_t)oid.data[i];
        arc = arc << 7 | (octet & 0x7F);
        if ((octet & 0x80) != 0)
            continue;
        if (first) {
            uint64_t top = arc < 80 ? arc / 40 : 2;
            bytes_append_format(to, "%llu.", (unsigned long long)top);
            arc -= top * 40;
        }
        bytes_append_format(to, first ? "%llu" : ".%llu", (unsigned long long)arc);
        first = false;
        arc = 0;
    }
    if (oid.len > OID_SHOWN)
        bytes_append_text(to, "...");
}
