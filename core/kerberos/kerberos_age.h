/* SPDX-License-Identifier: Apache-2.0 */
/* Is an authenticator older than the memory of replays? Then that memory cannot tell whether it was
 * used before: with memory that was lost, and memory that is new. */
#ifndef KERBEROS_AGE_H
#define KERBEROS_AGE_H

#include "kerberos_credential.h"

/* Whether an authenticator that was made before the shared memory may still come at `now_ms`. False
 * without shared memory: MIT's replay cache outlives a process. */
bool kerberos_age_matters(const struct kerberos_credential *credential, uint64_t now_ms);

/* Where that may be: refuses (SEC_E_LOGON_DENIED) an authenticator that its client made at
 * `made_ms`, before the shared memory was made. */
SECURITY_STATUS kerberos_age_check(const struct kerberos_credential *credential, uint64_t made_ms,
                                   struct sspi_report *report) SSPI_MUST_USE;

#endif
