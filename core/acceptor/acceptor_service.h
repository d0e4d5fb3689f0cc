/* SPDX-License-Identifier: Apache-2.0 */
/* The server as a client of the KDC: a credential for each keytab, SSPIClientPrincipal and list of
 * service names. It armors the passwords of Basic, and delegates. */
#ifndef ACCEPTOR_SERVICE_H
#define ACCEPTOR_SERVICE_H

#include "acceptor_source.h"
#include "kerberos_service_credential.h"

/* A list of them. The parent makes it. */
struct acceptor_service;

/* Adds the credential of `policy`, which uses `keytab`, unless it is there. Asks no KDC. False:
 * `why` (SSPI_ERROR_SIZE bytes) says why, for example that the keytab has no key for
 * SSPIClientPrincipal. */
bool acceptor_service_add(struct acceptor_service **list, struct acceptor_source *keytab,
                          const struct sspi_policy *policy, char *why) MUST_USE;

/* Returns the credential of `policy`, which lives as long as the list. NULL: there is none, because
 * a .htaccess file names other services than the configuration. */
struct kerberos_service_credential *acceptor_service_find(const struct acceptor_service *list,
                                                          const struct acceptor_source *keytab,
                                                          const struct sspi_policy *policy);

void acceptor_service_free(struct acceptor_service *list);

#endif
