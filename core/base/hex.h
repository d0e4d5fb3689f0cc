/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal text to octets, strict about length and digits. bytes_append_hex() is the other way.
 * Pure. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include "bytes.h"

/* Decodes exactly 2 * out_len digits, lower case alone (RFC 7616 3.1.3: LHEX). False otherwise;
 * `out` holds nothing usable then. */
bool hex_decode_lower(struct sspi_view text, void *out, size_t out_len) MUST_USE;

/* The same with digits of either case: for files that people edit. */
bool hex_decode(struct sspi_view text, void *out, size_t out_len) MUST_USE;

#endif
