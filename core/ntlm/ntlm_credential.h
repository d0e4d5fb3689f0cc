/* SPDX-License-Identifier: Apache-2.0 */
/* An NTLM credential: the source of the users, the algorithms, the names of the server. It does not
 * change after it was made, so any number of threads may use it. */
#ifndef NTLM_CREDENTIAL_H
#define NTLM_CREDENTIAL_H

#include <limits.h>

#include "clock.h"
#include "ntlm_winbind.h"
#include "sspi.h"

struct ntlm_credential {
    const struct clock *clock; /* the machine's clock; tests set their own */
    struct ntlm_crypto crypto;
    struct sspi_winbind *winbind; /* verifies clients; NULL: `users` do */
    struct sspi_users *users;     /* NULL with winbind */
    struct sspi_users *own_users; /* `users` if the credential opened them itself, otherwise NULL */
    char nb_computer[NTLM_WINBIND_NB_LIMIT + 1]; /* without winbind; winbind has its own */
    char dns_computer[HOST_NAME_MAX + 1];
};

/* Makes a credential as struct package's acquire does. It takes the first of these that is set, and
 * keeps its own references to Winbind and Users:
 *  - Winbind in `data`;
 *  - the users of a file with NT lines (store_users.h), from the same fields of `data` and the same
 *    environment variable as WDigest's;
 *  - winbind, which is asked for its names now. This blocks. */
SECURITY_STATUS ntlm_credential_new(const SSPI_ACCEPTOR_DATA *data,
                                    struct ntlm_credential **ret_credential,
                                    struct sspi_error_info *error_info) MUST_USE;

void ntlm_credential_free(struct ntlm_credential *credential);

/* Reads users that the credential opened again if their file changed. Users that the caller passed
 * are reloaded by the caller. */
void ntlm_credential_refresh(struct ntlm_credential *credential);

#endif
