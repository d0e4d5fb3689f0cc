/* SPDX-License-Identifier: Apache-2.0 */
/* Channel bindings that name one TLS connection, not a certificate: tls-exporter and tls-unique. */
#ifndef BINDING_CHANNEL_H
#define BINDING_CHANNEL_H

#include "binding_certificate.h"

/* tls-exporter (RFC 9266): TLS 1.3, or 1.2 with extended master secret, without which it would not
 * be unique (RFC 9266 section 4.2). False: this connection has none. */
bool binding_from_exporter(SSL *ssl, struct binding *ret_binding) MUST_USE;

/* tls-unique (RFC 5929 section 3), of the server's end: the first Finished message of the latest
 * handshake. TLS 1.2 with extended master secret alone (RFC 7627 section 6.3 on why). False: this
 * connection has none. */
bool binding_from_finished(SSL *ssl, struct binding *ret_binding) MUST_USE;

#endif
