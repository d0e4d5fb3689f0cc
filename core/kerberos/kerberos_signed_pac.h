/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies the PAC of a ticket. MIT 1.21 and 1.22 say of each PAC that it is authenticated, also if
 * its signature or its client is wrong: verify_pac_checksums() of their pac.c marks the PAC as
 * verified before all checks have succeeded. krb5_pac_verify() itself returns the right status. */
#ifndef KERBEROS_SIGNED_PAC_H
#define KERBEROS_SIGNED_PAC_H

#include <krb5/krb5.h>

#include "bytes.h"

/* True if `ticket` (RFC 4120 5.3, in DER) has exactly one PAC, if one of the keys signed that PAC,
 * and if the PAC names the ticket's client and time. No network. Only one thread at a time may use
 * `context`. */
bool kerberos_has_signed_pac(krb5_context context, krb5_keytab keys,
                             struct sspi_view ticket) MUST_USE;

#endif
