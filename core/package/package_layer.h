/* SPDX-License-Identifier: Apache-2.0 */
/* A layer over a package, such as that of core/sasl. A context with a layer calls the layer instead
 * of the package. After the login the layer restricts what the context may do. */
#ifndef PACKAGE_LAYER_H
#define PACKAGE_LAYER_H

#include "package.h"

/* The package below the layer. */
struct package_inner {
    const struct package *package;
    void *credential;
    void **context; /* points to the package's context, NULL until the package makes it */
};

/* First member of the layer's own state. The layer sets the members below the functions. Once the
 * context is established, they are read and written under the context's message_lock. */
struct package_layer {
    /* The same as accept in struct package. */
    SECURITY_STATUS(*accept)
    (struct package_layer *layer, const struct package_inner *below, const struct package_input *in,
     struct package_output *out);
    void (*destroy)(struct package_layer *layer);

    ULONG hidden_attributes; /* ASC_RET_* flags of the package that the context must not report */
    bool only_encrypted;     /* messages that are only signed are refused */
    ULONG send_limit;        /* octets of one message of the server before it is sealed */
    ULONG receive_limit;     /* octets of one sealed message of the client */
};

/* Makes the layer over a context of `package`. The context owns it. NULL: no memory. */
typedef struct package_layer *package_layer_new(const struct package *package);

#endif
