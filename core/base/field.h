/* SPDX-License-Identifier: Apache-2.0 */
/* The elements of all HTTP header fields (RFC 9110 5.6). Pure. */
#ifndef BASE_FIELD_H
#define BASE_FIELD_H

#include "bytes.h"

/* True for a character of a token (RFC 9110 5.6.2: tchar). */
bool field_is_token_char(char c);

/* True for a token68 (RFC 9110 11.2), the form of credentials that are one token. */
bool field_is_token68(struct sspi_view text);

/* Returns `text` without leading and trailing blanks and tabs (RFC 9110 5.6.3: OWS). */
struct sspi_view field_trim(struct sspi_view text);

#endif
