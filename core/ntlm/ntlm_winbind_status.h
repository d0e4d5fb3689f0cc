/* SPDX-License-Identifier: Apache-2.0 */
/* What winbind's NTSTATUS (MS-ERREF 2.3.1) means for a login. Pure. */
#ifndef NTLM_WINBIND_STATUS_H
#define NTLM_WINBIND_STATUS_H

#include <stddef.h>
#include <stdint.h>

enum ntlm_winbind_status {
    NTLM_WINBIND_RIGHT,
    NTLM_WINBIND_WRONG, /* user or password; also disabled, expired, locked: text says which */
    NTLM_WINBIND_UNREACHABLE, /* winbind or the domain controller does not answer */
    NTLM_WINBIND_FORBIDDEN,   /* this process may not read winbind's privileged pipe */
    NTLM_WINBIND_FAILED       /* memory, or an answer that cannot be used */
};

/* Said of a broken secure channel, and of a client of winbind that may not ask. */
#define NTLM_WINBIND_STATUS_ACCESS_DENIED 0xC0000022u

/* Never RIGHT. One that is not in our table is FAILED: it says nothing that is known of the
 * password. *ret_text: what it is, for the administrator; static, never NULL. */
enum ntlm_winbind_status ntlm_winbind_status(uint32_t nt_status, const char **ret_text);

#endif
