/* SPDX-License-Identifier: Apache-2.0 */
/* The client of a context as an account of this machine: access tokens (QuerySecurityContextToken)
 * and impersonation (ImpersonateSecurityContext, RevertSecurityContext). */
#ifndef SECUR_TOKEN_H
#define SECUR_TOKEN_H

#include "bytes.h"
#include "sspi.h"

struct secur_context;

/* Makes a token of an established context. The token keeps the context alive until
 * sspi_token_close(). Statuses as account_find(). */
SECURITY_STATUS secur_token_make(struct secur_context *context,
                                 struct sspi_token **ret_token) MUST_USE;

#endif
