/* SPDX-License-Identifier: Apache-2.0 */
/* A user's name in the forms that are not UTF-8 as it stands: username* and ISO-8859-1. Pure. */
#ifndef DIGEST_NAME_H
#define DIGEST_NAME_H

#include "bytes.h"

/* Appends what `text`, the value of username* (RFC 8187 3.2.1: ext-value), stands for. False: it is
 * none, its charset is not UTF-8, or what it stands for is not; `to` then holds nothing usable. */
bool digest_name_append_extended(struct bytes *to, struct sspi_view text) MUST_USE;

/* Appends ISO-8859-1 as UTF-8; the octets 0x80 to 0x9F become control characters. */
void digest_name_append_latin_1(struct bytes *to, struct sspi_view octets);

#endif
