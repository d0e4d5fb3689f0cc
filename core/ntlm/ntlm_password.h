/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the password of a client: its response against the user file, or by winbind. */
#ifndef NTLM_PASSWORD_H
#define NTLM_PASSWORD_H

#include "ntlm_credential.h"
#include "ntlm_response.h"
#include "store_users.h"

/* Checks the response to `challenge` of the user that `message` names. SEC_E_OK: *ret_login is set,
 * with names as in the file or the domain; end it with ntlm_winbind_answer_clear(). A user file has
 * no SIDs. Unknown users and wrong passwords have the same status, SEC_E_LOGON_DENIED. With a file,
 * both cost the same work. A name that cannot be read has the statuses of ntlm_text_read_name().
 * With winbind there are two more statuses. SEC_E_NO_AUTHENTICATING_AUTHORITY: winbind or a domain
 * controller does not answer. SEC_E_NO_CREDENTIALS: this process may not use winbind's pipe. The
 * check waits for winbind, never for a file. */
SECURITY_STATUS ntlm_password_check(const struct ntlm_credential *credential, struct hash_run *run,
                                    const uint8_t challenge[NTLM_CHALLENGE_LEN],
                                    const struct ntlm_authenticate *message,
                                    const struct ntlm_response *response,
                                    struct ntlm_winbind_answer *ret_login,
                                    struct sspi_error_info *error_info) MUST_USE;

#endif
