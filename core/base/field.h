/* SPDX-License-Identifier: Apache-2.0 */
/* What every HTTP header field is written with (RFC 9110 5.6). Pure. */
#ifndef BASE_FIELD_H
#define BASE_FIELD_H

#include "bytes.h"

/* True for a character of a token (RFC 9110 5.6.2: tchar). */
bool field_is_token_char(char c);

/* True for a token68 (RFC 9110 11.2), the form of a credential that is one token. */
bool field_is_token68(struct sspi_view text);

/* Without the blanks and tabs around it (RFC 9110 5.6.3: OWS). */
struct sspi_view field_trim(struct sspi_view text);

#endif
