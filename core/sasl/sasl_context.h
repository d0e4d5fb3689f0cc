/* SPDX-License-Identifier: Apache-2.0 */
/* A SASL context: the layer over a package's, where its exchange is, and its options. */
#ifndef SASL_CONTEXT_H
#define SASL_CONTEXT_H

#include "sasl_profile.h"
#include "package_layer.h"

/* SASL_OPTION_RECV_SIZE and SASL_OPTION_SEND_SIZE where nobody set them (their pages). */
#define SASL_CONTEXT_SIZE 0xFFFF

enum sasl_state {
    SASL_BEGUN,     /* nothing came yet */
    SASL_ASKED,     /* nothing but an empty message came, and the client was asked to begin */
    SASL_LOGIN,     /* the package's own exchange */
    SASL_SUSPENDED, /* GSSAPI: the package's last token was sent, nothing is the answer to it */
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
    ULONG peer_size;      /* what the client takes, less what the package adds */
    struct bytes authzid; /* whom the client wants to act as; empty: itself */
};

/* The SASL context of a layer; NULL where there is no layer. */
struct sasl_context *sasl_context_of(struct package_layer *layer);

/* Sets one of the two limits for our messages. */
void sasl_context_set_send_size(struct sasl_context *sasl, ULONG size);

/* The client takes sealed messages of that many octets. */
SECURITY_STATUS sasl_context_set_peer_size(struct sasl_context *sasl,
                                           const struct package_inner *below, ULONG size) MUST_USE;

/* The client wants to act as `authzid`, a name that its mechanism vouches for; empty: as itself.
 * SEC_E_ALGORITHM_MISMATCH: that is forbidden. SEC_E_INSUFFICIENT_MEMORY. */
SECURITY_STATUS sasl_context_take_authzid(struct sasl_context *sasl, struct sspi_view authzid,
                                          struct sspi_error_info *error_info) MUST_USE;

#endif
