/* SPDX-License-Identifier: Apache-2.0 */
/* The digest-response of the SASL mechanism DIGEST-MD5 taken apart (RFC 2831 2.1.2). It says what
 * was sent, not whether it is right. Pure. */
#ifndef DIGEST_SASL_PARSE_H
#define DIGEST_SASL_PARSE_H

#include "digest_response.h"

/* RFC 2831 2.1.2: "The size of a digest-response MUST be less than 4096 bytes" leaves one less;
 * clients that take the limit for the last length that is right are not refused. */
#define DIGEST_SASL_PARSE_TEXT_LIMIT 4096

/* RFC 2831 2.1.1: the least is above the 16 octets that protect a message; 65536 without one. */
#define DIGEST_SASL_PARSE_MAXBUF_LEAST   17
#define DIGEST_SASL_PARSE_MAXBUF_MOST    16777215
#define DIGEST_SASL_PARSE_MAXBUF_DEFAULT 65536

/* SSPI_REASON_NONE: *ret_response is set, with `sasl` and MD5-sess; end it with
 * digest_response_clear(). Otherwise nothing is to be freed and `report` (never NULL) says what is
 * wrong:
 *  MALFORMED    breaks the grammar, lacks a directive, repeats one
 *  TOO_LARGE    over one of the limits
 *  NOT_OFFERED  a qop or a cipher that this library does not have
 *  UNSUPPORTED, WRONG_PASSWORD as digest_parse.h
 *  INTERNAL     no memory */
enum sspi_reason digest_sasl_parse_response(struct sspi_view text,
                                            struct digest_response *ret_response,
                                            struct sspi_error_info *error_info) MUST_USE;

#endif
