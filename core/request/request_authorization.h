/* SPDX-License-Identifier: Apache-2.0 */
/* The Authorization header: one scheme and what belongs to it (RFC 9110 section 11.4). Pure. */
#ifndef REQUEST_AUTHORIZATION_H
#define REQUEST_AUTHORIZATION_H

#include "bytes.h"

/* The longest header value that is accepted: a token of 64 KiB in base64, and its scheme. */
#define REQUEST_AUTHORIZATION_LIMIT 90000

struct request_authorization {
    struct sspi_view scheme;
    struct sspi_view rest; /* without blanks around it; empty when there is none */
};

enum request_authorization_status {
    REQUEST_AUTHORIZATION_OK,
    REQUEST_AUTHORIZATION_EMPTY, /* only blanks */
    REQUEST_AUTHORIZATION_TOO_LARGE,
    REQUEST_AUTHORIZATION_MALFORMED /* the scheme is no token, or a control character stands in it
                                     */
};

/* Splits a header value. The views borrow from `value`. */
enum request_authorization_status
request_authorization_split(struct sspi_view value, struct request_authorization *ret_split);

#endif
