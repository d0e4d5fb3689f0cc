/* SPDX-License-Identifier: Apache-2.0 */
/* What a client sends behind "Authorization: Digest " taken apart (RFC 7616 3.4, RFC 9110 11). It
 * says what was sent, not whether it is right. digest_sasl_parse.h does the same in SASL. Pure. */
#ifndef DIGEST_PARSE_H
#define DIGEST_PARSE_H

#include "digest_response.h"

/* Parses `text`, the part behind "Digest ". SSPI_REASON_NONE: *ret_response is set, end it with
 * digest_response_clear(). Otherwise nothing is to be freed and `report` (never NULL) says what is
 * wrong:
 *  MALFORMED       breaks the grammar, lacks a directive, repeats one, or has two that exclude
 *                  each other (username* beside username or userhash)
 *  TOO_LARGE       over one of the limits above, except username
 *  NOT_OFFERED     an algorithm that this library does not have
 *  UNSUPPORTED     no qop (RFC 2069), a qop other than auth and auth-int, nc 0, or a response of
 *                  another algorithm's length: the grammar is kept, and a client that gets new
 *                  challenges can do better
 *  WRONG_PASSWORD  a name that no user can have: empty, over its limit, with a control character
 *  INTERNAL        no memory */
enum sspi_reason digest_parse_response(struct sspi_view text, struct digest_response *ret_response,
                                       struct sspi_error_info *error_info) MUST_USE;

#endif
