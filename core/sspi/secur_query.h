/* SPDX-License-Identifier: Apache-2.0 */
/* What an established context knows, for callers inside the core. */
#ifndef SECUR_QUERY_H
#define SECUR_QUERY_H

#include <stdbool.h>

#include "sspi.h"

struct secur_context;
struct package_info;

/* ASC_RET_* of an established context: the package's, and what holds for all packages. */
ULONG secur_query_attributes(const struct secur_context *context);

/* Milliseconds since 1970 as a FILETIME; what does not fit, UINT64_MAX among it, is the constant
 * maximum 0x7FFFFFFFFFFFFFFF. Pure. */
TimeStamp secur_query_timestamp(uint64_t time_ms);

#endif
