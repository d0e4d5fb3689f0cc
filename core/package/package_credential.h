/* SPDX-License-Identifier: Apache-2.0 */
/* A credential of one package, as both callers of a package hold it: core/sspi behind a handle,
 * core/request in a set. */
#ifndef PACKAGE_CREDENTIAL_H
#define PACKAGE_CREDENTIAL_H

#include "package.h"
#include "ref.h"

/* Constant after it is made, so that several threads may use it at a time. */
struct package_credential {
    struct ref ref;
    const struct package *package;
    void *data; /* the package's own; released with the last owner */
};

/* Makes a credential of `package` whose owner is the caller. SEC_E_UNKNOWN_CREDENTIALS:
 * `data` breaks the rules of sspi_acceptor.h. Other statuses are the package's acquire(). On an
 * error `error_info` has a reason and a text. */
SECURITY_STATUS package_credential_new(const struct package *package,
                                       const SSPI_ACCEPTOR_DATA *data,
                                       struct package_credential **ret_credential,
                                       struct sspi_error_info *error_info) MUST_USE;

/* See ref.h. */
struct package_credential *package_credential_ref(struct package_credential *credential);
void package_credential_unref(struct package_credential *credential);

#endif
