/* SPDX-License-Identifier: Apache-2.0 */
/* For the conformance tests: MIT's initiator on one side, and a package of this library on the
 * other. */
#ifndef NEGOTIATE_CLIENT_H
#define NEGOTIATE_CLIENT_H

#include <gssapi/gssapi.h>

#include "package.h"

/* An initiator. `binding` is the application data of its channel binding; NULL: no binding. */
struct client {
    gss_ctx_id_t gss;
    gss_OID mechanism;
    gss_cred_id_t credential;
    const char *service; /* "HTTP@localhost" */
    const char *binding;
    OM_uint32 flags;
    bool done;
};

/* Runs one leg. `input` is the acceptor's token, empty at first. *ret_token receives the token to
 * send. */
void client_step(struct client *client, struct sspi_view input, struct bytes *ret_token);
void client_end(struct client *client);

/* Returns the whole first token of a new client. */
void client_token(gss_OID mechanism, const char *service, const char *binding, OM_uint32 flags,
                  struct bytes *ret_token);

extern gss_OID_desc spnego_mechanism;
extern gss_OID_desc krb5_mechanism;

/* One context of this library. */
struct server {
    const struct package *package;
    void *credential;
    void *context;
    const char *bindings[4]; /* the candidates; NULL ends the list */
    ULONG requirements;
    bool reads_client_binding;
    struct bytes answer;
    struct sspi_error_info error_info;
};

SECURITY_STATUS server_step(struct server *server, struct sspi_view token);
void server_end(struct server *server);

/* Builds a NegTokenInit around `token`. */
void wrap_init(const struct sspi_view *oids, size_t n_oids, struct sspi_view token,
               struct bytes *to);

#endif
