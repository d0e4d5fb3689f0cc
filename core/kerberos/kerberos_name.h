/* SPDX-License-Identifier: Apache-2.0 */
/* A principal in the text of krb5_unparse_name(): "alice@REALM". A backslash stands before `/`, `@`
 * and `\` within a part of it; \n, \t, \b and \0 stand for control characters. The first three
 * functions are pure. */
#ifndef KERBEROS_NAME_H
#define KERBEROS_NAME_H

#include "bytes.h"

/* True if the principal that `text` stands for is a name (utf8_is_name()). An escape of a control
 * character is refused, too. */
bool kerberos_name_is_clean(struct sspi_view text) MUST_USE;

/* True if a part of the principal holds a separator or a backslash. Without the escapes, the text
 * would read as another principal. */
bool kerberos_name_has_escape(const char *text) MUST_USE;

/* Returns the part of `text` after the unescaped `@`; "" if there is no such `@`. */
const char *kerberos_name_realm(const char *text) MUST_USE;

/* The default realm of krb5.conf, malloc'ed; NULL if there is none. */
char *kerberos_default_realm(void) MUST_USE;

/* The local account that krb5.conf's auth_to_local maps `principal` to, malloc'ed. NULL: there is
 * none, and errno is ENOMEM if memory ran out, otherwise another value. A principal with an escape
 * has no account, whatever the rules say. No network. */
char *kerberos_local_name(const char *principal) MUST_USE;

#endif
