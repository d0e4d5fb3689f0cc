/* SPDX-License-Identifier: Apache-2.0 */
/* AcquireCredentialsHandle and FreeCredentialsHandle (sspi.h), and the object behind a credential's
 * handle. */
#ifndef SECUR_CREDENTIALS_H
#define SECUR_CREDENTIALS_H

#include "package_credential.h"
#include "secur_handle.h"

/* It does not change after it is made, so several threads may read it. */
struct secur_credential {
    struct secur_object object;
    struct package_credential *credential; /* a reference */
};

/* AcquireCredentialsHandleA with `error_info` (never NULL). On an error it has a reason and a text.
 * On SEC_E_OK it is zeroed. `data` may be NULL. */
SECURITY_STATUS secur_credentials_acquire(const char *principal, const char *package, ULONG use,
                                          const SSPI_ACCEPTOR_DATA *data,
                                          CredHandle *ret_credential,
                                          struct sspi_error_info *error_info) MUST_USE;

#endif
