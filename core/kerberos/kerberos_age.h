/* SPDX-License-Identifier: Apache-2.0 */
/* Is an authenticator older than the memory of replays? Then that memory cannot tell whether it was
 * used before: with memory that was lost, and memory that is new. */
#ifndef KERBEROS_AGE_H
#define KERBEROS_AGE_H

#include <krb5/krb5.h>

#include "kerberos_credential.h"

/* Refuses (SEC_E_LOGON_DENIED) an authenticator that its client made before the shared memory was
 * made. `message` is an AP-REQ that was accepted with the credential's keys, so that it is not
 * older than the clock skew at `now_ms`. Where nothing that old can come any more, nothing is read.
 * SEC_E_OK without shared memory: MIT's replay cache outlives a process. */
SECURITY_STATUS kerberos_age_check(struct kerberos_credential *credential, struct sspi_view message,
                                   uint64_t now_ms, struct sspi_report *report) SSPI_MUST_USE;

/* Decrypts the authenticator of such a message and tells its ctime and cusec (RFC 4120 5.5.1).
 * Nothing else is checked again, and no replay is recorded. `context` is used by one thread at a
 * time. False: libkrb5 failed. */
bool kerberos_age_read(krb5_context context, krb5_keytab keys, struct sspi_view message,
                       uint64_t *ret_made_ms) SSPI_MUST_USE;

#endif
