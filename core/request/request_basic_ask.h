/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the KDC or winbind about a password of Basic. A job asks, its result is remembered, and
 * other requests with the same password wait for it. */
#ifndef REQUEST_BASIC_ASK_H
#define REQUEST_BASIC_ASK_H

#include "package_password.h"
#include "request_basic_tries.h"

/* Verifies name and password of `who`, whom the job takes over. The limit is not reached. The
 * reasons are those of request_basic_evaluate(). */
enum sspi_reason request_basic_ask(struct sspi_exchange *exchange, const struct sspi_policy *policy,
                                   const struct package_password *in,
                                   struct request_basic_who *who) MUST_USE;

/* Takes the result of the job that an earlier step began (exchange->basic.job). */
enum sspi_reason request_basic_ask_end(struct sspi_exchange *exchange,
                                       const struct sspi_policy *policy) MUST_USE;

#endif
