/* SPDX-License-Identifier: Apache-2.0 */
/* Unicode's Normalization Form C, which RFC 7616 4 requires for names and passwords. Pure. */
#ifndef BASE_NFC_H
#define BASE_NFC_H

#include "bytes.h"

/* Longest text in octets. The time to sort a run of combining marks grows with the square of its
 * length. */
#define NFC_LIMIT 4096

/* Appends `text` (UTF-8) in NFC, which may be up to three times as long. False: `text` is not
 * well-formed; or it is longer than NFC_LIMIT and has a character outside ASCII; or out of memory.
 * `to` then holds nothing usable. */
bool nfc_append(struct bytes *to, struct sspi_view text) MUST_USE;

/* True if `text` has only ASCII characters: such a text is in NFC already. */
bool nfc_is_plain(struct sspi_view text);

#endif
