/* SPDX-License-Identifier: Apache-2.0 */
/* What a client said in its authenticator and MIT's accept does not tell: which channel it is bound
 * to (accept compares bindings, and says nothing about one that fits no candidate), and when it
 * made the authenticator. */
#ifndef KERBEROS_AUTHENTICATOR_H
#define KERBEROS_AUTHENTICATOR_H

#include <krb5/krb5.h>

#include "sspi_package.h"

struct kerberos_authenticator {
    struct sspi_client_channel channel;
    uint64_t made_ms; /* by the client's clock: ctime and cusec (RFC 4120 5.5.1) */
};

/* Decrypts the authenticator of `message`, an AP-REQ that was accepted with these keys already:
 * nothing else of it is checked again, and no replay is recorded. It costs half as much again as an
 * accept. `context` is used by one thread at a time. False: libkrb5 failed, or there is no such key
 * any more. */
bool kerberos_authenticator_read(krb5_context context, krb5_keytab keys, struct sspi_view message,
                                 struct kerberos_authenticator *ret_authenticator) SSPI_MUST_USE;

#endif
