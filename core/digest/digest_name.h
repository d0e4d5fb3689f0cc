/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes a user's name from the two forms that need it: username* and ISO-8859-1. Pure. */
#ifndef DIGEST_NAME_H
#define DIGEST_NAME_H

#include "bytes.h"

/* Appends the decoded value of username* (RFC 8187 3.2.1: ext-value). False: `text` has another
 * form, its charset is not UTF-8, or the decoded octets are not UTF-8. The caller must then discard
 * `to`. */
bool digest_name_append_extended(struct bytes *to, struct sspi_view text) MUST_USE;

/* Converts ISO-8859-1 to UTF-8 and appends it. The octets 0x80 to 0x9F become control characters.
 */
void digest_name_append_latin_1(struct bytes *to, struct sspi_view octets);

#endif
