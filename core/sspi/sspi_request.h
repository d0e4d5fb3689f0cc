/* SPDX-License-Identifier: Apache-2.0 */
/* MakeSignature and VerifySignature in Digest's HTTP form: the message is a request, or the answer
 * to one, and its parts are SECBUFFER_PKG_PARAMS. */
#ifndef SSPI_REQUEST_H
#define SSPI_REQUEST_H

#include "sspi_context.h"

/* True when the message is in that form and the context's package knows it. */
bool sspi_request_is_one(const struct sspi_context *context, const SecBufferDesc *desc);

/* On an established context that this thread has to itself. Statuses as the calls' in sspi.h. */
SECURITY_STATUS sspi_request_verify(struct sspi_context *context, SecBufferDesc *desc) MUST_USE;
SECURITY_STATUS sspi_request_sign(struct sspi_context *context, SecBufferDesc *desc) MUST_USE;

#endif
