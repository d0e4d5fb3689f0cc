/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of an acceptor: opened resources by name, and what the exchanges share. */
#ifndef HTTP_ACCEPTOR_H
#define HTTP_ACCEPTOR_H

#include <pthread.h>

#include "binding_certificate.h"
#include "http_credentials.h"
#include "http_messages.h"
#include "sspi_http.h"

/* One keytab or user file that a directive names. */
struct http_resource {
    struct http_resource *next;
    enum sspi_option option; /* KEYTAB or DIGEST_USER_FILE */
    char *name;              /* as the directive says; NULL: MIT's default keytab */
    struct sspi_keytab *keytab;
    struct sspi_users *users;
};

/* Changed by the parent alone, before workers exist; `credentials` locks itself. */
struct sspi_acceptor {
    struct sspi_acceptor_config config;
    struct http_resource *resources;
    struct binding_table *tls;
    struct sspi_state *state;
    char *default_realm; /* of krb5.conf, for the short form of names; NULL: none */
    struct sspi_record *records;
    size_t n_records, n_told;
    struct http_credentials credentials;
};

/* The open resource that `policy` uses for `option`; NULL when it was not opened at start. */
struct http_resource *http_acceptor_resource(const struct sspi_acceptor *acceptor,
                                             const struct sspi_policy *policy,
                                             enum sspi_option option);

/* Reads the resource again when its file changed; true when `ret_record` tells of it. */
bool http_acceptor_refresh(struct http_resource *resource, uint64_t now_ms,
                           struct sspi_record *ret_record);

#endif
