/* SPDX-License-Identifier: Apache-2.0 */
/* The channel bindings of a TLS connection: tls-server-end-point names the server's certificate,
 * tls-exporter and tls-unique name one connection. */
#ifndef BINDING_CHANNEL_H
#define BINDING_CHANNEL_H

#include <openssl/ssl.h>

#include "bytes.h"

#define BINDING_PREFIX   "tls-server-end-point:"
#define BINDING_MAX_SIZE (sizeof(BINDING_PREFIX) - 1 + EVP_MAX_MD_SIZE)

/* The application data of one channel binding. */
struct binding {
    uint8_t data[BINDING_MAX_SIZE];
    size_t len;
};

/* tls-server-end-point (RFC 5929 section 4) of one certificate. The hash is that of its signature
 * algorithm; SHA-256 replaces MD5 and SHA-1 (RFC 5929 section 4.1). False: the RFC defines no
 * binding for it, or OpenSSL failed. */
bool binding_from_certificate(X509 *certificate, struct binding *ret_binding) MUST_USE;

/* tls-exporter (RFC 9266). It exists in TLS 1.3, and in TLS 1.2 with extended master secret.
 * Without that secret it would not be unique (RFC 9266 section 4.2). False: this connection has
 * none. */
bool binding_from_exporter(SSL *ssl, struct binding *ret_binding) MUST_USE;

/* tls-unique (RFC 5929 section 3), at the server: the first Finished message of the latest
 * handshake. It exists only in TLS 1.2 with extended master secret (reason: RFC 7627 section 6.3).
 * False: this connection has none. */
bool binding_from_finished(SSL *ssl, struct binding *ret_binding) MUST_USE;

#endif
