/* SPDX-License-Identifier: Apache-2.0 */
/* base64 (RFC 4648 section 4) for tokens in headers, and base64url without padding (section 5) for
 * nonces. Both decoders are strict: they accept exactly one text for each octet string. Pure. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "bytes.h"

enum base64_status {
    BASE64_OK,
    BASE64_MALFORMED, /* a character outside the alphabet (white space too), wrong padding, or pad
                       * bits of the last character that are not zero */
    BASE64_TOO_LARGE, /* the result would be longer than the caller's limit */
    BASE64_NO_MEMORY
};

/* Decodes `text` and appends the octets to `to`. The result may have at most `limit` octets. The
 * function refuses a longer text before it reads it. With any other status than BASE64_OK, the
 * caller must not use what was appended. */
enum base64_status base64_decode(struct sspi_view text, size_t limit, struct bytes *to) MUST_USE;

/* Appends `data` as base64 with padding and without line breaks. */
void base64_encode(struct bytes *to, struct sspi_view data);

/* The number of base64url characters, without padding, for `len` octets. */
#define BASE64_URL_LEN(len) (((len)*4 + 2) / 3)

/* Writes BASE64_URL_LEN(len) characters to `out`, without a NUL. */
void base64_url_encode(const void *data, size_t len, char *out);

/* Decodes `text` into exactly `out_len` octets. False: `text` is malformed, padded or of another
 * length; `out` then holds nothing usable. */
bool base64_url_decode(struct sspi_view text, void *out, size_t out_len) MUST_USE;

#endif
