/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the names of an AUTHENTICATE message. They are in UTF-16LE, or in the client's OEM
 * character set (MS-NLMP 2.2.2.5), of which only ASCII is known. */
#ifndef NTLM_NAMES_H
#define NTLM_NAMES_H

#include "ntlm_message.h"
#include "sspi.h"

/* Appends a name, one of the fields of `message`, in UTF-8. SEC_E_INVALID_TOKEN: the name is not
 * UTF-16. SEC_E_LOGON_DENIED: the OEM name is not ASCII, and no message names the code page.
 * SEC_E_INSUFFICIENT_MEMORY. `report` says which. */
SECURITY_STATUS ntlm_names_read(const struct ntlm_authenticate *message, struct sspi_view name,
                                struct bytes *to, struct sspi_error_info *error_info) MUST_USE;

/* Appends user and domain, and checks both by ntlm_text_check_names(). Its statuses, or those of
 * ntlm_names_read(). */
SECURITY_STATUS ntlm_names_read_login(const struct ntlm_authenticate *message, struct bytes *user,
                                      struct bytes *domain,
                                      struct sspi_error_info *error_info) MUST_USE;

#endif
