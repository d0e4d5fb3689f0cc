/* SPDX-License-Identifier: Apache-2.0 */
/* The initiator's side of Kerberos, with tickets that are in a credential cache. */
#ifndef KERBEROS_INITIATE_H
#define KERBEROS_INITIATE_H

#include "bytes.h"
#include "sspi.h"

/* Appends the token with which the client of `ccache` logs in at `target`, "HTTP/host@REALM": an
 * AP-REQ in GSS framing, without mutual authentication and delegation. `client`: the principal that
 * the cache must belong to; NULL: any. If the cache has no ticket for `target`, this asks the KDC
 * for one, so it may block. It reads no other cache and no client keytab. */
SECURITY_STATUS kerberos_initiate_token(const char *ccache, const char *client, const char *target,
                                        struct bytes *ret_token,
                                        struct sspi_error_info *error_info) MUST_USE;

/* True if the cache has a ticket for `target` that has not ended, so that kerberos_initiate_token()
 * does not ask the KDC. Blocks on the file system. */
bool kerberos_initiate_has_ticket(const char *ccache, const char *target) MUST_USE;

#endif
