/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate with which a resumed TLS session began. A resumption sends no certificate, and
 * OpenSSL does not store the server's certificate with a session. So each session stores the
 * binding of the certificate that its client saw, as application data of its ticket. OpenSSL puts
 * these data into the sealed ticket and into the serialised session of a session cache.
 *
 * A client cannot change the data. The client has either the ticket or the id of a session that the
 * server stores. The server encrypts and authenticates the ticket with its ticket key (RFC 5077
 * section 4). */
#ifndef BINDING_SESSION_H
#define BINDING_SESSION_H

#include "binding_channel.h"

/* Makes the sessions that begin at `ctx` store the binding of the server's certificate. The parent
 * process calls this after the server has set its callbacks, and before the context serves. It sets
 * two callbacks of the context:
 * - the session ticket callback. nginx and mod_ssl do not use it. OpenSSL cannot tell whether it is
 *   set. If a module sets it later, the certificates of resumed sessions are unknown.
 * - the callback for new sessions, for TLS 1.2 without tickets. It calls the server's own callback
 *   next. All contexts of a process must have the same callback, or none. A context with another
 *   callback is not changed. */
void binding_session_keep(SSL_CTX *ctx);

/* The binding of the certificate that the client of `ssl` saw: in this handshake, or in the first
 * handshake of the resumed session. False: that certificate has no binding, or it is unknown. It is
 * unknown if the session began before binding_session_keep() or under another server name, or if
 * its application data belong to another module. */
bool binding_session_find(SSL *ssl, struct binding *ret_binding) MUST_USE;

/* True if the client resumed a session that began under another server name, or under no name. The
 * client chose this, and the certificate is unknown. */
bool binding_session_began_elsewhere(SSL *ssl) MUST_USE;

#endif
