/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629), UTF-16 (RFC 2781) and ISO-8859-1. Wrong input is refused, never replaced. Pure.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <uchar.h>

#include "bytes.h"

/* True when every octet belongs to a well-formed sequence: no overlong form, no surrogate, nothing
 * above U+10FFFF. NUL counts as a character. */
bool utf8_valid(struct sspi_view text) MUST_USE;

/* True if `text` is well-formed and holds no control character: C0, DEL or C1. Every package checks
 * each name from a client, a file or winbind: user, domain, realm, service and authorization
 * identity. Names reach log lines, environment variables and header fields of other servers. An
 * empty or absent view is accepted: the caller decides whether a name may be empty. */
bool utf8_is_name(struct sspi_view text) MUST_USE;

/* Appends `n_units` units as UTF-8. False: an unpaired surrogate, or `to` failed. */
bool utf8_from_utf16(struct bytes *to, const char16_t *text, size_t n_units) MUST_USE;

/* Turns UTF-8 into UTF-16 of this machine's byte order, malloc'ed with a NUL unit behind it; the
 * caller frees it. NULL: not well-formed, or no memory. ret_n_units may be NULL. */
char16_t *utf8_to_utf16(struct sspi_view text, size_t *ret_n_units) MUST_USE;

/* Appends `text` in ISO-8859-1. False: a character of it is not in there, it is not well-formed
 * (nothing is appended for either), or `to` failed. */
bool utf8_to_latin_1(struct bytes *to, struct sspi_view text) MUST_USE;

/* Appends the ASCII text of UTF-16LE octets (the realm buffer of the Digest page: "Unicode string
 * that must be representable in US ASCII"). False: an odd number of octets, a NUL or a non-ASCII
 * unit, or `to` failed. `octets` needs no alignment. */
bool utf8_ascii_from_utf16le(struct bytes *to, struct sspi_view octets) MUST_USE;

#endif
