/* SPDX-License-Identifier: Apache-2.0 */
/* Unicode's Normalization Form C, which RFC 7616 4 demands of names and passwords. Pure. */
#ifndef BASE_NFC_H
#define BASE_NFC_H

#include "bytes.h"

/* Longest text in octets: a run of marks is put into order in time that grows with its square. */
#define NFC_LIMIT 4096

/* Appends `text` (UTF-8) in NFC, which may be up to three times as long. False: not well-formed,
 * longer than NFC_LIMIT and not ASCII alone, or no memory; `to` is as it was, or failed. */
bool nfc_append(struct bytes *to, struct sspi_view text) MUST_USE;

/* True when `text` is ASCII alone, which is NFC already. */
bool nfc_is_plain(struct sspi_view text);

#endif
