/* SPDX-License-Identifier: Apache-2.0 */
/* MakeSignature and VerifySignature in Digest's HTTP form: the message is a request, or the answer
 * to one, and its parts are SECBUFFER_PKG_PARAMS. */
#ifndef SECUR_REQUEST_H
#define SECUR_REQUEST_H

#include "secur_context.h"

/* True when the message is in that form and the context's package knows it. */
bool secur_request_is_one(const struct secur_context *context, const SecBufferDesc *desc);

/* On an established context that this thread has to itself. Statuses as the calls' in sspi.h. */
SECURITY_STATUS secur_request_verify(struct secur_context *context, SecBufferDesc *desc) MUST_USE;
SECURITY_STATUS secur_request_sign(struct secur_context *context, SecBufferDesc *desc) MUST_USE;

#endif
