/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate that a resumed TLS session began with. A resumption sends no certificate, and
 * OpenSSL does not store the server's certificate with a session. So each session keeps the binding
 * of the certificate that its client saw, as application data of its ticket. OpenSSL stores these
 * data in the sealed ticket and in the serialised session of a session cache.
 *
 * A client cannot change them: it holds the ticket, which the server encrypts and authenticates
 * with its ticket key (RFC 5077 section 4), or the id of a session that the server holds. */
#ifndef BINDING_SESSION_H
#define BINDING_SESSION_H

#include "binding_channel.h"

/* Makes the sessions that begin at `ctx` keep the binding of the server's certificate. Parent only,
 * after the server has set its callbacks and before the context serves. It takes two callbacks of
 * the context:
 * - the session ticket callback. nginx and mod_ssl do not use it, and OpenSSL cannot tell whether
 *   it is set. A module that sets it later replaces this one; resumed sessions are unknown then.
 * - the callback for new sessions, for TLS 1.2 without tickets. It calls the server's own callback
 *   next. All contexts of a process must have the same callback, or none. A context with another
 *   callback is not changed. */
void binding_session_keep(SSL_CTX *ctx);

/* The binding of the certificate that the client of `ssl` saw: in this handshake, or in the first
 * handshake of the resumed session. False: that certificate has no binding, or it is not known. It
 * is not known if the session began before binding_session_keep() or under another server name, or
 * if its application data are of another module. */
bool binding_session_find(SSL *ssl, struct binding *ret_binding) MUST_USE;

/* True if the client resumed a session that began under another server name, or under no name. The
 * client chose this, and the certificate is unknown. */
bool binding_session_began_elsewhere(SSL *ssl) MUST_USE;

#endif
