/* SPDX-License-Identifier: Apache-2.0 */
/* Maps winbind's NTSTATUS (MS-ERREF 2.3.1) to the result of a login. Pure. */
#ifndef NTLM_WINBIND_STATUS_H
#define NTLM_WINBIND_STATUS_H

#include <stdint.h>

enum ntlm_winbind_status {
    NTLM_WINBIND_RIGHT,
    NTLM_WINBIND_WRONG,       /* wrong user or password, or this user may not log in here */
    NTLM_WINBIND_EXPIRED,     /* the password has expired */
    NTLM_WINBIND_LOCKED,      /* the account is locked, disabled or expired */
    NTLM_WINBIND_UNREACHABLE, /* winbind or the domain controller does not answer */
    NTLM_WINBIND_FORBIDDEN,   /* this process may not read winbind's privileged pipe */
    NTLM_WINBIND_FAILED       /* memory, or an answer that cannot be used */
};

/* Returned for a broken secure channel, and to a client of winbind that may not ask. */
#define NTLM_WINBIND_STATUS_ACCESS_DENIED 0xC0000022u

/* Never returns RIGHT. A status that is not in the table gives FAILED, because nothing is known
 * about the password. *ret_text describes the status for the administrator. It is static, and never
 * NULL. */
enum ntlm_winbind_status ntlm_winbind_status(uint32_t nt_status, const char **ret_text);

#endif
