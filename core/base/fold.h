/* SPDX-License-Identifier: Apache-2.0 */
/* Upper case as Windows makes it of names: one character for one, without regard to a language.
 * Two names are the same to it when they are the same in upper case. Pure. */
#ifndef BASE_FOLD_H
#define BASE_FOLD_H

#include "bytes.h"

/* Appends `text` (UTF-8) in upper case, which may be up to half as long again. False: not
 * well-formed, or no memory; `to` then holds nothing usable. */
bool fold_upper(struct bytes *to, struct sspi_view text) MUST_USE;

#endif
