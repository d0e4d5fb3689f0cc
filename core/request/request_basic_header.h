/* SPDX-License-Identifier: Apache-2.0 */
/* Name and password of Basic's credentials (RFC 7617 section 2). Pure. */
#ifndef REQUEST_BASIC_HEADER_H
#define REQUEST_BASIC_HEADER_H

#include "bytes.h"
#include "package_password.h"
#include "sspi_acceptor.h"

/* The most octets of the name and of the password, as sent and in NFC. */
#define REQUEST_BASIC_USER_LIMIT     512u
#define REQUEST_BASIC_PASSWORD_LIMIT 1024u

/* Zero-initialise it. The caller clears it, which wipes both. */
struct request_basic_header {
    struct bytes user, password; /* UTF-8 in NFC, without control characters */
};

/* Reads the text behind the scheme. The client gets charset="UTF-8", so name and password are
 * UTF-8. Octets that are not well-formed UTF-8 are read as ISO-8859-1, which older clients send
 * (RFC 7617 appendix B.3): then no octets have two meanings. SSPI_REASON_NONE: *ret_header is set.
 * Otherwise error_info (never NULL) has the reason and a text, which never quotes the credentials:
 *  MALFORMED    The text is not a token68 (RFC 9110 11.2).
 *  MALFORMED_TOKEN  It is not base64, or has no colon.
 *  TOO_LARGE_TOKEN  Over one of the limits above.
 *  BAD_NAME     It holds a control character, which RFC 7617 section 2 forbids.
 *  INTERNAL     No memory. */
enum sspi_reason request_basic_header_read(struct sspi_view text,
                                           struct request_basic_header *ret_header,
                                           struct sspi_error_info *error_info) MUST_USE;

/* Borrows name and password. */
struct package_password request_basic_header_password(const struct request_basic_header *header);

void request_basic_header_clear(struct request_basic_header *header);

#define REQUEST_BASIC_HEADER_CLEANUP __attribute__((cleanup(request_basic_header_clear)))

#endif
