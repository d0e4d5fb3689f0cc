/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of AcceptSecurityContext and SaslAcceptSecurityContext: everything except the
 * layer of SASL. */
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

/* Takes one step, as sspi.h describes it. `new_layer` makes the layer of a new context. NULL: the
 * context has no layer. SEC_E_INVALID_HANDLE also if only one of the two has a layer: the context,
 * or this call. With a layer, an output without SECBUFFER_TOKEN is SEC_E_INVALID_TOKEN. */
SECURITY_STATUS secur_accept(const struct secur_accept_call *call,
                             package_layer_new *new_layer) MUST_USE;

#endif
