/* SPDX-License-Identifier: Apache-2.0 */
/* Constrained delegation to a set of targets: a new credential cache of the user, which has only
 * the user's tickets for these targets. */
#ifndef KERBEROS_CONSTRAINED_H
#define KERBEROS_CONSTRAINED_H

#include "kerberos_s4u.h"

/* Borrowed for the call. */
struct kerberos_constrained {
    struct kerberos_service_credential *service;
    const char *user;          /* the principal */
    struct sspi_view evidence; /* the user's ticket; absent: the KDC issues one (S4U2Self) */
    const struct sspi_view *targets;
    size_t n_targets;
};

/* Gets a ticket for each target. SEC_E_OK: the caller ends *ret_ccache with
 * kerberos_delegation_free(), and *ret_end_ms is when the first of its tickets ends. Otherwise as
 * kerberos_s4u_proxy(), and there is no cache. Waits for the KDC, so only a job calls it. */
SECURITY_STATUS kerberos_constrained_get(const struct kerberos_constrained *constrained,
                                         char **ret_ccache, uint64_t *ret_end_ms,
                                         struct sspi_error_info *error_info) MUST_USE;

#endif
