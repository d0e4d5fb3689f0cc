/* SPDX-License-Identifier: Apache-2.0 */
/* A look into the authenticator of an AP-REQ, for what GSSAPI does not tell. */
#ifndef KERBEROS_AUTHENTICATOR_H
#define KERBEROS_AUTHENTICATOR_H

#include "bytes.h"

enum kerberos_authenticator_binding {
    KERBEROS_AUTHENTICATOR_UNBOUND, /* no checksum of RFC 4121, or an all-zero Bnd field in it */
    KERBEROS_AUTHENTICATOR_BOUND,   /* bound to some channel */
    KERBEROS_AUTHENTICATOR_FAILED   /* no memory, or the ticket does not decrypt with these keys */
};

/* Decrypts `ap_req` (its DER, without GSSAPI's framing) with the keytab of that name. Counts as no
 * use of the authenticator: whether it is a replay is not asked. */
enum kerberos_authenticator_binding kerberos_authenticator_binding(struct sspi_view ap_req,
                                                                   const char *keytab_name);

#endif
