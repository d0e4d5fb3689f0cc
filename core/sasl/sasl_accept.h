/* SPDX-License-Identifier: Apache-2.0 */
/* SaslAcceptSecurityContext (sspi.h): AcceptSecurityContext with SASL's layer over the package. */
#ifndef SASL_ACCEPT_H
#define SASL_ACCEPT_H

#include "package_layer.h"

/* Makes the layer of a new context of `package`: the `layer` of a sasl_context. NULL: no memory. It
 * has the type package_layer_new. */
struct package_layer *sasl_accept_new_layer(const struct package *package) MUST_USE;

#endif
