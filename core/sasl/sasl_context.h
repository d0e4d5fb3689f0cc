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
    SASL_BEGUN,     /* no message came yet */
    SASL_ASKED,     /* only an empty message came, and the client was asked to begin */
    SASL_LOGIN,     /* the package's own exchange */
    SASL_SUSPENDED, /* GSSAPI: the package's last token was sent, and its answer is empty */
    SASL_COOKIE,    /* GSSAPI: our cookie was sent, the client's is the answer */
    SASL_ENDED
};

struct sasl_context {
    struct package_layer layer; /* first */
    const struct sasl_profile *profile;
    enum sasl_state state;
    uint8_t offered;      /* GSSAPI: layers in our cookie */
    bool size_sent;       /* the client knows wrapping.receive_limit */
    bool forbids_authzid; /* SASL_OPTION_AUTHZ_PROCESSING */
    ULONG send_size;      /* SASL_OPTION_SEND_SIZE, as the caller set it */
    ULONG peer_size;      /* octets that the client accepts, less those that the package adds */
    struct bytes authzid; /* the authorization identity; empty: the client itself */
};

/* The SASL context of a layer; NULL where there is no layer. */
struct sasl_context *sasl_context_of(struct package_layer *layer);

/* Sets one of the two limits for our messages. */
void sasl_context_set_send_size(struct sasl_context *sasl, ULONG size);

/* Sets the most octets of a sealed message that the client accepts. */
SECURITY_STATUS sasl_context_set_peer_size(struct sasl_context *sasl,
                                           const struct package_inner *below, ULONG size) MUST_USE;

/* Keeps the authorization identity, which the mechanism protects; empty: the client itself.
 * SEC_E_ALGORITHM_MISMATCH: the caller forbids it. SEC_E_INSUFFICIENT_MEMORY. */
SECURITY_STATUS sasl_context_take_authzid(struct sasl_context *sasl, struct sspi_view authzid,
                                          struct sspi_error_info *error_info) MUST_USE;

#endif
