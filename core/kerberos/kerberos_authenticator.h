/* SPDX-License-Identifier: Apache-2.0 */
/* Reads from a client's authenticator what MIT's accept does not return: the channel that the
 * client is bound to, and when it made the authenticator. MIT compares bindings, but does not
 * return a binding that matches no candidate. */
#ifndef KERBEROS_AUTHENTICATOR_H
#define KERBEROS_AUTHENTICATOR_H

#include <krb5/krb5.h>

#include "package.h"

struct kerberos_authenticator {
    struct package_client_channel channel;
    uint64_t made_ms; /* by the client's clock: ctime and cusec (RFC 4120 5.5.1) */
};

/* Decrypts the authenticator of `message`, an AP-REQ that MIT has accepted with these keys. This
 * repeats no other check, and records no replay. It adds half the cost of an accept. Only one
 * thread at a time may use `context`. False: libkrb5 failed, or the key does not exist any more. */
bool kerberos_authenticator_read(krb5_context context, krb5_keytab keys, struct sspi_view message,
                                 struct kerberos_authenticator *ret_authenticator) MUST_USE;

#endif
