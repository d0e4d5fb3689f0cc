/* SPDX-License-Identifier: Apache-2.0 */
/* What an established context knows, for callers inside the core. */
#ifndef SECUR_QUERY_H
#define SECUR_QUERY_H

#include <stdbool.h>

#include "sspi.h"

struct secur_context;
struct package_info;

/* The context's own record, without copies. NULL when the handle is not a live context, another
 * thread is inside AcceptSecurityContext with it, or it is not established. Borrowed: lives until
 * the next AcceptSecurityContext, CompleteAuthToken or DeleteSecurityContext on this context. */
const struct package_info *package_info(const CtxtHandle *context);

/* ASC_RET_* of an established context: the package's, and what holds for all packages. */
ULONG secur_query_attributes(const struct secur_context *context);

/* True when the next AcceptSecurityContext on this partial context may wait for another machine, so
 * that it belongs into a thread that may. False for a stale handle, and for one another thread is
 * inside AcceptSecurityContext with: the call itself says what is wrong then. */
bool secur_context_waits(const CtxtHandle *context);

/* Milliseconds since 1970 as a FILETIME; what does not fit, UINT64_MAX among it, is the constant
 * maximum 0x7FFFFFFFFFFFFFFF. Pure. */
TimeStamp secur_query_timestamp(uint64_t time_ms);

#endif
