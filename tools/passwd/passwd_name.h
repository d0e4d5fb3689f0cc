/* SPDX-License-Identifier: Apache-2.0 */
/* Names of users and realms in Unicode's Normalization Form C, as RFC 7616 4 wants them hashed. */
#ifndef PASSWD_NAME_H
#define PASSWD_NAME_H

#include "bytes.h"

/* `name` as given on the command line, in NFC; the caller frees it. NULL: told (it can be no such
 * name, no memory). */
char *passwd_name_make(const char *name, bool is_realm) MUST_USE;

/* True when a name of a file, which may be in another form, is `wanted`, which is in NFC. */
bool passwd_name_is(struct sspi_view in_file, struct sspi_view wanted);

/* False: who sends this name in NFC, as RFC 7616 wants, does not send what was hashed. */
bool passwd_name_is_nfc(struct sspi_view in_file);

#endif
