/* SPDX-License-Identifier: Apache-2.0 */
/* SaslAcceptSecurityContext (sspi.h): AcceptSecurityContext with the layer of SASL over the
 * package.
 */
#ifndef SASL_ACCEPT_H
#define SASL_ACCEPT_H

#include "package_layer.h"

/* A package_layer_new: makes the layer, which is a sasl_context. */
struct package_layer *sasl_accept_new_layer(const struct package *package) MUST_USE;

#endif
