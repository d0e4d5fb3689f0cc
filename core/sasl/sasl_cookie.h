/* SPDX-License-Identifier: Apache-2.0 */
/* The two cookies of the mechanism GSSAPI (RFC 4752 3.1, 3.2), unsealed. Pure. */
#ifndef SASL_COOKIE_H
#define SASL_COOKIE_H

#include "bytes.h"
#include "sspi_acceptor.h"

/* Layers, as bits of a cookie's first octet. */
#define SASL_COOKIE_NONE            1
#define SASL_COOKIE_INTEGRITY       2
#define SASL_COOKIE_CONFIDENTIALITY 4

/* Octets of the server's cookie, and the least of the client's. */
#define SASL_COOKIE_LEN 4

/* The largest size that three octets tell. */
#define SASL_COOKIE_SIZE_LIMIT 0xFFFFFF

/* Octets of an authorization identity. */
#define SASL_COOKIE_AUTHZID_LIMIT 1024

/* The server's: the layers it offers, and octets of a sealed message that it takes, at most the
 * limit. */
void sasl_cookie_write(uint8_t layers, uint32_t size, uint8_t ret_cookie[SASL_COOKIE_LEN]);

/* What the client chose. */
struct sasl_cookie {
    uint8_t layer;            /* one of the three */
    uint32_t size;            /* octets of a sealed message that it takes; 0 without a layer */
    struct sspi_view authzid; /* whom it wants to act as; a view into the text, empty: itself */
};

/* Reads the client's. Otherwise than SSPI_REASON_NONE `report` (never NULL) says what is wrong:
 * MALFORMED, or TOO_LARGE for an authorization identity over its limit. */
enum sspi_reason sasl_cookie_read(struct sspi_view text, struct sasl_cookie *ret_cookie,
                                  struct sspi_error_info *error_info) MUST_USE;

#endif
