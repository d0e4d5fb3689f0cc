/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of an acceptor: opened resources by name, and what the exchanges share. */
#ifndef HTTP_ACCEPTOR_H
#define HTTP_ACCEPTOR_H

#include <pthread.h>

#include "binding_certificate.h"
#include "hash.h"
#include "http_credentials.h"
#include "http_gate.h"
#include "http_messages.h"
#include "http_proxies.h"
#include "http_resource.h"
#include "http_user_mark.h"
#include "sspi_http.h"

/* Changed by the parent alone, before workers exist; `credentials`, `gate` and `told` lock
 * themselves. */
struct sspi_acceptor {
    struct sspi_acceptor_config config;
    struct http_resource *resources;
    struct binding_table *tls;
    struct hash_suite hashes; /* for channel bindings and marks of users */
    struct sspi_state *state;
    char *default_realm; /* of krb5.conf, for the short form of names; NULL: none */
    struct sspi_log_entry *records;
    size_t n_records, n_told;
    struct http_credentials credentials;
    struct http_gate *gate; /* before logins that wait for a domain controller */
    struct http_proxies_told told;
    uint8_t mark_key[HTTP_USER_MARK_KEY_LEN]; /* random; only this acceptor has it */
};

#endif
