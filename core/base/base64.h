/* SPDX-License-Identifier: Apache-2.0 */
/* base64 (RFC 4648 section 4) for tokens in headers, base64url without padding (section 5) for
 * nonces. Both decoders are strict: one octet string has exactly one accepted text. Pure. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "bytes.h"

enum base64_status {
    BASE64_OK,
    BASE64_MALFORMED, /* a character outside the alphabet (white space too), wrong padding, bits set
                       * in the last character that no encoder sets */
    BASE64_TOO_LARGE, /* more than the caller's limit would come out */
    BASE64_NO_MEMORY
};

/* Decodes `text` and appends the octets to `to`. At most `limit` octets may come out; a longer text
 * is refused before it is looked at. On any other status than BASE64_OK nothing usable was
 * appended. */
enum base64_status base64_decode(struct sspi_view text, size_t limit, struct bytes *to) MUST_USE;

/* Appends `data` with padding and without line breaks. */
void base64_encode(struct bytes *to, struct sspi_view data);

/* Characters that `len` octets become in base64url without padding. */
#define BASE64_URL_LEN(len) (((len)*4 + 2) / 3)

/* Writes BASE64_URL_LEN(len) characters to `out`, no NUL. */
void base64_url_encode(const void *data, size_t len, char *out);

/* Decodes `text` into exactly `out_len` octets; false when it is malformed, padded or of another
 * length. `out` holds nothing usable then. */
bool base64_url_decode(struct sspi_view text, void *out, size_t out_len) MUST_USE;

#endif
