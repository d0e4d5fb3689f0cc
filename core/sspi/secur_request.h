/* SPDX-License-Identifier: Apache-2.0 */
/* MakeSignature and VerifySignature in Digest's HTTP form: the message is a request, or the answer
 * to one, and its parts are SECBUFFER_PKG_PARAMS. */
#ifndef SECUR_REQUEST_H
#define SECUR_REQUEST_H

#include "secur_context.h"

/* True if `desc` has a SECBUFFER_PKG_PARAMS, and the context's package supports this form. */
bool secur_request_has_http_form(const struct secur_context *context, const SecBufferDesc *desc);

/* VerifySignature and MakeSignature. The context is established, and the caller has its
 * message_lock. Statuses as in sspi.h. */
SECURITY_STATUS secur_request_verify(struct secur_context *context, SecBufferDesc *desc) MUST_USE;
SECURITY_STATUS secur_request_sign(struct secur_context *context, SecBufferDesc *desc) MUST_USE;

#endif
