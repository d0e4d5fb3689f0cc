/* SPDX-License-Identifier: Apache-2.0 */
/* What GSSAPI tells of a client beside its name. */
#ifndef KERBEROS_CLIENT_H
#define KERBEROS_CLIENT_H

#include <gssapi/gssapi.h>

#include "kerberos_pac.h"

/* The SIDs in the PAC of the ticket of an established context, which the KDC's signature vouches
 * for. OK with none where there is no PAC, or none with SIDs (MIT's KDC). MALFORMED: there is one
 * that cannot be read. No network.
 */
enum kerberos_pac_status kerberos_client_sids(gss_ctx_id_t context,
                                              struct kerberos_pac_sids *ret_sids) MUST_USE;

#endif
