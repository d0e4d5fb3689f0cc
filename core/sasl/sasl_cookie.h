/* SPDX-License-Identifier: Apache-2.0 */
/* The two cookies of the mechanism GSSAPI (RFC 4752 3.1, 3.2), unsealed. Pure. */
#ifndef SASL_COOKIE_H
#define SASL_COOKIE_H

#include "bytes.h"
#include "sspi_acceptor.h"

/* The layers, which are bits of a cookie's first octet. NONE: no layer protects messages. */
#define SASL_COOKIE_NONE            1
#define SASL_COOKIE_INTEGRITY       2
#define SASL_COOKIE_CONFIDENTIALITY 4

/* Octets of the server's cookie. The client's has at least as many. */
#define SASL_COOKIE_LEN 4

/* The largest size that three octets hold. */
#define SASL_COOKIE_SIZE_LIMIT 0xFFFFFF

/* The most octets of an authorization identity. */
#define SASL_COOKIE_AUTHZID_LIMIT 1024

/* Writes the server's cookie: the layers that it offers, and the most octets of a sealed message
 * from the client, at most SASL_COOKIE_SIZE_LIMIT. */
void sasl_cookie_write(uint8_t layers, uint32_t size, uint8_t ret_cookie[SASL_COOKIE_LEN]);

/* The client's choice. */
struct sasl_cookie {
    uint8_t layer; /* one of the three */
    uint32_t size; /* the most octets of a sealed message to the client; 0 without a layer */
    struct sspi_view
        authzid; /* authorization identity, a view into the text; empty: the client itself */
};

/* Reads the client's cookie. On MALFORMED, or TOO_LARGE for an authorization identity over its
 * limit, `error_info` (never NULL) says what is wrong. */
enum sspi_reason sasl_cookie_read(struct sspi_view text, struct sasl_cookie *ret_cookie,
                                  struct sspi_error_info *error_info) MUST_USE;

#endif
