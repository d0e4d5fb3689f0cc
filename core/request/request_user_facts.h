/* SPDX-License-Identifier: Apache-2.0 */
/* What an adapter may ask about the verified user after a step: the functions
 * sspi_exchange_is_bound() to sspi_exchange_group_variable() of sspi_http.h. They only read the
 * identity, so they need no step. httpd's Require lines and the variables of both servers ask them.
 */
#ifndef REQUEST_USER_FACTS_H
#define REQUEST_USER_FACTS_H

#include "request_exchange.h"

#endif
