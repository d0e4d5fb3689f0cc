/* SPDX-License-Identifier: Apache-2.0 */
/* Upper case as Windows computes it for names: each character becomes one character, independent of
 * the language. Windows treats two names as equal if they are equal in upper case. Pure. */
#ifndef BASE_FOLD_H
#define BASE_FOLD_H

#include "bytes.h"

/* Appends `text` (UTF-8) in upper case. The result may have up to 1.5 times as many octets. False:
 * `text` is not well-formed, or out of memory; `to` then holds nothing usable. */
bool fold_upper(struct bytes *to, struct sspi_view text) MUST_USE;

#endif
