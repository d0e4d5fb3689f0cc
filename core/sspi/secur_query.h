/* SPDX-License-Identifier: Apache-2.0 */
/* QueryContextAttributes and FreeContextBuffer (sspi.h), and Windows' form of time. */
#ifndef SECUR_QUERY_H
#define SECUR_QUERY_H

#include "sspi.h"

/* Converts milliseconds since 1970 to a FILETIME. A time that does not fit, as UINT64_MAX, becomes
 * the constant maximum 0x7FFFFFFFFFFFFFFF. Pure. */
TimeStamp secur_query_timestamp(uint64_t time_ms);

#endif
