/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the value that a client sends after "Authorization: Digest " (RFC 7616 3.4, RFC 9110 11).
 * It reports what the client sent, not whether that is right. digest_sasl_parse.h does the same for
 * SASL. Pure. */
#ifndef DIGEST_PARSE_H
#define DIGEST_PARSE_H

#include "digest_response.h"

/* Parses `text`, the part after "Digest ". SSPI_REASON_NONE: *ret_response is set, and the caller
 * clears it with digest_response_clear(). Otherwise there is nothing to clear, and error_info
 * (never NULL) says what is wrong:
 *  MALFORMED       the grammar is broken, a directive is missing or comes twice, or two directives
 *                  exclude each other (username* with username or userhash)
 *  TOO_LARGE       over one of the limits of digest_response.h, except username
 *  NOT_OFFERED     an algorithm that this library does not have
 *  UNSUPPORTED     no qop (RFC 2069), a qop other than auth and auth-int, nc 0, or a response with
 *                  the length of another algorithm. The grammar is right, so the client can succeed
 *                  with new challenges.
 *  WRONG_PASSWORD  a name that no user can have: empty, over its limit, or with a control character
 *  INTERNAL        no memory */
enum sspi_reason digest_parse_response(struct sspi_view text, struct digest_response *ret_response,
                                       struct sspi_error_info *error_info) MUST_USE;

#endif
