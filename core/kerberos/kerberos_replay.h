/* SPDX-License-Identifier: Apache-2.0 */
/* Refuses a token that was used before. The replay table in the shared memory records tokens. MIT's
 * replay cache is used instead if there is no shared memory, or if the table is full. */
#ifndef KERBEROS_REPLAY_H
#define KERBEROS_REPLAY_H

#include "kerberos_verify.h"

/* SEC_E_OK: the token was not used before, and is recorded now. SEC_E_LOGON_DENIED: it was used
 * before, or the client made its authenticator before the shared memory began. This must be the
 * last check of a token, so that it records only tokens that the server accepts. */
SECURITY_STATUS kerberos_replay_check(struct kerberos_exchange *exchange) MUST_USE;

#endif
