/* SPDX-License-Identifier: Apache-2.0 */
/* The names in NTLM's messages: converts between their encodings and UTF-8, and checks their
 * characters. A name is in UTF-16LE, or in the client's OEM character set (MS-NLMP 2.2.2.5), of
 * which this code reads only ASCII. Pure. */
#ifndef NTLM_TEXT_H
#define NTLM_TEXT_H

#include "bytes.h"
#include "error_info.h"
#include "ntlm_message.h"

/* Appends UTF-16LE octets as UTF-8. False: an odd number of them, an unpaired surrogate, or no
 * memory (then to->failed). `octets` needs no alignment. */
bool ntlm_text_decode(struct bytes *to, struct sspi_view octets) MUST_USE;

/* Appends ASCII. False: an octet is above 127, or no memory (then to->failed). */
bool ntlm_text_decode_ascii(struct bytes *to, struct sspi_view octets) MUST_USE;

/* Appends UTF-8 as UTF-16LE. False: not well-formed, or no memory. */
bool ntlm_text_encode(struct bytes *to, struct sspi_view text) MUST_USE;

/* The same in upper case, as MS-NLMP 3.3.2 demands for the name of a user. */
bool ntlm_text_encode_upper(struct bytes *to, struct sspi_view text) MUST_USE;

/* Checks the names of a login, in UTF-8 (utf8_is_name()). SEC_E_OK, or SEC_E_LOGON_DENIED with an
 * error text. */
SECURITY_STATUS ntlm_text_check_names(struct sspi_view user, struct sspi_view domain,
                                      struct sspi_error_info *error_info) MUST_USE;

/* Appends a name, one of the fields of `message`, in UTF-8. SEC_E_INVALID_TOKEN: the name is not
 * UTF-16. SEC_E_LOGON_DENIED: the OEM name is not ASCII, and no message names the code page.
 * SEC_E_INSUFFICIENT_MEMORY. `error_info` says which. */
SECURITY_STATUS ntlm_text_read_name(const struct ntlm_authenticate *message, struct sspi_view name,
                                    struct bytes *to, struct sspi_error_info *error_info) MUST_USE;

/* Appends user and domain, and checks both by ntlm_text_check_names(). Returns its statuses, or
 * those of ntlm_text_read_name(). */
SECURITY_STATUS ntlm_text_read_login(const struct ntlm_authenticate *message, struct bytes *user,
                                     struct bytes *domain,
                                     struct sspi_error_info *error_info) MUST_USE;

#endif
