/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the digest-response of the SASL mechanism DIGEST-MD5 (RFC 2831 2.1.2). It reports what the
 * client sent, not whether that is right. Pure. */
#ifndef DIGEST_SASL_PARSE_H
#define DIGEST_SASL_PARSE_H

#include "digest_response.h"

/* RFC 2831 2.1.2: "The size of a digest-response MUST be less than 4096 bytes". A response of 4096
 * is accepted too, because some clients take the limit as the longest allowed length. */
#define DIGEST_SASL_PARSE_TEXT_LIMIT 4096

/* RFC 2831 2.1.1: maxbuf must be greater than the 16 octets that protect a message. Without maxbuf
 * it is 65536. */
#define DIGEST_SASL_PARSE_MAXBUF_LEAST   17
#define DIGEST_SASL_PARSE_MAXBUF_MOST    16777215
#define DIGEST_SASL_PARSE_MAXBUF_DEFAULT 65536

/* SSPI_REASON_NONE: *ret_response is set, with `sasl` and MD5-sess, and the caller clears it with
 * digest_response_clear(). Otherwise there is nothing to clear, and error_info (never NULL) says
 * what is wrong:
 *  MALFORMED    the grammar is broken, or a directive is missing or comes twice
 *  TOO_LARGE    over one of the limits
 *  NOT_OFFERED  a qop or a cipher that this library does not have
 *  UNSUPPORTED, WRONG_PASSWORD as in digest_parse.h
 *  INTERNAL     no memory */
enum sspi_reason digest_sasl_parse_response(struct sspi_view text,
                                            struct digest_response *ret_response,
                                            struct sspi_error_info *error_info) MUST_USE;

#endif
