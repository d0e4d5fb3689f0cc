/* SPDX-License-Identifier: Apache-2.0 */
/* Methods whose requests need no user (SSPIExempt), such as the OPTIONS of a CORS preflight. */
#ifndef POLICY_EXEMPT_H
#define POLICY_EXEMPT_H

#include "bytes.h"
#include "sspi_http.h"

/* True if the option may have this word: a method in capital letters, or `none` as its only word.
 * Pure. */
bool policy_exempt_is_word(struct sspi_view word, size_t n_words) MUST_USE;

#endif
