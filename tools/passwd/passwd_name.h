/* SPDX-License-Identifier: Apache-2.0 */
/* Names of users and realms in Unicode's Normalization Form C (NFC). RFC 7616 4 requires this form
 * for hashes. */
#ifndef PASSWD_NAME_H
#define PASSWD_NAME_H

#include "bytes.h"

/* Converts a name of the command line to NFC. The caller frees the result. NULL: reported (the name
 * is not allowed, out of memory). */
char *passwd_name_make(const char *name, bool is_realm) MUST_USE;

/* True if a name of a file, in any normal form, equals `wanted`, which is in NFC. */
bool passwd_name_is(struct sspi_view in_file, struct sspi_view wanted);

/* False: the name is not in NFC. Clients that follow RFC 7616 send it in NFC, so their hash
 * differs. */
bool passwd_name_is_nfc(struct sspi_view in_file);

#endif
