/* SPDX-License-Identifier: Apache-2.0 */
/* Converts names between NTLM's encodings (UTF-16LE or ASCII) and UTF-8, and checks their
 * characters. Pure. */
#ifndef NTLM_TEXT_H
#define NTLM_TEXT_H

#include "bytes.h"
#include "error_info.h"

/* Appends UTF-16LE octets as UTF-8. False: an odd number of them, an unpaired surrogate, or no
 * memory (then to->failed). `octets` needs no alignment. */
bool ntlm_text_decode(struct bytes *to, struct sspi_view octets) MUST_USE;

/* Appends ASCII. False: an octet is above 127, or no memory (then to->failed). */
bool ntlm_text_decode_ascii(struct bytes *to, struct sspi_view octets) MUST_USE;

/* Appends UTF-8 as UTF-16LE. False: not well-formed, or no memory. */
bool ntlm_text_encode(struct bytes *to, struct sspi_view text) MUST_USE;

/* The same in upper case, as MS-NLMP 3.3.2 wants a user's name. */
bool ntlm_text_encode_upper(struct bytes *to, struct sspi_view text) MUST_USE;

/* Checks the names of a login, in UTF-8 (utf8_is_name()). SEC_E_OK, or SEC_E_LOGON_DENIED with a
 * report. */
SECURITY_STATUS ntlm_text_check_names(struct sspi_view user, struct sspi_view domain,
                                      struct sspi_error_info *error_info) MUST_USE;

#endif
