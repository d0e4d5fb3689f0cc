/* SPDX-License-Identifier: Apache-2.0 */
/* What a client said of its channel, read out of the authenticator: MIT's accept compares bindings,
 * and tells nothing of one that it has nothing to compare with. */
#ifndef KERBEROS_CLAIM_H
#define KERBEROS_CLAIM_H

#include <krb5/krb5.h>

#include "binding_policy.h"

/* Decrypts the authenticator of `message`, an AP-REQ that was accepted with these keys already:
 * nothing else of it is checked again, and no replay is recorded. `context` is used by one
 * thread at a time. False: libkrb5 failed, or there is no such key any more. */
bool kerberos_claim_read(krb5_context context, krb5_keytab keys, struct sspi_view message,
                         enum binding_claim *ret_claim) SSPI_MUST_USE;

#endif
