/* SPDX-License-Identifier: Apache-2.0 */
/* The packages there are, and copies of what they say of themselves. */
#ifndef SECUR_PACKAGES_H
#define SECUR_PACKAGES_H

#include "bytes.h"
#include "sspi.h"

struct package;

/* The package of that name or alias, without case; NULL when there is none or `name` is NULL. */
const struct package *secur_packages_find(const char *name);

/* The package that knows credential caches (use_ccache); NULL when none does. */
const struct package *secur_packages_with_ccache(void);

/* An array of `n` descriptions in one malloc'ed block with all their strings behind it, for
 * FreeContextBuffer. SEC_E_OK sets *ret_info; SEC_E_INSUFFICIENT_MEMORY. Pure. */
SECURITY_STATUS secur_packages_copy_a(const struct package *const *packages, size_t n,
                                      SecPkgInfoA **ret_info) MUST_USE;
SECURITY_STATUS secur_packages_copy_w(const struct package *const *packages, size_t n,
                                      SecPkgInfoW **ret_info) MUST_USE;

#endif
