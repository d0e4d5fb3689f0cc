/* SPDX-License-Identifier: Apache-2.0 */
/* Refuses an authenticator that is older than the memory of replays. New memory cannot know whether
 * the authenticator was used before it was made. */
#ifndef KERBEROS_AGE_H
#define KERBEROS_AGE_H

#include "kerberos_credential.h"

/* True if MIT may still accept at `now_ms` an authenticator that is older than the shared memory.
 * False without shared memory, because MIT's replay cache outlives a process. */
bool kerberos_age_matters(const struct kerberos_credential *credential, uint64_t now_ms);

/* In that case refuses (SEC_E_LOGON_DENIED) an authenticator that the client made at `made_ms`,
 * before the shared memory was made. */
SECURITY_STATUS kerberos_age_check(const struct kerberos_credential *credential, uint64_t made_ms,
                                   struct sspi_error_info *error_info) MUST_USE;

#endif
