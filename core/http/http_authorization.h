/* SPDX-License-Identifier: Apache-2.0 */
/* The Authorization header: one scheme and what belongs to it (RFC 9110 section 11.4). Pure. */
#ifndef HTTP_AUTHORIZATION_H
#define HTTP_AUTHORIZATION_H

#include "bytes.h"

/* Longest header value that is looked at: a token of 64 KiB in base64, and its scheme. */
#define HTTP_AUTHORIZATION_LIMIT 90000

struct http_authorization {
    struct sspi_view scheme;
    struct sspi_view rest; /* without blanks around it; empty when there is none */
};

enum http_authorization_status {
    HTTP_AUTHORIZATION_OK,
    HTTP_AUTHORIZATION_EMPTY, /* nothing in it */
    HTTP_AUTHORIZATION_TOO_LARGE,
    HTTP_AUTHORIZATION_MALFORMED /* the scheme is no token, or a control character stands in it */
};

/* Splits a header value. The views borrow from `value`. */
enum http_authorization_status http_authorization_split(struct sspi_view value,
                                                        struct http_authorization *ret_split);

#endif
