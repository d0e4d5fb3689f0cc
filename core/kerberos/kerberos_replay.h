/* SPDX-License-Identifier: Apache-2.0 */
/* Refuses a token that was used before: by the replay table in the shared memory, or by MIT's
 * replay cache if there is no shared memory or the table is full. */
#ifndef KERBEROS_REPLAY_H
#define KERBEROS_REPLAY_H

#include "kerberos_verify.h"

/* SEC_E_OK: the token was not used before, and is recorded. SEC_E_LOGON_DENIED: it was used before,
 * or the client made its authenticator before the shared memory began. Must
 * be the last check of a token, because it records only tokens that the server accepts. */
SECURITY_STATUS kerberos_replay_check(struct kerberos_exchange *exchange) MUST_USE;

#endif
