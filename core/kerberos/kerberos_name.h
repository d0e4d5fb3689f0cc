/* SPDX-License-Identifier: Apache-2.0 */
/* A principal in the text of krb5_unparse_name(): "alice@REALM". A backslash stands before `/`, `@`
 * and `\` within a part of it; \n, \t, \b and \0 stand for control characters. Pure. */
#ifndef KERBEROS_NAME_H
#define KERBEROS_NAME_H

#include "bytes.h"

/* True when the principal that `text` stands for is a name (utf8_is_name()): a control character
 * does not pass as an escape either. */
bool kerberos_name_is_clean(struct sspi_view text) SSPI_MUST_USE;

/* True when a part of the principal holds a separator or a backslash, so that it reads as another
 * principal where the backslashes are taken out. */
bool kerberos_name_has_escape(const char *text) SSPI_MUST_USE;

/* What stands behind the `@` that no backslash escapes, in `text`; "" where there is none. */
const char *kerberos_name_realm(const char *text) SSPI_MUST_USE;

#endif
