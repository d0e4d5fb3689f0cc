/* SPDX-License-Identifier: Apache-2.0 */
/* For the files msdocs_sasl*: a client of the mechanism GSSAPI (RFC 4752 3.1) in the same program,
 * and a server with SaslAcceptSecurityContext. */
#ifndef MSDOCS_SASL_H
#define MSDOCS_SASL_H

#include "msdocs_call.h"

#include "negotiate_client.h"

#define SERVICE "HTTP@localhost"

/* Flags of a client that wants all, and of a server that offers all. */
#define CLIENT_FLAGS                                                                               \
    (GSS_C_MUTUAL_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG | GSS_C_REPLAY_FLAG |                  \
     GSS_C_SEQUENCE_FLAG)
#define SERVER_FLAGS (ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY)

/* http.keytab of the realm, by the profiles GSSAPI and GSS-SPNEGO. */
extern CredHandle gssapi;
extern CredHandle spnego;

struct exchange {
    struct client client;
    struct msdocs_call call; /* the server's last call */
    CtxtHandle context;
    bool begun;
    uint8_t layers; /* in the server's cookie */
    uint32_t size;
};

/* A new exchange; nothing is sent yet. */
void exchange_open(struct exchange *e, OM_uint32 client_flags, ULONG server_flags);
void exchange_close(struct exchange *e);

/* One message of the client's to the server. */
SECURITY_STATUS exchange_say(struct exchange *e, const void *data, size_t len);

/* Up to the server's cookie, which is read. */
void exchange_to_cookie(struct exchange *e);

/* The client's cookie around these octets. */
SECURITY_STATUS exchange_answer(struct exchange *e, const void *cookie, size_t len);

/* A whole exchange that ends in `layer`; the client accepts messages of `size` octets. */
void exchange_complete(struct exchange *e, uint8_t layer, uint32_t size);

/* gss_wrap() by the client. */
void exchange_wrap(struct exchange *e, bool encrypt, struct sspi_view message,
                   struct bytes *ret_token);

/* gss_unwrap() by the client. False: refused. */
bool exchange_unwrap(struct exchange *e, struct sspi_view token, struct bytes *ret_message,
                     bool *ret_encrypted);

/* msdocs_sasl_layers.c */
void the_initial_server_cookie_indicates_integrity_and_privacy(void **unused);
void the_final_services_are_what_the_client_requests(void **unused);
void a_layer_that_was_not_offered_is_refused(void **unused);
void a_cookie_that_fails_to_decrypt_is_an_invalid_token(void **unused);
void a_cookie_that_breaks_its_rules_is_an_invalid_token(void **unused);
void messages_keep_to_the_sizes(void **unused);
void messages_keep_to_the_layer(void **unused);
void sizes_are_options(void **unused);

#endif
