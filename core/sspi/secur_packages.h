/* SPDX-License-Identifier: Apache-2.0 */
/* The list of all packages, and copies of their descriptions (SecPkgInfo). */
#ifndef SECUR_PACKAGES_H
#define SECUR_PACKAGES_H

#include "bytes.h"
#include "sspi.h"

struct package;

/* Finds a package by its name or alias, without case. NULL: there is no such package, or `name` is
 * NULL. */
const struct package *secur_packages_find(const char *name);

/* Returns the package that has use_ccache. NULL: no package has it. */
const struct package *secur_packages_with_ccache(void);

/* Makes an array of `n` descriptions in one allocated block, which also has their strings. The
 * caller frees it with FreeContextBuffer. SEC_E_OK sets *ret_info. SEC_E_INSUFFICIENT_MEMORY. Pure.
 */
SECURITY_STATUS secur_packages_copy_a(const struct package *const *packages, size_t n,
                                      SecPkgInfoA **ret_info) MUST_USE;
SECURITY_STATUS secur_packages_copy_w(const struct package *const *packages, size_t n,
                                      SecPkgInfoW **ret_info) MUST_USE;

#endif
