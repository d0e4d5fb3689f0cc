/* SPDX-License-Identifier: Apache-2.0 */
/* Logout: sspi_exchange_log_out() of sspi_http.h. It ends the session of the request's cookie and
 * the login of the connection. Credentials that a client sends with each request have no end. */
#ifndef REQUEST_LOGOUT_H
#define REQUEST_LOGOUT_H

#include "request_exchange.h"

#endif
