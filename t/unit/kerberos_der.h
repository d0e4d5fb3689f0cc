/* SPDX-License-Identifier: Apache-2.0 */
/* Builds parts of Kerberos messages in DER, for tests that make messages themselves. */
#ifndef KERBEROS_DER_H
#define KERBEROS_DER_H

#include <time.h>

#include "der.h"

/* KerberosTime (RFC 4120 5.2.3) */
static inline void put_time(struct bytes *to, uint8_t outer, time_t when)
{
    char text[32];
    struct tm utc;
    gmtime_r(&when, &utc);
    (void)strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &utc);
    der_append_explicit(to, outer, 0x18, bytes_view(text));
}

/* PrincipalName (RFC 4120 5.2.2); `type` is the contents of name-type. */
static inline void put_name(struct bytes *to, uint8_t outer, struct sspi_view type,
                            const struct sspi_view *components, size_t n_components)
{
    size_t start = to->len;
    der_append_explicit(to, DER_CONTEXT(0), DER_INTEGER, type);
    size_t names = to->len;
    for (size_t i = 0; i < n_components; i++)
        der_append(to, DER_GENERAL_STRING, components[i]);
    der_wrap(to, names, DER_SEQUENCE);
    der_wrap(to, names, DER_CONTEXT(1));
    der_wrap(to, start, DER_SEQUENCE);
    der_wrap(to, start, outer);
}

/* A type and its octets, as in EncryptionKey, Checksum and TransitedEncoding. */
static inline void put_typed(struct bytes *to, uint8_t outer, struct sspi_view type,
                             struct sspi_view octets)
{
    size_t start = to->len;
    der_append_explicit(to, DER_CONTEXT(0), DER_INTEGER, type);
    der_append_explicit(to, DER_CONTEXT(1), DER_OCTET_STRING, octets);
    der_wrap(to, start, DER_SEQUENCE);
    der_wrap(to, start, outer);
}

/* EncryptedData (RFC 4120 5.2.9) of aes256-cts-hmac-sha1-96; `kvno` may be absent. */
static inline void put_cipher(struct bytes *to, uint8_t outer, struct sspi_view kvno,
                              struct sspi_view cipher)
{
    size_t start = to->len;
    der_append_explicit(to, DER_CONTEXT(0), DER_INTEGER, SSPI_VIEW("\x12"));
    if (kvno.data != NULL)
        der_append_explicit(to, DER_CONTEXT(1), DER_INTEGER, kvno);
    der_append_explicit(to, DER_CONTEXT(2), DER_OCTET_STRING, cipher);
    der_wrap(to, start, DER_SEQUENCE);
    der_wrap(to, start, outer);
}

#endif
