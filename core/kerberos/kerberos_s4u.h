/* SPDX-License-Identifier: Apache-2.0 */
/* Constrained delegation (MS-SFU): the service gets tickets for other services in a user's name. It
 * proves by an evidence ticket that the user came: the ticket of the user's own login
 * (S4U2Proxy), or one that the KDC issues because it trusts the service (S4U2Self).
 *
 * Both functions block: they ask the KDC, and need a job. Any thread may call them. On failure the
 * statuses are:
 * - SEC_E_DELEGATION_POLICY, NO_DELEGATION: the KDC refuses; the text says what it refuses, and
 * what to change
 * - SEC_E_TARGET_UNKNOWN, NO_DELEGATION: the KDC does not know the target
 * - SEC_E_WRONG_PRINCIPAL, NO_DELEGATION: the KDC's ticket is for another user or service
 * - SEC_E_INVALID_PARAMETER, NO_DELEGATION: a name is not one of a principal
 * - as kerberos_service_credential_acquire() */
#ifndef KERBEROS_S4U_H
#define KERBEROS_S4U_H

#include "bytes.h"
#include "kerberos_service_credential.h"

/* S4U2Self. `user_principal` is "alice@REALM": one part without an escape, so that a name from
 * another source cannot become a service or another user. Appends the DER form of an evidence
 * ticket for the service itself. */
SECURITY_STATUS kerberos_s4u_self(struct kerberos_service_credential *service,
                                  const char *user_principal, struct bytes *ret_evidence,
                                  uint64_t *ret_end_ms,
                                  struct sspi_error_info *error_info) MUST_USE;

/* S4U2Proxy. `evidence` is the DER form of the user's ticket for the service. `target` is
 * "HTTP/backend" of the service's realm, or "HTTP/backend@REALM". Adds the ticket to the cache
 * `ccache_name`, which becomes the user's if it is empty or new. Never adds one that names another
 * user than `user_principal`, or another service than `target`. */
SECURITY_STATUS kerberos_s4u_proxy(struct kerberos_service_credential *service,
                                   const char *user_principal, struct sspi_view evidence,
                                   struct sspi_view target, const char *ccache_name,
                                   uint64_t *ret_end_ms,
                                   struct sspi_error_info *error_info) MUST_USE;

#endif
