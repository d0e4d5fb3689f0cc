/* SPDX-License-Identifier: Apache-2.0 */
/* What an NTLM credential holds: who knows the users, the algorithms, who we say we are. Read-only
 * once made, so that any number of threads may use it. */
#ifndef NTLM_CREDENTIAL_H
#define NTLM_CREDENTIAL_H

#include <limits.h>

#include "clock.h"
#include "ntlm_winbind.h"
#include "sspi.h"

struct ntlm_credential {
    const struct clock *clock; /* the machine's; tests put their own here */
    struct ntlm_crypto crypto;
    struct sspi_winbind *winbind;                /* verifies; NULL: `users` do */
    struct sspi_users *users;                    /* NULL with winbind */
    struct sspi_users *own_users;                /* the same when it was opened here, else NULL */
    char nb_computer[NTLM_WINBIND_NB_LIMIT + 1]; /* winbind tells its own */
    char dns_computer[HOST_NAME_MAX + 1];
};

/* As struct package's acquire. Winbind in `data` wins; else the users are those of a file with
 * NT lines (store_users.h), from the same places of `data` and the environment as WDigest's;
 * where none of them names any, winbind is asked here for the names, which blocks. It keeps
 * references of its own to Winbind and Users. */
SECURITY_STATUS ntlm_credential_new(const SSPI_ACCEPTOR_DATA *data,
                                    struct ntlm_credential **ret_credential,
                                    struct sspi_error_info *error_info) MUST_USE;

void ntlm_credential_free(struct ntlm_credential *credential);

/* Reads users that were opened here again when their file changed; who shares users with us does so
 * himself. */
void ntlm_credential_refresh(struct ntlm_credential *credential);

#endif
