/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes hexadecimal text, strictly in length and digits; bytes_append_hex() encodes it. Pure. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "bytes.h"

/* Decodes exactly 2 * out_len digits, only in lower case (RFC 7616 3.1.3: LHEX). False: `text` is
 * something else; `out` then holds nothing usable. */
bool hex_decode_lower(struct sspi_view text, void *out, size_t out_len) MUST_USE;

/* As hex_decode_lower(), but accepts both cases: for files that people edit. */
bool hex_decode(struct sspi_view text, void *out, size_t out_len) MUST_USE;

#endif
