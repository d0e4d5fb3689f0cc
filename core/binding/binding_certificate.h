/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates that each listening TLS context may have sent to its clients, as channel
 * bindings. */
#ifndef BINDING_CERTIFICATE_H
#define BINDING_CERTIFICATE_H

#include "binding_channel.h"

/* The most certificates of one TLS context: one for each key type. OpenSSL 3.0 has nine. */
#define BINDING_CANDIDATES_LIMIT 16

/* The certificates that one TLS context may have sent to its clients. */
struct binding_candidates {
    struct binding item[BINDING_CANDIDATES_LIMIT];
    size_t n_items;
    /* A certificate has a signature algorithm without a single hash (Ed25519, Ed448). RFC 5929
     * defines no binding for it. */
    bool incomplete;
};

/* Adds the binding of the first certificate of a PEM file to `to`. In a chain, the first
 * certificate is the server's own. False: `error` says what is wrong with the file. Blocks on the
 * file. */
bool binding_read_certificate(const char *path, struct binding_candidates *to, char *error,
                              size_t error_size) MUST_USE;

struct binding_table;

/* NULL: out of memory. */
struct binding_table *binding_table_new(void) MUST_USE;
void binding_table_free(struct binding_table *table);

/* Records the certificates of `ctx`, if they are not recorded yet. Changes and restores the current
 * certificate of `ctx`, so call it before the context serves. The table stores the pointer as a key
 * and takes no reference. False: out of memory. */
bool binding_table_add(struct binding_table *table, SSL_CTX *ctx) MUST_USE;

/* True if each certificate of a recorded context has a binding. */
bool binding_table_is_complete(const struct binding_table *table, const SSL_CTX *ctx);

/* Returns the candidates of an open connection, or NULL if they are not known. Candidates that are
 * not in the table are written to `scratch`. `host` is the context of the host that the request
 * names; NULL: the connection's own.
 * - The host is the connection's own. The candidates are the certificates of its context. If the
 *   server loaded another certificate for the handshake, the candidate is that one. (For a resumed
 *   session, SSL_get_certificate() may return another certificate than the client saw.)
 * - The host is another one. The candidates are the certificates of that host, because its clients
 *   see one of them. A relay chooses by SNI which certificate the server sends, so that certificate
 *   does not count. */
const struct binding_candidates *binding_table_find(const struct binding_table *table, SSL *ssl,
                                                    const SSL_CTX *host,
                                                    struct binding_candidates *scratch);

#endif
