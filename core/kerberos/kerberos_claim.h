/* SPDX-License-Identifier: Apache-2.0 */
/* What a client said about its channel, read out of the authenticator: MIT's accept compares
 * bindings, and says nothing about one that fits no candidate. */
#ifndef KERBEROS_CLAIM_H
#define KERBEROS_CLAIM_H

#include <krb5/krb5.h>

#include "sspi_package.h"

/* Decrypts the authenticator of `message`, an AP-REQ that was accepted with these keys already:
 * nothing else of it is checked again, and no replay is recorded. `context` is used by one
 * thread at a time. False: libkrb5 failed, or there is no such key any more. */
bool kerberos_claim_read(krb5_context context, krb5_keytab keys, struct sspi_view message,
                         struct sspi_client_channel *ret_channel) SSPI_MUST_USE;

#endif
