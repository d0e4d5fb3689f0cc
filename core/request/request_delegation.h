/* SPDX-License-Identifier: Apache-2.0 */
/* Gives the application tickets in the name of the verified user: a file whose name is in
 * SSPI_CCACHE. A job makes the file. It lives as long as the request, the login of its connection,
 * or the session. */
#ifndef REQUEST_DELEGATION_H
#define REQUEST_DELEGATION_H

#include "request_exchange.h"

/* Finds the file for the user of the exchange at this location, or begins a job that makes it.
 * SSPI_REASON_NONE: exchange->delegation.job must run. GRANTED: the exchange has a file, or does
 * not need one; a log entry says why there is none. Otherwise: why the request ends. */
enum sspi_reason request_delegation_find(struct sspi_exchange *exchange,
                                         const struct sspi_policy *policy) MUST_USE;

/* Returns the name of the file that the last step found. Absent: it found none. */
struct sspi_view request_delegation_name(const struct sspi_exchange *exchange);

#endif
