/* SPDX-License-Identifier: Apache-2.0 */
/* Who is it, and does the client know the password: a response against the user file. */
#ifndef NTLM_PASSWORD_H
#define NTLM_PASSWORD_H

#include "ntlm_credential.h"
#include "ntlm_response.h"
#include "store_nt_users.h"

/* A user whose response is right. Wipe it. */
struct ntlm_login {
    char user[STORE_USERS_NAME_LIMIT + 1]; /* as in the file */
    char domain[STORE_USERS_NAME_LIMIT + 1];
    uint8_t base_key[NTLM_KEY_LEN]; /* SessionBaseKey */
};

/* Checks the response of the user that `message` names to `challenge`. SEC_E_OK: *ret_login.
 * Unknown users and wrong passwords are refused alike (SEC_E_LOGON_DENIED) and after the same work;
 * SEC_E_INVALID_TOKEN: a name that is not UTF-16. Never waits. */
SECURITY_STATUS ntlm_password_check(const struct ntlm_credential *credential, struct hash_run *run,
                                    const uint8_t challenge[NTLM_CHALLENGE_LEN],
                                    const struct ntlm_authenticate *message,
                                    const struct ntlm_response *response,
                                    struct ntlm_login *ret_login,
                                    struct sspi_report *report) SSPI_MUST_USE;

#endif
