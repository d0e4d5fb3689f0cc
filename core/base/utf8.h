/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629), UTF-16 (RFC 2781) and ISO-8859-1. The functions refuse malformed input. They
 * never replace a character. Pure. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <uchar.h>

#include "bytes.h"

/* True if every octet belongs to a well-formed sequence: no overlong form, no surrogate, and no
 * number above U+10FFFF. NUL counts as a character. */
bool utf8_valid(struct sspi_view text) MUST_USE;

/* True if `text` is well-formed and holds no control character: C0, DEL or C1. Every package checks
 * each name from a client, a file or winbind: user, domain, realm, service and authorization
 * identity. Names reach log lines, environment variables and header fields of other servers. An
 * empty or absent view is accepted: the caller decides whether a name may be empty. */
bool utf8_is_name(struct sspi_view text) MUST_USE;

/* Appends `n_units` units as UTF-8. False: there is an unpaired surrogate, or `to` failed. */
bool utf8_from_utf16(struct bytes *to, const char16_t *text, size_t n_units) MUST_USE;

/* Converts UTF-8 to UTF-16 of this machine's byte order, with a NUL unit behind it. The caller
 * frees the block. NULL: `text` is not well-formed, or out of memory. ret_n_units may be NULL. */
char16_t *utf8_to_utf16(struct sspi_view text, size_t *ret_n_units) MUST_USE;

/* Appends `text` in ISO-8859-1. False: `text` is not well-formed or has a character that ISO-8859-1
 * lacks (then nothing is appended), or `to` failed. */
bool utf8_to_latin_1(struct bytes *to, struct sspi_view text) MUST_USE;

/* Appends the ASCII text of UTF-16LE octets. Microsoft's page on the Digest package calls its realm
 * buffer a "Unicode string that must be representable in US ASCII". False: the number of octets is
 * odd, a unit is NUL or not ASCII, or `to` failed. `octets` needs no alignment. */
bool utf8_ascii_from_utf16le(struct bytes *to, struct sspi_view octets) MUST_USE;

#endif
