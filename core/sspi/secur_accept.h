/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of AcceptSecurityContext and SaslAcceptSecurityContext: everything but the layer.
 */
#ifndef SECUR_ACCEPT_H
#define SECUR_ACCEPT_H

#include "package_layer.h"

/* The parameters of both functions, under their names in sspi.h. */
struct secur_accept_call {
    PCredHandle phCredential;
    PCtxtHandle phContext;
    PSecBufferDesc pInput;
    ULONG fContextReq;
    PCtxtHandle phNewContext;
    PSecBufferDesc pOutput;
    PULONG pfContextAttr;
    PTimeStamp ptsExpiry;
};

/* One step as sspi.h has it. `new_layer` makes the layer of a new context; NULL: none. A
 * context that was made with a layer takes no step without it. A context that was made
 * without a layer takes no step with one. Both are SEC_E_INVALID_HANDLE. With a layer, an output
 * without SECBUFFER_TOKEN is SEC_E_INVALID_TOKEN. */
SECURITY_STATUS secur_accept(const struct secur_accept_call *call,
                             package_layer_new *new_layer) MUST_USE;

#endif
