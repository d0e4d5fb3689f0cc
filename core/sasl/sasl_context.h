/* SPDX-License-Identifier: Apache-2.0 */
/* A SASL context: the layer over a package, the state of its exchange, and its options
 * (SaslSetContextOption, SaslGetContextOption). */
#ifndef SASL_CONTEXT_H
#define SASL_CONTEXT_H

#include "sasl_profile.h"
#include "package_layer.h"

/* The default of SASL_OPTION_RECV_SIZE and SASL_OPTION_SEND_SIZE (their pages). */
#define SASL_CONTEXT_SIZE 0xFFFF

enum sasl_state {
    SASL_BEGUN,     /* no call was made yet */
    SASL_ASKED,     /* the client sent nothing, and the server sent an empty challenge */
    SASL_LOGIN,     /* the package's exchange runs */
    SASL_SUSPENDED, /* GSSAPI: the package's last token was sent; the client must answer nothing */
    SASL_COOKIE,    /* GSSAPI: the server's cookie was sent; the client must answer with its own */
    SASL_ENDED
};

struct sasl_context {
    struct package_layer layer; /* first */
    const struct sasl_profile *profile;
    enum sasl_state state;
    uint8_t offered;      /* GSSAPI: the layers in the server's cookie, SASL_COOKIE_* */
    bool size_sent;       /* layer.receive_limit was sent to the client */
    bool forbids_authzid; /* SASL_OPTION_AUTHZ_PROCESSING */
    ULONG send_size;      /* SASL_OPTION_SEND_SIZE, as the caller set it */
    ULONG peer_size;      /* octets that the client accepts, less those that the package adds */
    struct bytes authzid; /* the authorization identity; empty: the client itself */
};

/* Returns the SASL context that `layer` belongs to. NULL: `layer` is NULL. */
struct sasl_context *sasl_context_of(struct package_layer *layer);

/* Sets the client's limit: `size` is the most octets of a sealed message that it accepts. Returns
 * an error if the package cannot say how many octets it adds. */
SECURITY_STATUS sasl_context_set_peer_size(struct sasl_context *sasl,
                                           const struct package_inner *below, ULONG size) MUST_USE;

/* Keeps the authorization identity, which the mechanism protects; empty: the client itself.
 * SEC_E_ALGORITHM_MISMATCH: the caller forbids it. SEC_E_INSUFFICIENT_MEMORY. */
SECURITY_STATUS sasl_context_take_authzid(struct sasl_context *sasl, struct sspi_view authzid,
                                          struct sspi_error_info *error_info) MUST_USE;

#endif
