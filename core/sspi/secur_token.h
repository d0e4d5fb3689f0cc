/* SPDX-License-Identifier: Apache-2.0 */
/* Access tokens (QuerySecurityContextToken): the client of a context as an account of this machine.
 */
#ifndef SECUR_TOKEN_H
#define SECUR_TOKEN_H

#include "secur_account.h"
#include "secur_context.h"

/* The name of the account that the context's client maps to, allocated; *ret_name is NULL where it
 * maps to none. SEC_E_INSUFFICIENT_MEMORY. The context is established. */
SECURITY_STATUS secur_token_local_name(const struct secur_context *context,
                                       char **ret_name) MUST_USE;

/* A new token, which holds on to the context; sspi_token_close() ends it. Statuses as
 * secur_account_find(). */
SECURITY_STATUS secur_token_make(struct secur_context *context,
                                 struct sspi_token **ret_token) MUST_USE;

#endif
