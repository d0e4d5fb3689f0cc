/* SPDX-License-Identifier: Apache-2.0 */
/* W strings on their way in. */
#ifndef SECUR_TEXT_H
#define SECUR_TEXT_H

#include "bytes.h"
#include "sspi.h"

/* A NUL-terminated W string as NUL-terminated UTF-8 in `storage` (zero-initialised; the caller
 * frees it), which *ret_text borrows; NULL stays NULL. SEC_E_INVALID_PARAMETER: not UTF-16.
 * SEC_E_INSUFFICIENT_MEMORY. Pure. */
SECURITY_STATUS secur_text_narrow(const SEC_WCHAR *text, struct bytes *storage,
                                  const char **ret_text) MUST_USE;

#endif
