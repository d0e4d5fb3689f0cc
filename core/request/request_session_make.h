/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the cookie of a session after a login, and renews it. */
#ifndef REQUEST_SESSION_MAKE_H
#define REQUEST_SESSION_MAKE_H

#include "request_exchange.h"

/* Makes a session of the login that this step granted, or renews the session that granted it, once
 * for each request. It fills exchange->session.line. It makes none if the client sent a good cookie
 * of the same login, if sessions do not count at `policy`, or if the cookie would be too large,
 * which a log entry says. The login is valid in any case. */
void request_session_make(struct sspi_exchange *exchange, const struct sspi_policy *policy);

#endif
