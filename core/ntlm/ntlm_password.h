/* SPDX-License-Identifier: Apache-2.0 */
/* Who is it, and does the client know the password: a response against the user file, or asked of
 * winbind. */
#ifndef NTLM_PASSWORD_H
#define NTLM_PASSWORD_H

#include "ntlm_credential.h"
#include "ntlm_response.h"
#include "store_users.h"

/* Checks the response of the user that `message` names to `challenge`. SEC_E_OK: *ret_login, whose
 * names are as in the file or the domain; end it with ntlm_winbind_answer_clear(). A user file has
 * no SIDs. Unknown users and wrong passwords are refused alike (SEC_E_LOGON_DENIED), by the file
 * after the same work; a name that cannot be read as ntlm_text_read_name() says. Winbind: also
 * SEC_E_NO_AUTHENTICATING_AUTHORITY when it or a controller does not answer, SEC_E_NO_CREDENTIALS
 * when this process may not ask it. Waits for winbind, never with a file. */
SECURITY_STATUS ntlm_password_check(const struct ntlm_credential *credential, struct hash_run *run,
                                    const uint8_t challenge[NTLM_CHALLENGE_LEN],
                                    const struct ntlm_authenticate *message,
                                    const struct ntlm_response *response,
                                    struct ntlm_winbind_answer *ret_login,
                                    struct sspi_error_info *error_info) MUST_USE;

#endif
