/* SPDX-License-Identifier: Apache-2.0 */
/* AcquireCredentialsHandle and FreeCredentialsHandle (sspi.h), and the object behind a credential's
 * handle. */
#ifndef SECUR_CREDENTIALS_H
#define SECUR_CREDENTIALS_H

#include "package_credential.h"
#include "secur_handle.h"

/* Constant after it is made, so that several threads may read it. */
struct secur_credential {
    struct secur_object object;
    struct package_credential *credential; /* a reference */
};

/* AcquireCredentialsHandleA with an error_info, which is never NULL: it has a reason and a text on
 * an error and is zeroed on SEC_E_OK. `data` may be NULL. */
SECURITY_STATUS secur_credentials_acquire(const char *principal, const char *package, ULONG use,
                                          const SSPI_ACCEPTOR_DATA *data,
                                          CredHandle *ret_credential,
                                          struct sspi_error_info *error_info) MUST_USE;

#endif
