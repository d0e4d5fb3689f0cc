/* SPDX-License-Identifier: Apache-2.0 */
#include "sasl_context.h"
#include "secur_accept.h"

SECURITY_STATUS SEC_ENTRY SaslAcceptSecurityContext(PCredHandle phCredential, PCtxtHandle phContext,
                                                    PSecBufferDesc pInput, ULONG fContextReq,
                                                    ULONG TargetDataRep, PCtxtHandle phNewContext,
                                                    PSecBufferDesc pOutput, PULONG pfContextAttr,
                                                    PTimeStamp ptsExpiry)
{
    const struct secur_accept_call call = {phCredential, phContext, pInput,        fContextReq,
                                           phNewContext, pOutput,   pfContextAttr, ptsExpiry};

    (void)TargetDataRep;
    return secur_accept(&call, sasl_context_new);
}
