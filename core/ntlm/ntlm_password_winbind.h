/* SPDX-License-Identifier: Apache-2.0 */
/* A response judged by winbind, in the words of an SSPI call. */
#ifndef NTLM_PASSWORD_WINBIND_H
#define NTLM_PASSWORD_WINBIND_H

#include "ntlm_message.h"
#include "ntlm_winbind.h"
#include "sspi.h"

/* As ntlm_password_check() with winbind. */
SECURITY_STATUS ntlm_password_winbind_check(struct sspi_winbind *winbind,
                                            const uint8_t challenge[NTLM_CHALLENGE_LEN],
                                            const struct ntlm_authenticate *message,
                                            struct ntlm_winbind_answer *ret_login,
                                            struct sspi_error_info *error_info) MUST_USE;

#endif
