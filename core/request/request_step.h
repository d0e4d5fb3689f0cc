/* SPDX-License-Identifier: Apache-2.0 */
/* One step: applies a policy to a request, and decides for one reason of sspi_reasons.def. That
 * reason says the status of the result and what is counted. The public functions are in
 * sspi_http.h.
 */
#ifndef REQUEST_STEP_H
#define REQUEST_STEP_H

#include "request_exchange.h"

#endif
