/* SPDX-License-Identifier: Apache-2.0 */
/* The name that a user types beside a password, as the name of a principal. Pure. */
#ifndef KERBEROS_USER_H
#define KERBEROS_USER_H

#include "bytes.h"
#include "sspi.h"

/* The most octets of a user's name, without its realm. */
#define KERBEROS_USER_LIMIT 256

/* Views of the typed text and of the list of realms. */
struct kerberos_user {
    struct sspi_view name;
    struct sspi_view realm;
};

/* Reads "alice" or "alice@REALM". The realm is one of `realms`. If no realm equals the typed one,
 * one that differs only by the case of ASCII letters is taken. A name without a realm gets the
 * first one (n_realms > 0).
 *
 * The name is one component of a principal. A name with a slash belongs to a service, a KDC or an
 * administrator. A name that ends with $ is a computer's, whose password may be its name. A
 * backslash begins an escape, or separates a Windows domain. All of these are refused, because no
 * KDC needs to be asked about them. SEC_E_LOGON_DENIED: `error_info` says why. */
SECURITY_STATUS kerberos_user_read(struct sspi_view typed, const struct sspi_view *realms,
                                   size_t n_realms, struct kerberos_user *ret_user,
                                   struct sspi_error_info *error_info) MUST_USE;

#endif
