/* SPDX-License-Identifier: Apache-2.0 */
/* One step: applies a policy to a request, and decides for one reason of sspi_reasons.def. From
 * that reason come the status of the result and its counter. sspi_http.h declares the public
 * functions, such as sspi_exchange_step(). */
#ifndef REQUEST_STEP_H
#define REQUEST_STEP_H

#include "request_exchange.h"

#endif
