/* SPDX-License-Identifier: Apache-2.0 */
/* AcquireCredentialsHandle for callers inside the core, who also want to know why it failed. */
#ifndef SECUR_CREDENTIALS_H
#define SECUR_CREDENTIALS_H

#include "bytes.h"
#include "sspi.h"

/* As AcquireCredentialsHandleA (parameters, statuses, blocking, threads), with a report: never
 * NULL, filled on a refusal, zeroed on SEC_E_OK. `data` may be NULL. */
SECURITY_STATUS secur_credentials_acquire(const char *principal, const char *package, ULONG use,
                                          const SSPI_ACCEPTOR_DATA *data,
                                          CredHandle *ret_credential,
                                          struct sspi_error_info *error_info) MUST_USE;

#endif
