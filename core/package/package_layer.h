/* SPDX-License-Identifier: Apache-2.0 */
/* A layer over a package's login: SASL's (core/sasl). It takes the package's place in
 * AcceptSecurityContext and narrows what the context may do afterwards; sspi/ knows no more of it.
 */
#ifndef PACKAGE_LAYER_H
#define PACKAGE_LAYER_H

#include "package.h"

/* What stands below the layer. */
struct package_inner {
    const struct package *package;
    void *credential;
    void **context; /* the package's: NULL in it until the package makes one */
};

/* First member of the layer's own state. All but the functions is the layer's to set, and read
 * under the context's message_lock once the context is established. */
struct package_layer {
    /* As struct package's accept. */
    SECURITY_STATUS(*accept)
    (struct package_layer *layer, const struct package_inner *below, const struct package_input *in,
     struct package_output *out);
    void (*destroy)(struct package_layer *layer);

    ULONG hidden_attributes; /* ASC_RET_* that the package has and the layer did not agree to */
    bool only_encrypted;     /* messages that are only signed are refused */
    ULONG send_limit;        /* octets of one message of ours before it is sealed */
    ULONG receive_limit;     /* octets of one sealed message of the client */
};

/* Makes the layer over a context of `package`; NULL: no memory. */
typedef struct package_layer *package_layer_new(const struct package *package);

#endif
