/* SPDX-License-Identifier: Apache-2.0 */
/* Converts the W strings of callers. */
#ifndef SECUR_TEXT_H
#define SECUR_TEXT_H

#include "bytes.h"
#include "sspi.h"

/* Writes `text`, a NUL-terminated W string, as NUL-terminated UTF-8 to `storage`. The caller
 * zero-initialises `storage` and frees it; *ret_text points into it. If `text` is NULL, *ret_text
 * is NULL. SEC_E_INVALID_PARAMETER: `text` is not UTF-16. SEC_E_INSUFFICIENT_MEMORY. Pure. */
SECURITY_STATUS secur_text_narrow(const SEC_WCHAR *text, struct bytes *storage,
                                  const char **ret_text) MUST_USE;

#endif
