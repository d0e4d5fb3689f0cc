/* SPDX-License-Identifier: Apache-2.0 */
/* Upper case as Windows computes it for names: each character becomes one character, independent of
 * the language. Windows treats two names as equal if they are equal in upper case. Pure. */
#ifndef BASE_FOLD_H
#define BASE_FOLD_H

#include "bytes.h"

/* Appends `text` (UTF-8) in upper case. The result may have up to 1.5 times as many octets. False:
 * `text` is not well-formed, or out of memory; `to` then holds nothing usable. */
bool fold_upper(struct bytes *to, struct sspi_view text) MUST_USE;

/* Appends `text` (UTF-8, at most FOLD_LIMIT octets) without all that a directory may ignore when it
 * compares names: case, accents, width, the kind of kana, blanks and invisible characters. Names
 * that are different users can become equal, so use it only to count. False as above. */
bool fold_alike(struct bytes *to, struct sspi_view text) MUST_USE;

#define FOLD_LIMIT 512u

#endif
