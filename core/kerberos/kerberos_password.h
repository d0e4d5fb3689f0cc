/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies a user's password by the Kerberos KDC. First the name is read, then the KDC gives
 * initial credentials, then a ticket for a service of our keytab, which our own acceptor verifies.
 * Without that ticket, a forged KDC could accept any password. */
#ifndef KERBEROS_PASSWORD_H
#define KERBEROS_PASSWORD_H

#include "kerberos_service_credential.h"
#include "package_context.h"
#include "package_password.h"

/* The most services of the keytab that the KDC is asked for. An export of Active Directory has old
 * names, too. */
#define KERBEROS_PASSWORD_SERVICES_LIMIT 4

/* Borrowed for the call. */
struct kerberos_password_config {
    struct package_credential *credential; /* of kerberos_package: the keys that prove the KDC */
    /* The realms whose users are accepted. A name without a realm is one of the first realm.
     * n_realms 0: only the default realm of krb5.conf is accepted. */
    const struct sspi_view *realms;
    size_t n_realms;
    /* The host of the request. Its service is asked for first. Absent: any service. */
    struct sspi_view host;
    /* Its ticket armors the request, if the KDC supports FAST (RFC 6113). Then nobody on the way to
     * the KDC can guess the password offline. NULL: no armor. Without a principal that the KDC
     * takes as a client there is no armor, either. */
    struct kerberos_service_credential *service;
};

/* Waits for a KDC, so only a job calls it. SEC_E_OK: *ret_context is an established context of
 * config->credential, which the caller clears. It is the context of a service ticket, so that name,
 * groups and expiry are those of the user's own login by Kerberos. Its client is the user that `in`
 * names. Otherwise *ret_context is zero-initialised, and `error_info` says why:
 * SEC_E_LOGON_DENIED, or a status of kerberos_kdc.h. The text never says whether the user is
 * unknown or the password wrong. Any number of threads may call this at the same time. */
SECURITY_STATUS kerberos_password_verify(const struct kerberos_password_config *config,
                                         const struct package_password *in,
                                         struct package_context *ret_context,
                                         struct sspi_error_info *error_info) MUST_USE;

#endif
