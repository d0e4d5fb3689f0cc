/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates that each listening TLS context may have sent to its clients, as channel
 * bindings.
 */
#ifndef BINDING_CERTIFICATE_H
#define BINDING_CERTIFICATE_H

#include "binding_channel.h"

/* Certificates one TLS context may hold: one a key type; OpenSSL 3.0 has nine. */
#define BINDING_CANDIDATES_LIMIT 16

/* What one TLS context may have shown to its clients. */
struct binding_candidates {
    struct binding item[BINDING_CANDIDATES_LIMIT];
    size_t n_items;
    /* Some certificate has a signature algorithm without a single hash (Ed25519, Ed448): RFC 5929
     * defines no binding for it. */
    bool incomplete;
};

/* Adds the binding of the first certificate of a PEM file, which is the server's own where a chain
 * follows. False: `error` says what is wrong with the file. Blocks on it. */
bool binding_read_certificate(const char *path, struct binding_candidates *to, char *error,
                              size_t error_size) MUST_USE;

struct binding_table;

/* NULL: memory. */
struct binding_table *binding_table_new(void) MUST_USE;
void binding_table_free(struct binding_table *table);

/* Records the certificates of `ctx`, once; moves and restores its current certificate, so call it
 * before the context serves. The pointer is the key and is not kept alive. False: memory. */
bool binding_table_add(struct binding_table *table, SSL_CTX *ctx) MUST_USE;

/* True when each certificate of a recorded context has a binding. */
bool binding_table_is_complete(const struct binding_table *table, const SSL_CTX *ctx);

/* Returns the candidates of an open connection. Those that are not in the table are written to
 * `scratch`. `host` is the context of the host that the request names; NULL: the connection's own.
 * - The host is the connection's own: the certificates of its context, or the one that the client
 *   saw if the server loaded it for the handshake. (For a resumed session, SSL_get_certificate()
 *   may return another certificate than the client saw.)
 * - The host is another one: the certificates of that host, because its clients see one of them. A
 *   relay chooses by SNI which certificate the server sends, so that certificate does not count.
 *   NULL: not known. */
const struct binding_candidates *binding_table_find(const struct binding_table *table, SSL *ssl,
                                                    const SSL_CTX *host,
                                                    struct binding_candidates *scratch);

#endif
